import { useCallback, useEffect, useState } from 'preact/hooks';

import { type Call, isLive } from '../api/wire.ts';
import { useClient } from '../context.ts';
import { Ladder } from '../ladder/ladder.tsx';
import { clockMs, day, msOf, running, span } from '../model/time.ts';
import { callees, nameOf, reasons, story, talkedMs } from '../model/words.ts';
import type { Recording } from '../model/recording.ts';
import { EventList } from '../parts/event_list.tsx';
import { MomentPanel } from '../parts/moment_panel.tsx';
import { Proof } from '../parts/proof.tsx';
import { Scrubber } from '../parts/scrubber.tsx';
import { Notice, StateBadge } from '../parts/state.tsx';
import { type Loaded, useRecording } from '../parts/use_recording.ts';
import { useNow } from '../parts/virtual.ts';
import { callPath, callsPath } from '../route.ts';

function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1_500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      type="button"
      class="quiet copy"
      aria-label={`Copy ${what}`}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setDone(true))}
    >
      {done ? 'copied' : 'copy'}
    </button>
  );
}

function Lasted({ call }: { call: Call }) {
  const live = isLive(call.status);
  const now = useNow(500, live);
  if (call.status === 'CONNECTED')
    return <>{running(now - msOf(call.answeredAt ?? call.startedAt))}</>;
  if (live) return <>rings {running(now - msOf(call.startedAt))}</>;
  return <>{call.answeredAt ? span(talkedMs(call)) : 'not answered'}</>;
}

function Facts({ call }: { call: Call }) {
  const started = msOf(call.startedAt);
  const metadata = Object.keys(call.metadata).length > 0;
  return (
    <dl class="facts wide">
      <div>
        <dt>Started</dt>
        <dd>
          {clockMs(started)} <span class="of">{day(started)}, UTC</span>
        </dd>
      </div>
      <div>
        <dt>Answered</dt>
        <dd>{call.answeredAt ? `after ${span(msOf(call.answeredAt) - started)}` : 'no'}</dd>
      </div>
      <div>
        <dt>Talked</dt>
        <dd>
          <Lasted call={call} />
        </dd>
      </div>
      <div>
        <dt>Ended</dt>
        <dd>
          {call.endedAt ? clockMs(msOf(call.endedAt)) : 'not yet'}{' '}
          <span class="of">{reasons[call.endReason ?? ''] ?? call.endReason ?? ''}</span>
        </dd>
      </div>
      <div>
        <dt>Room</dt>
        <dd>
          <a href={callsPath({ room: call.roomName })} title="Calls in this room">
            {call.roomName}
          </a>
        </dd>
      </div>
      <div>
        <dt>People</dt>
        <dd class="people-list">
          {call.participants.map(({ userId, role, userRole }) => (
            <span key={userId}>
              <a href={callsPath({ user: userId })} title={`Calls of ${userId}`}>
                {userId}
              </a>{' '}
              <span class="of">
                {role}
                {userRole ? `, ${userRole}` : ''}
              </span>
            </span>
          ))}
        </dd>
      </div>
      <div>
        <dt>Call</dt>
        <dd class="mono">
          {call.callId} <Copy text={call.callId} what="the call’s id" />
        </dd>
      </div>
      {metadata ? (
        <div>
          <dt>Metadata</dt>
          <dd class="mono">{JSON.stringify(call.metadata)}</dd>
        </div>
      ) : null}
    </dl>
  );
}

/** Where the scrubber is: at the event that the URL names. Until it is moved it stands
 * at the beginning of a call that is over, and goes along with one that is live. */
function usePlace(
  recording: Recording,
  loaded: { whole: boolean; live: boolean },
  id: string,
  wanted: string | null,
) {
  const { whole, live } = loaded;
  const last = Math.max(0, recording.events.length - 1);
  const [place, setPlace] = useState<number>();
  useEffect(() => {
    if (place !== undefined || !wanted || recording.events.length === 0) return;
    const index = recording.events.findIndex(({ pos }) => pos === Number(wanted));
    if (index >= 0) setPlace(index);
    else if (whole) setPlace(last);
  }, [recording, whole, wanted]);
  const move = useCallback(
    (index: number) => {
      setPlace(index);
      const pos = recording.events[index]?.pos;
      // Without an entry in the history, which a scrubber would fill.
      if (pos !== undefined) history.replaceState(null, '', `${callPath(id)}?pos=${pos}`);
    },
    [recording, id],
  );
  return { at: Math.min(place ?? (live ? last : 0), last), move };
}

function Missing({ loaded, id }: { loaded: Loaded; id: string }) {
  return (
    <div class="page">
      <h1>Call</h1>
      {loaded.missing ? (
        <Notice kind="bad" title="There is no such call in this tenant.">
          {id}
        </Notice>
      ) : loaded.trouble ? (
        <Notice kind="bad" title="The call cannot be read." children={loaded.trouble} />
      ) : (
        <p class="loading" role="status">
          Reading the call…
        </p>
      )}
    </div>
  );
}

export function CallPage({ id, query }: { id: string; query: URLSearchParams }) {
  const client = useClient();
  const loaded = useRecording(client, id);
  const { call, recording, whole, trouble } = loaded;
  const live = call !== undefined && isLive(call.status);
  const { at, move } = usePlace(recording, { whole, live }, id, query.get('pos'));
  if (!call) return <Missing loaded={loaded} id={id} />;
  const names = callees(call).map((user) => nameOf(call, user));
  return (
    <div class="page call" data-whole={whole}>
      <div class="title call-title">
        <h1>
          {nameOf(call, call.callerId)} <span class="to">→</span> {names.slice(0, 3).join(', ')}
          {names.length > 3 ? ` + ${names.length - 3}` : ''}
        </h1>
        <StateBadge status={call.status} />
      </div>
      {trouble ? <Notice kind="bad" title="Not up to date." children={trouble} /> : null}
      <p class="story">{story(call, recording.events)}</p>
      <Facts call={call} />
      <Scrubber recording={recording} at={at} onMove={move} />
      <div class="columns">
        <Ladder recording={recording} at={at} live={live} onMove={move} />
        <div class="side">
          <MomentPanel recording={recording} at={at} />
          <Proof call={call} recording={recording} whole={whole} />
        </div>
      </div>
      <EventList recording={recording} at={at} onMove={move} />
    </div>
  );
}
