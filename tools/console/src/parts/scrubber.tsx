import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { indexAt, type Recording } from '../model/recording.ts';
import { clockMs, since, span } from '../model/time.ts';
import { sentence, statusWords } from '../model/words.ts';

const buckets_max = 480;
const page_events = 10;
const step_ms_max = 900;

interface Tick {
  x: number; // of 1000
  count: number;
  refused: boolean;
}

function ticksOf({ events, times }: Recording): Tick[] {
  const start = times[0] ?? 0;
  const length = Math.max(1, (times.at(-1) ?? 0) - start);
  const buckets = new Map<number, Tick>();
  events.forEach((event, index) => {
    const bucket = Math.round((((times[index] ?? 0) - start) / length) * buckets_max);
    const tick = buckets.get(bucket) ?? {
      x: (bucket / buckets_max) * 1000,
      count: 0,
      refused: false,
    };
    ++tick.count;
    tick.refused ||= event.outcome === 'refused';
    buckets.set(bucket, tick);
  });
  return [...buckets.values()];
}

interface Band {
  from: number;
  to: number;
  state: string;
}

function bandsOf({ moments, times }: Recording): Band[] {
  const start = times[0] ?? 0;
  const length = Math.max(1, (times.at(-1) ?? 0) - start);
  const x = (index: number) => (((times[index] ?? 0) - start) / length) * 1000;
  const bands: Band[] = [];
  moments.forEach(({ state }, index) => {
    const last = bands.at(-1);
    if (last?.state === state) return;
    if (last) last.to = x(index);
    bands.push({ from: x(index), to: 1000, state });
  });
  return bands;
}

/** What a screen reader says of the place. */
function spoken({ events, moments, times }: Recording, at: number): string {
  const event = events[at];
  const moment = moments[at];
  if (!event || !moment) return 'no event yet';
  const members = moment.members.map(({ user, state }) => `${user} ${state}`).join(', ');
  const when = span((times[at] ?? 0) - (times[0] ?? 0));
  return `Event ${at + 1} of ${events.length}, ${when} in: ${sentence(event)}. ${statusWords[moment.state]}. ${members}`;
}

/** Plays the call as it went, long pauses shortened. */
function usePlay(recording: Recording, at: number, onMove: (at: number) => void) {
  const [playing, setPlaying] = useState(false);
  const last = recording.events.length - 1;
  useEffect(() => {
    if (!playing) return;
    if (at >= last) {
      setPlaying(false);
      return;
    }
    const ms = (recording.times[at + 1] ?? 0) - (recording.times[at] ?? 0);
    const timer = setTimeout(() => onMove(at + 1), Math.min(Math.max(ms, 60), step_ms_max));
    return () => clearTimeout(timer);
  }, [playing, at, last, recording, onMove]);
  const toggle = () => {
    if (!playing && at >= last) onMove(0);
    setPlaying(!playing);
  };
  return { playing, toggle, stop: () => setPlaying(false) };
}

/** All of the call in one line, and where in it one is. */
export function Scrubber(props: {
  recording: Recording;
  at: number;
  onMove: (at: number) => void;
}) {
  const { recording, at, onMove } = props;
  const { times } = recording;
  const last = Math.max(0, recording.events.length - 1);
  const start = times[0] ?? 0;
  const length = Math.max(1, (times.at(-1) ?? 0) - start);
  const ticks = useMemo(() => ticksOf(recording), [recording]);
  const bands = useMemo(() => bandsOf(recording), [recording]);
  const most = Math.max(1, ...ticks.map(({ count }) => count));
  const track = useRef<HTMLDivElement>(null);
  const play = usePlay(recording, at, onMove);

  const go = (to: number) => {
    play.stop();
    onMove(Math.min(last, Math.max(0, to)));
  };
  const point = (event: PointerEvent) => {
    const box = track.current?.getBoundingClientRect();
    if (!box) return;
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    go(indexAt(times, start + part * length));
  };
  const keys: Record<string, number> = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    PageDown: at + page_events,
    PageUp: at - page_events,
    Home: 0,
    End: last,
  };
  const x = (((times[at] ?? start) - start) / length) * 1000;
  return (
    <div class="scrubber">
      <div class="buttons">
        <button
          type="button"
          class="icon-button"
          aria-label="Event before"
          disabled={at <= 0}
          onClick={() => go(at - 1)}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M15 5l-7 7 7 7" />
          </svg>
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label={play.playing ? 'Stop playing' : 'Play the call'}
          onClick={play.toggle}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            {play.playing ? <path d="M8 5v14M16 5v14" /> : <path class="solid" d="M8 5v14l11-7z" />}
          </svg>
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Event after"
          disabled={at >= last}
          onClick={() => go(at + 1)}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M9 5l7 7-7 7" />
          </svg>
        </button>
      </div>
      <div
        class="track"
        ref={track}
        role="slider"
        tabIndex={0}
        aria-label="Moment of the call"
        aria-valuemin={1}
        aria-valuemax={last + 1}
        aria-valuenow={at + 1}
        aria-valuetext={spoken(recording, at)}
        onKeyDown={(event) => {
          const to = keys[event.key];
          if (to === undefined) return;
          event.preventDefault();
          go(to);
        }}
        onPointerDown={(event) => {
          track.current?.setPointerCapture(event.pointerId);
          point(event);
        }}
        onPointerMove={(event) => {
          if (event.buttons & 1) point(event);
        }}
      >
        <svg viewBox="0 0 1000 44" preserveAspectRatio="none" aria-hidden="true">
          {bands.map(({ from, to, state }) => (
            <rect
              key={from}
              class={`band is-${state.toLowerCase()}`}
              x={from}
              y={30}
              width={Math.max(2, to - from)}
              height={8}
            />
          ))}
          {ticks.map(({ x: where, count, refused }) => {
            const height = 8 + 16 * Math.sqrt(count / most);
            return (
              <rect
                key={where}
                class={refused ? 'tick refused' : 'tick'}
                x={where - 1}
                y={28 - height}
                width={2}
                height={height}
              />
            );
          })}
          <line class="head" x1={x} x2={x} y1={0} y2={44} />
        </svg>
      </div>
      <output class="place">
        <b>{since((times[at] ?? start) - start)}</b>
        <span class="of">
          {recording.events.length > 0 ? at + 1 : 0} / {recording.events.length}
        </span>
      </output>
      <span class="ends" aria-hidden="true">
        <span>{times.length > 0 ? clockMs(start) : ''}</span>
        <span>{span(length)}</span>
        <span>{times.length > 0 ? clockMs(times.at(-1) ?? 0) : ''}</span>
      </span>
    </div>
  );
}
