import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Moment } from '../model/fold.ts';
import { before, type Recording } from '../model/recording.ts';
import { since, span } from '../model/time.ts';
import { deviceName } from '../model/words.ts';
import { reveal, useWindow } from '../parts/virtual.ts';
import { EventMark, gutter_px, PauseMark } from './marks.tsx';
import { type Lane, lanesOf, type Line, type Stretch, stretchesOf } from './lanes.ts';
import { axisOf, firstBelow, fitting, most, type Row, type Scale } from './rows.ts';

const lane_px_min = 118;
/** On a phone, where labels reach over their lanes. */
const narrow_px = 560;
const lane_px_min_narrow = 76;
const spare_px = 240;
const zoom_step = 2;

/** Widths that are left for lanes; the ladder scrolls sideways where there are many. */
function useLaneWidth(width: number, lanes: number): number {
  const least = width < narrow_px ? lane_px_min_narrow : lane_px_min;
  return Math.max(least, Math.floor((width - gutter_px - 8) / Math.max(1, lanes)));
}

function LaneHead({
  lane,
  x,
  width,
  role,
}: {
  lane: Lane;
  x: number;
  width: number;
  role: string;
}) {
  return (
    <div
      class={`lane-head${lane.user ? '' : ' server'}`}
      style={{ left: `${x - width / 2}px`, width: `${width}px` }}
    >
      <b>{lane.user || 'callstate'}</b>
      <span>{lane.user ? (lane.device ? deviceName(lane.device) : role) : 'server'}</span>
    </div>
  );
}

const widths: Record<Line, number> = {
  none: 0,
  idle: 1,
  invited: 2,
  ringing: 6,
  joined: 8,
  disconnected: 8,
};

interface Lifeline {
  x: number;
  stretches: Stretch[];
  y: (index: number) => number;
  end: number;
  top: number;
  bottom: number;
}

/** One lane's life, as far as it is seen. */
function Life({ x, stretches, y, end, top, bottom }: Lifeline) {
  return (
    <g>
      {stretches.map(({ from, line }, i) => {
        const next = stretches[i + 1];
        const y1 = y(from);
        const y2 = next ? y(next.from) : end;
        if (line === 'none' || y2 < top || y1 > bottom) return null;
        const [a, b] = [Math.max(y1, top), Math.min(y2, bottom)];
        const width = widths[line];
        if (width > 2)
          return (
            <rect
              key={from}
              class={`life ${line}`}
              x={x - width / 2}
              y={a}
              width={width}
              height={Math.max(2, b - a)}
              rx={width / 2}
            />
          );
        return <line key={from} class={`life ${line}`} x1={x} x2={x} y1={a} y2={b} />;
      })}
    </g>
  );
}

/** The call's own state, beside the times. */
function StateStrip(props: {
  moments: readonly Moment[];
  y: (index: number) => number;
  end: number;
}) {
  const { moments, y, end } = props;
  const changes = moments.flatMap(({ state }, from) =>
    from === 0 || moments[from - 1]?.state !== state ? [{ from, state }] : [],
  );
  return (
    <g>
      {changes.map(({ from, state }, i) => {
        const next = changes[i + 1];
        const y2 = next ? y(next.from) : end;
        return (
          <rect
            key={from}
            class={`strip is-${state.toLowerCase()}`}
            x={gutter_px - 6}
            y={y(from)}
            width={4}
            height={Math.max(0, y2 - y(from))}
          />
        );
      })}
    </g>
  );
}

function Zoom(props: {
  scale: Scale;
  grouped: boolean;
  max: number;
  onScale: (scale: Scale) => void;
  onFit: () => void;
}) {
  const { scale, onScale } = props;
  const zoom = (by: number) =>
    onScale({ ...scale, pxPerSecond: Math.min(props.max, scale.pxPerSecond * by) });
  return (
    <div class="zoom">
      <div class="chips" role="group" aria-label="Scale">
        <button
          type="button"
          class="chip"
          aria-pressed={scale.cut}
          onClick={() => onScale({ ...scale, cut: true })}
        >
          pauses cut
        </button>
        <button
          type="button"
          class="chip"
          aria-pressed={!scale.cut}
          onClick={() => onScale({ ...scale, cut: false })}
        >
          true to time
        </button>
        {props.grouped && scale.cut ? (
          <button
            type="button"
            class="chip"
            aria-pressed={scale.group}
            onClick={() => onScale({ ...scale, group: !scale.group })}
          >
            repeats as one
          </button>
        ) : null}
      </div>
      <div class="buttons">
        <button
          type="button"
          class="icon-button"
          aria-label="Zoom out"
          onClick={() => zoom(1 / zoom_step)}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M5 12h14" />
          </svg>
        </button>
        <button type="button" class="quiet" onClick={props.onFit}>
          Fit
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Zoom in"
          onClick={() => zoom(zoom_step)}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M12 5v14M5 12h14" />
          </svg>
        </button>
      </div>
    </div>
  );
}

const legend: [Line, string][] = [
  ['invited', 'invited'],
  ['ringing', 'ringing'],
  ['joined', 'in the call'],
  ['disconnected', 'connection lost'],
];

