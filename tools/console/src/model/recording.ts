import type { CallEvent } from '../api/wire.ts';
import { type Member, type Moment, moments, nothing } from './fold.ts';
import { msOf } from './time.ts';

/** A call as it was: its events, and how it stood after each of them. */
export interface Recording {
  events: readonly CallEvent[];
  times: readonly number[]; // ms
  moments: readonly Moment[];
  /** Everybody who was ever in it. */
  members: readonly Member[];
}

export function record(events: readonly CallEvent[]): Recording {
  const all = moments(events);
  return {
    events,
    times: events.map(({ at }) => msOf(at)),
    moments: all,
    members: (all.at(-1) ?? nothing).members,
  };
}

/** The call as it stood before the event. */
export const before = (recording: Recording, index: number): Moment =>
  recording.moments[index - 1] ?? nothing;

/** The last event that is not after the time. */
export function indexAt(times: readonly number[], ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
