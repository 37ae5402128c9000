import type { CallEvent } from '../api/wire.ts';

// Where events stand on the ladder's axis of time, and which share a row.

/** Events `first` to `last`, drawn as one. */
export interface Row {
  first: number;
  last: number;
  y: number;
  height: number;
}

/** A pause that is drawn shorter than it was. */
export interface Pause {
  y: number;
  ms: number;
}

export interface Axis {
  rows: Row[];
  pauses: Pause[];
  height: number;
  /** Where an event is. */
  y: (index: number) => number;
}

const top = 28;
const bottom = 36;
const row_px = 30;
const group_px = 46;
const pause_px_max = 84;
const run_min = 6;
/** A pause within a run of equal events that is long enough to be seen. */
const run_pause_ms = 30_000;

export interface Scale {
  /** Pixels of a second. */
  pxPerSecond: number;
  /** Whether long pauses are cut, and each event has a row of its own. */
  cut: boolean;
  /** Whether runs of equal events are drawn as one. */
  group: boolean;
}

const alike = (a: CallEvent | undefined, b: CallEvent | undefined) =>
  a !== undefined && b !== undefined && a.type === b.type && a.outcome === b.outcome;

/** Runs of at least `run_min` events of one type and outcome; all others alone. */
export function runs(events: readonly CallEvent[], times: readonly number[], group: boolean) {
  const found: { first: number; last: number }[] = [];
  for (let first = 0; first < events.length;) {
    let last = first;
    while (
      group &&
      alike(events[first], events[last + 1]) &&
      (times[last + 1] ?? 0) - (times[last] ?? 0) < run_pause_ms
    )
      ++last;
    if (last - first + 1 < run_min) last = first;
    found.push({ first, last });
    first = last + 1;
  }
  return found;
}

/** Rows that are as far apart as their times, between the least that can be read and
 * the most that is worth its space. */
function cutAxis(events: readonly CallEvent[], times: readonly number[], scale: Scale): Axis {
  const rows: Row[] = [];
  const pauses: Pause[] = [];
  let y = top;
  runs(events, times, scale.group).forEach(({ first, last }) => {
    const before = rows.at(-1);
    if (before) {
      const ms = (times[first] ?? 0) - (times[before.last] ?? 0);
      const px = (ms / 1000) * scale.pxPerSecond;
      const end = before.y + before.height;
      const gap = Math.min(Math.max(px - before.height, 0), pause_px_max);
      if (px > row_px + pause_px_max) pauses.push({ y: end + gap / 2 - 6, ms });
      y = end + gap;
    }
    rows.push({ first, last, y, height: last > first ? group_px : row_px });
  });
  const end = rows.at(-1);
  return {
    rows,
    pauses,
    height: (end ? end.y + end.height : top) + bottom,
    y: finder(rows),
  };
}

/** Every event where its time is; those that would touch share a row. */
function trueAxis(times: readonly number[], scale: Scale): Axis {
  const start = times[0] ?? 0;
  const at = (index: number) => top + (((times[index] ?? 0) - start) / 1000) * scale.pxPerSecond;
  const rows: Row[] = [];
  for (let index = 0; index < times.length; ++index) {
    const y = at(index);
    const before = rows.at(-1);
    if (before && y - before.y < row_px - 6) {
      before.last = index;
      before.height = y - before.y;
    } else rows.push({ first: index, last: index, y, height: 0 });
  }
  return { rows, pauses: [], height: at(times.length - 1) + row_px + bottom, y: at };
}

/** The row with the event. */
export function rowOf(rows: readonly Row[], index: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows[middle]?.first ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The first row that ends below. */
export function firstBelow(rows: readonly Row[], y: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row && row.y + row.height < y) low = middle + 1;
    else high = middle;
  }
  return low;
}

const finder = (rows: readonly Row[]) => (index: number) => {
  const row = rows[rowOf(rows, index)];
  if (!row) return top;
  const part = row.last > row.first ? (index - row.first) / (row.last - row.first) : 0;
  return row.y + (row.last > row.first ? part * (row.height - 22) : 0);
};

export const axisOf = (
  events: readonly CallEvent[],
  times: readonly number[],
  scale: Scale,
): Axis => (scale.cut ? cutAxis(events, times, scale) : trueAxis(times, scale));

/** Pixels of a second at which all of it is seen in a window of that height. */
export function fitting(times: readonly number[], height: number): number {
  const ms = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return ms > 0 ? ((height - top - bottom - row_px) / ms) * 1000 : 60;
}

const easy_px = 520;

/** Pixels of a second at which a call with its pauses cut is easily read: all of a short
 * one to time, of a long one what is close together. */
export const easy = (times: readonly number[]) =>
  Math.min(300, Math.max(40, fitting(times, easy_px)));

/** Browsers draw no page higher than some 30 million pixels. */
export const most = (times: readonly number[]) =>
  Math.min(20_000, 8_000_000 / Math.max(1, ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000));
