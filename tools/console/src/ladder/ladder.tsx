import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { before, type Recording } from '../model/recording.ts';
import { since, span } from '../model/time.ts';
import { deviceName } from '../model/words.ts';
import { reveal, useWindow } from '../parts/virtual.ts';
import { EventMark, gutter_px, PauseMark } from './marks.tsx';
import { type Lane, lanesOf, stretchesOf } from './lanes.ts';
import { Legend, Life, StateStrip } from './life.tsx';
import { axisOf, easy, firstBelow, fitting, most, type Row, runs } from './rows.ts';
import { type View, Zoom } from './zoom.tsx';

const lane_px_min = 118;
/** On a phone, where labels reach over their lanes. */
const narrow_px = 560;
const lane_px_min_narrow = 76;
const spare_px = 240;

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

/** The rows from the one that ends below `top` to `bottom`. */
function seenRows(rows: readonly Row[], top: number, bottom: number): Row[] {
  const from = firstBelow(rows, top);
  let to = from;
  while (to < rows.length && (rows[to]?.y ?? 0) <= bottom) ++to;
  return rows.slice(from, to);
}

const first_view: View = { cut: true, group: true };
const heads_px = 60;

export function Ladder(props: {
  recording: Recording;
  at: number;
  live: boolean;
  onMove: (at: number) => void;
}) {
  const { recording, at, live, onMove } = props;
  const { events, times, moments, members } = recording;
  const [view, setView] = useState<View>(first_view);
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
  const { cut, group } = view;
  const pxPerSecond =
    view.pxPerSecond ?? (cut ? easy(times) : fitting(times, seen.height - heads_px));
  const axis = useMemo(
    () => axisOf(events, times, { pxPerSecond, cut, group }),
    [events, times, pxPerSecond, cut, group],
  );
  const lives = useMemo(
    () => lanes.all.map((lane) => stretchesOf(lane, moments)),
    [lanes, moments],
  );
  const repeats = useMemo(
    () => runs(events, times, true).some(({ first, last }) => last > first),
    [events, times],
  );
  const lane_px = useLaneWidth(width, lanes.all.length);
  const x = (index: number) => gutter_px + lane_px * (index + 0.5);
  const all_px = gutter_px + lane_px * lanes.all.length;

  const atY = axis.y(at);
  useEffect(() => reveal(box.current, atY, 24, 72), [atY]);
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
        <Zoom
          view={view}
          pxPerSecond={pxPerSecond}
          max={most(times)}
          grouped={repeats}
          onView={setView}
        />
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
