import type { Moment } from '../model/fold.ts';
import { clockMs, since } from '../model/time.ts';
import { deviceName, sentence } from '../model/words.ts';
import { before, type Recording } from '../model/recording.ts';
import { StateBadge } from './state.tsx';

const words: Record<string, string> = {
  invited: 'invited',
  ringing: 'ringing',
  joined: 'in the call',
  disconnected: 'connection lost',
  left: 'left',
  rejected: 'declined',
};

function Members({ moment, was }: { moment: Moment; was: Moment }) {
  return (
    <ul class="members">
      {moment.members.map((each) => {
        const old = was.members.find(({ user }) => user === each.user)?.state;
        const device = each.device || each.rang.at(-1) || '';
        return (
          <li key={each.user} class={`member is-${each.state}${old !== each.state ? ' changed' : ''}`}>
            <span class="dot" aria-hidden="true" />
            <span class="name">
              <b>{each.user}</b>
              <span class="of">
                {each.role}
                {device ? ` · ${deviceName(device)}` : ''}
              </span>
            </span>
            <span class="standing">{words[each.state]}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** The call after the event that the scrubber is at. */
export function MomentPanel({ recording, at }: { recording: Recording; at: number }) {
  const event = recording.events[at];
  const moment = recording.moments[at];
  if (!event || !moment) return null;
  const time = recording.times[at] ?? 0;
  return (
    <section class="panel moment" aria-labelledby="moment-title">
      <div class="panel-title">
        <h2 id="moment-title">At this moment</h2>
        <StateBadge status={moment.state} />
      </div>
      <p class={`happening ${event.outcome ?? ''}`}>{sentence(event)}</p>
      <p class="help">
        <span class="mono">{since(time - (recording.times[0] ?? time))}</span> · {clockMs(time)} UTC ·
        position {event.pos}
        {event.outcome ? '' : ` · seq ${event.seq}`}
      </p>
      <Members moment={moment} was={before(recording, at)} />
      <details>
        <summary>The record</summary>
        <pre tabIndex={0}>{JSON.stringify(event, null, 2)}</pre>
      </details>
    </section>
  );
}
