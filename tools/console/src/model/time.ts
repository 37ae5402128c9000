// Times as people read them. All of them are UTC, as in the log.

/** Milliseconds since the epoch, microseconds behind the point. */
export function msOf(at: string): number {
  const whole = Date.parse(`${at.slice(0, 19)}Z`);
  const fraction = /^\.(\d+)/.exec(at.slice(19))?.[1];
  return fraction ? whole + Number(`0.${fraction}`) * 1000 : whole;
}

const two = (value: number) => String(value).padStart(2, '0');

/** `23 Nov 2026` */
export const day = (ms: number) =>
  new Date(ms).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });

/** `02:39:25` */
export const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19);

/** `02:39:25.974` */
export const clockMs = (ms: number) => new Date(ms).toISOString().slice(11, 23);

/** Today's as a time alone, others with their day. */
export const moment = (ms: number, now = Date.now()) =>
  day(ms) === day(now) ? clock(ms) : `${day(ms)}, ${clock(ms)}`;

/** `412 ms`, `2.0 s`, `1 min 05 s`, `2 h 03 min` */
export function span(ms: number): string {
  const value = Math.max(0, ms);
  if (value < 1) return '0 ms';
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 60_000) return `${(Math.floor(value / 100) / 10).toFixed(1)} s`;
  const s = Math.floor(value / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
  return `${Math.floor(s / 86_400)} d ${two(Math.floor(s / 3600) % 24)} h`;
}

/** Whole seconds, as a running clock shows them: `0:08`, `12:05`, `2:03:09`. */
export function running(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const h = Math.floor(s / 3600);
  return h > 0
    ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
    : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** Since the call began: `+2.003`, `+1:05.120`. */
export function since(ms: number): string {
  const value = Math.max(0, ms);
  const s = Math.floor(value / 1000);
  const rest = String(Math.floor(value % 1000)).padStart(3, '0');
  if (s < 60) return `+${s}.${rest}`;
  const h = Math.floor(s / 3600);
  const minutes = h > 0 ? `${h}:${two(Math.floor(s / 60) % 60)}` : String(Math.floor(s / 60));
  return `+${minutes}:${two(s % 60)}.${rest}`;
}
