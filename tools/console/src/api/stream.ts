import { ApiError, type Client } from './client.ts';
import type { CallEvent } from './wire.ts';

// The log as it grows: server-sent events, read with fetch, since an EventSource
// can send no token in a header.

export interface Sent {
  id: string;
  data: string;
}

/** Takes the text of an event stream as it comes, and gives its events. */
export class EventReader {
  private held = '';
  private cut = ''; // a \r, of which it is not known yet whether a \n follows

  take(text: string): Sent[] {
    const all = this.cut + text;
    this.cut = all.endsWith('\r') ? '\r' : '';
    this.held += all.slice(0, all.length - this.cut.length).replace(/\r\n?/g, '\n');
    const blocks = this.held.split('\n\n');
    this.held = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      const sent: Sent = { id: '', data: '' };
      const data: string[] = [];
      for (const line of block.split('\n')) {
        const [, field, value] = /^([^:]+):? ?(.*)$/.exec(line) ?? [];
        if (field === 'data') data.push(value ?? '');
        if (field === 'id') sent.id = value ?? '';
      }
      sent.data = data.join('\n');
      return sent.id || sent.data ? [sent] : [];
    });
  }
}

export type Feed = 'starting' | 'stream' | 'polling' | 'lost';

export interface Listener {
  /** Records that are new since the last call of this. */
  heard: (records: CallEvent[]) => void;
  /** What there is may have changed in any way: read it again. */
  changed: () => void;
  is: (feed: Feed) => void;
}

/** What changes a call, or is worth hearing of it: signals would drown all else. */
const types = [
  'CALL_STARTED',
  'RINGING',
  'ACCEPTED',
  'REJECTED',
  'ENDED',
  'TIMED_OUT',
  'CALLEE_OFFLINE',
  'INVITED',
  'PARTICIPANT_JOINED',
  'PARTICIPANT_LEFT',
];
const first_records = 20;

/** A record of the log, as the events of a call are. */
function eventOf(data: string): CallEvent[] {
  const { outcome, actor, ...rest } = JSON.parse(data) as CallEvent & {
    outcome?: string;
    actor?: { deviceId?: string };
  };
  // An error has no position.
  if (rest.pos === undefined) return [];
  const event: CallEvent = { ...rest, deviceId: rest.deviceId ?? actor?.deviceId };
  if (outcome === 'ignored' || outcome === 'refused') event.outcome = outcome;
  return [event];
}

const poll_ms = 2_000;
const again_ms = 1_000;
const again_ms_max = 15_000;

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });

/** Follows the log until the signal; polls where the server has no stream of it. */
export async function follow(client: Client, listener: Listener, signal: AbortSignal) {
  let after = '';
  let wait = again_ms;
  while (!signal.aborted) {
    try {
      const from = after ? `after=${after}` : `last=${first_records}`;
      const path = `/v1/log?type=${types.join(',')}&${from}`;
      const response = await client.open(path, {
        signal,
        headers: { Accept: 'text/event-stream' },
      });
      listener.is('stream');
      listener.changed();
      wait = again_ms;
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const events = new EventReader();
      for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
        const sent = events.take(read.value);
        after = sent.findLast(({ id }) => id)?.id ?? after;
        const records = sent.flatMap(({ data }) => (data ? eventOf(data) : []));
        if (records.length > 0) listener.heard(records);
      }
    } catch (error) {
      if (signal.aborted) return;
      const status = error instanceof ApiError ? error.status : 0;
      if (status === 401) return;
      // There is none, or there are as many of them as there may be.
      if (status === 403 || status === 404 || status === 429) return poll(listener, signal);
      after = status === 410 || status === 400 ? '' : after;
      listener.is('lost');
    }
    await pause(wait, signal);
    wait = Math.min(wait * 2, again_ms_max);
  }
}

async function poll(listener: Listener, signal: AbortSignal) {
  listener.is('polling');
  while (!signal.aborted) {
    listener.changed();
    await pause(poll_ms, signal);
  }
}
