import { type Call, isLive } from '../api/wire.ts';
import { moment, msOf, running, span } from '../model/time.ts';
import { callees, nameOf, reasons, talkedMs } from '../model/words.ts';
import { callPath } from '../route.ts';
import { StateBadge } from './state.tsx';
import { useNow } from './virtual.ts';

function people(call: Call): string {
  const [first, ...rest] = callees(call).map((user) => nameOf(call, user));
  return rest.length > 0 ? `${first} + ${rest.length}` : (first ?? '');
}

/** How long it has rung or been talked, as it runs. */
function Clock({ call }: { call: Call }) {
  const now = useNow(500);
  const since = call.status === 'CONNECTED' && call.answeredAt ? call.answeredAt : call.startedAt;
  return <span class="clock">{running(now - msOf(since))}</span>;
}

/** What the badge does not say. */
function outcome(call: Call): string {
  const talked = call.answeredAt ? span(talkedMs(call)) : '';
  const plain = ['hangup', 'cancelled', 'rejected', 'no_answer'].includes(call.endReason ?? '');
  const why = plain ? '' : (reasons[call.endReason ?? ''] ?? '');
  const word = call.detail ? `“${call.detail}”` : '';
  return [talked, why, word].filter((part) => part).join(', ');
}

/** One call in a list: the whole line leads to it. */
export function CallRow({ call, fresh }: { call: Call; fresh?: boolean }) {
  const live = isLive(call.status);
  return (
    <li class={`call-row${fresh ? ' fresh' : ''}`} data-call={call.callId}>
      <a href={callPath(call.callId)}>
        <StateBadge status={call.status} />
        <span class="people">
          <b>{nameOf(call, call.callerId)}</b>
          <span class="to" aria-label="called">
            →
          </span>
          <b>{people(call)}</b>
        </span>
        <span class="room">{call.roomName}</span>
        <span class="result">{live ? <Clock call={call} /> : outcome(call)}</span>
        <time class="when" dateTime={call.startedAt}>
          {moment(msOf(call.startedAt))}
        </time>
      </a>
    </li>
  );
}