function Legend() {
  return (
    <ul class="legend" aria-hidden="true">
      {legend.map(([line, word]) => (
        <li key={line}>
          <svg viewBox="0 0 10 20">
            {line === 'invited' ? (
              <line class={`life ${line}`} x1="5" x2="5" y1="1" y2="19" />
            ) : (
              <rect
                class={`life ${line}`}
                x={5 - widths[line] / 2}
                y="1"
                width={widths[line]}
                height="18"
                rx={widths[line] / 2}
              />
            )}
          </svg>
          {word}
        </li>
      ))}
    </ul>
  );
}

/** The rows from the one that ends below `top` to `bottom`. */
function seenRows(rows: readonly Row[], top: number, bottom: number): Row[] {
  const from = firstBelow(rows, top);
  let to = from;
  while (to < rows.length && (rows[to]?.y ?? 0) <= bottom) ++to;
  return rows.slice(from, to);
}

const usual: Scale = { pxPerSecond: 40, cut: true, group: true };

export function Ladder(props: {
  recording: Recording;
  at: number;
  live: boolean;
  onMove: (at: number) => void;
}) {
  const { recording, at, live, onMove } = props;
  const { events, times, moments, members } = recording;
  const [scale, setScale] = useState<Scale>(usual);
  const box = useRef<HTMLDivElement>(null);
  const seen = useWindow(box);
  const [width, setWidth] = useState(720);
  useEffect(() => {
    const node = box.current;
    if (!node) return;
    const resized = new ResizeObserver(() => setWidth(node.clientWidth));
    resized.observe(node);
    return () => resized.disconnect();
  }, []);

  const lanes = useMemo(() => lanesOf(events, members), [events, members]);
  const axis = useMemo(() => axisOf(events, times, scale), [events, times, scale]);
  const lives = useMemo(
    () => lanes.all.map((lane) => stretchesOf(lane, moments)),
    [lanes, moments],
  );
  const repeats = useMemo(
    () => axisOf(events, times, usual).rows.some(({ first, last }) => last > first),
    [events, times],
  );
  const lane_px = useLaneWidth(width, lanes.all.length);
  const x = (index: number) => gutter_px + lane_px * (index + 0.5);
  const all_px = gutter_px + lane_px * lanes.all.length;

  const atY = axis.y(at);
  useEffect(() => reveal(box.current, atY, 24, 72), [atY]);
  const fit = () =>
    setScale({
      ...scale,
      pxPerSecond: scale.cut ? usual.pxPerSecond : fitting(times, seen.height - 60),
    });
  const change = (next: Scale) =>
    setScale(
      next.cut !== scale.cut
        ? { ...next, pxPerSecond: next.cut ? usual.pxPerSecond : fitting(times, seen.height - 60) }
        : next,
    );

  const top = seen.top - spare_px;
  const bottom = seen.top + seen.height + spare_px;
  const rows = seenRows(axis.rows, top, bottom);
  const end = live ? axis.height : axis.y(events.length - 1);
  const roles = new Map(members.map(({ user, role }) => [user, role]));
  const start = times[0] ?? 0;
  return (
    <section class="panel ladder" aria-labelledby="ladder-title">
      <div class="panel-title">
        <h2 id="ladder-title">Who said what to whom</h2>
        <Zoom scale={scale} grouped={repeats} max={most(times)} onScale={change} onFit={fit} />
      </div>
      <div class="ladder-box" ref={box} tabIndex={0} role="region" aria-label="Ladder diagram">
        <div class="lane-heads" style={{ width: `${all_px}px` }}>
          {lanes.all.map((lane) => (
            <LaneHead
              key={lane.index}
              lane={lane}
              x={x(lane.index)}
              width={lane_px}
              role={roles.get(lane.user) ?? 'not in the call'}
            />
          ))}
        </div>
        <svg
          class="drawing"
          width={all_px}
          height={axis.height}
          role="img"
          aria-label={`Ladder of ${events.length} events between ${members.map(({ user }) => user).join(', ')}; the list of events says the same in words.`}
        >
          {rows.map((row) =>
            at >= row.first && at <= row.last ? (
              <rect
                key={row.first}
                class="chosen"
                x={0}
                y={row.y - 17}
                width={all_px}
                height={24 + Math.max(0, row.height - 30)}
              />
            ) : null,
          )}
          {lives.map((stretches, index) => (
            <Life
              key={index}
              x={x(index)}
              stretches={stretches}
              y={axis.y}
              end={end}
              top={Math.max(0, top)}
              bottom={Math.min(axis.height, bottom)}
            />
          ))}
          {axis.pauses.map(({ y, ms }) =>
            y < top || y > bottom ? null : (
              <PauseMark key={y} y={y} width={all_px} text={span(ms)} />
            ),
          )}
          {rows.map((row) => (
            <EventMark
              key={row.first}
              row={row}
              recording={recording}
              lanes={lanes}
              before={(index) => before(recording, index)}
              x={x}
              time={since((times[row.first] ?? 0) - start)}
              selected={at >= row.first && at <= row.last}
              onSelect={() => onMove(row.first)}
            />
          ))}
          <StateStrip moments={moments} y={axis.y} end={end} />
          <g class="playhead">
            <line x1={gutter_px} x2={all_px} y1={atY} y2={atY} />
            <path
              d={`M${gutter_px - 1} ${atY - 6} L${gutter_px + 9} ${atY} L${gutter_px - 1} ${atY + 6} Z`}
            />
          </g>
        </svg>
      </div>
      <Legend />
    </section>
  );
}
