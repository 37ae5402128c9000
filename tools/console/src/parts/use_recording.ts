import { useEffect, useState } from 'preact/hooks';

import { ApiError, type Client } from '../api/client.ts';
import { type Call, type CallEvent, isLive } from '../api/wire.ts';
import { record, type Recording } from '../model/recording.ts';

export interface Loaded {
  call: Call | undefined;
  recording: Recording;
  /** All that there is has come. */
  whole: boolean;
  trouble: string;
  missing: boolean;
}

const again_ms = 1_000;
const start: Loaded = {
  call: undefined,
  recording: record([]),
  whole: false,
  trouble: '',
  missing: false,
};

/** Reads a call, its events page by page; goes on for as long as it is live. */
export function useRecording(client: Client, id: string): Loaded {
  const [loaded, setLoaded] = useState<Loaded>(start);
  useEffect(() => {
    const end = new AbortController();
    const { signal } = end;
    let timer: ReturnType<typeof setTimeout>;
    let events: CallEvent[] = [];
    const look = async () => {
      try {
        const call = await client.call(id, signal);
        setLoaded((was) => ({ ...was, call, trouble: '' }));
        const had = events.length;
        for await (const page of client.events(id, events.at(-1)?.pos ?? 0, call.pos, signal)) {
          const first = events.length === 0;
          events = [...events, ...page];
          // The first page is shown at once, before the others are there.
          if (first) setLoaded((was) => ({ ...was, recording: record(events) }));
        }
        if (signal.aborted) return;
        setLoaded((was) => ({
          ...was,
          whole: true,
          recording: events.length === had && was.whole ? was.recording : record(events),
        }));
        if (isLive(call.status)) timer = setTimeout(() => void look(), again_ms);
      } catch (error) {
        if (signal.aborted) return;
        const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
        const trouble = error instanceof Error ? error.message : String(error);
        setLoaded((was) => ({ ...was, trouble, missing }));
        if (!missing) timer = setTimeout(() => void look(), 3 * again_ms);
      }
    };
    void look();
    return () => {
      end.abort();
      clearTimeout(timer);
    };
  }, [client, id]);
  return loaded;
}
