import { useEffect, useRef, useState } from 'preact/hooks';

import type { Client } from '../api/client.ts';
import { type Feed, follow } from '../api/stream.ts';
import { type Call, type CallEvent, isLive } from '../api/wire.ts';
import { useClient } from '../context.ts';
import { clockMs, msOf } from '../model/time.ts';
import { sentence } from '../model/words.ts';
import { CallRow } from '../parts/call_row.tsx';
import { messageOf, Notice } from '../parts/state.tsx';
import { callPath } from '../route.ts';

interface Board {
  live: Call[];
  recent: Call[];
  /** More calls are live than are shown. */
  more: boolean;
}

const live_max = 200;
const recent_max = 12;
const ticker_max = 40;
const settle_ms = 150;

async function readBoard(client: Client): Promise<Board> {
  const [ringing, connected, latest] = await Promise.all([
    client.calls({ state: 'RINGING' }, { limit: live_max }),
    client.calls({ state: 'CONNECTED' }, { limit: live_max }),
    client.calls({}, { limit: recent_max * 3 }),
  ]);
  const live = [...ringing.calls, ...connected.calls].sort(
    (a, b) => msOf(b.startedAt) - msOf(a.startedAt),
  );
  return {
    live,
    recent: latest.calls.filter(({ status }) => !isLive(status)).slice(0, recent_max),
    more: ringing.next !== null || connected.next !== null,
  };
}

/** Reads at most once at a time, and once more where it was asked meanwhile. */
function useBoard(): {
  board: Board | undefined;
  trouble: string;
  feed: Feed;
  ticker: CallEvent[];
} {
  const client = useClient();
  const [board, setBoard] = useState<Board>();
  const [trouble, setTrouble] = useState('');
  const [feed, setFeed] = useState<Feed>('starting');
  const [ticker, setTicker] = useState<CallEvent[]>([]);
  useEffect(() => {
    const end = new AbortController();
    let reading = false;
    let again = false;
    const look = async () => {
      if (reading) {
        again = true;
        return;
      }
      reading = true;
      try {
        const next = await readBoard(client);
        if (!end.signal.aborted) {
          setBoard(next);
          setTrouble('');
        }
      } catch (error) {
        if (!end.signal.aborted) setTrouble(messageOf(error));
      }
      setTimeout(() => {
        reading = false;
        if (again && !end.signal.aborted) {
          again = false;
          void look();
        }
      }, settle_ms);
    };
    const heard = (records: CallEvent[]) => {
      const shown = records.filter(({ callId }) => callId);
      if (shown.length > 0)
        setTicker((before) => [...shown.reverse(), ...before].slice(0, ticker_max));
      void look();
    };
    void follow(client, { heard, changed: () => void look(), is: setFeed }, end.signal);
    return () => end.abort();
  }, [client]);
  return { board, trouble, feed, ticker };
}

const feeds: Record<Feed, string> = {
  starting: 'connecting',
  stream: 'as it happens',
  polling: 'every 2 s',
  lost: 'connection lost, trying again',
};

function Ticker({ events }: { events: CallEvent[] }) {
  return (
    <section aria-labelledby="ticker-title" class="ticker">
      <h2 id="ticker-title">Heard just now</h2>
      <ol tabIndex={0} aria-label="Events, the newest first">
        {events.map((event) => (
          <li key={event.pos} class={event.outcome ?? ''}>
            <a href={`${callPath(event.callId ?? '')}?pos=${event.pos}`}>
              <time dateTime={event.at}>{clockMs(msOf(event.at))}</time>
              <span class="what">{sentence(event)}</span>
              <span class="room">{event.roomName}</span>
            </a>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function LivePage() {
  const { board, trouble, feed, ticker } = useBoard();
  const seen = useRef(new Set<string>());
  const first = useRef(true);
  const isFresh = ({ callId }: Call) => !first.current && !seen.current.has(callId);
  const fresh = new Set(board?.live.filter(isFresh).map(({ callId }) => callId));
  useEffect(() => {
    if (!board) return;
    first.current = false;
    for (const { callId } of board.live) seen.current.add(callId);
  }, [board]);

  const count = (status: string) => board?.live.filter((call) => call.status === status).length;
  return (
    <div class="page live">
      <div class="title">
        <h1>Live calls</h1>
        <span class={`feed is-${feed}`} role="status">
          {feeds[feed]}
        </span>
      </div>
      {trouble ? <Notice kind="bad" title="The calls cannot be read." children={trouble} /> : null}
      <dl class="figures">
        <div class="is-ringing">
          <dt>ringing</dt>
          <dd>{count('RINGING') ?? '–'}</dd>
        </div>
        <div class="is-connected">
          <dt>talking</dt>
          <dd>{count('CONNECTED') ?? '–'}</dd>
        </div>
      </dl>
      <div class={ticker.length > 0 ? 'columns' : ''}>
        <div>
          <section aria-labelledby="live-title">
            <h2 id="live-title">Now</h2>
            {board && board.live.length === 0 ? (
              <Notice title="Nobody is calling.">A call shows up here as it starts to ring.</Notice>
            ) : (
              <ul class="calls" aria-busy={!board}>
                {board?.live.map((call) => (
                  <CallRow key={call.callId} call={call} fresh={fresh.has(call.callId)} />
                ))}
              </ul>
            )}
            {board?.more ? <p class="more">More are live than are shown.</p> : null}
          </section>
          <section aria-labelledby="recent-title">
            <h2 id="recent-title">Over</h2>
            {board && board.recent.length === 0 ? <Notice title="No call has ended yet." /> : null}
            <ul class="calls">
              {board?.recent.map((call) => (
                <CallRow key={call.callId} call={call} />
              ))}
            </ul>
            <p class="more">
              <a href="#/calls">All calls</a>
            </p>
          </section>
        </div>
        {ticker.length > 0 ? <Ticker events={ticker} /> : null}
      </div>
    </div>
  );
}
