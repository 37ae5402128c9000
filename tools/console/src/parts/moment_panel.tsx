import type { CallEvent } from '../api/wire.ts';
import { useClient } from '../context.ts';
import type { Moment } from '../model/fold.ts';
import { clockMs, since } from '../model/time.ts';
import { deviceName, sentence } from '../model/words.ts';
import { before, type Recording } from '../model/recording.ts';
import { StateBadge } from './state.tsx';
import { useServerMoment } from './use_server_moment.ts';

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
          <li
            key={each.user}
            class={`member is-${each.state}${old !== each.state ? ' changed' : ''}`}
          >
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
  const fold = recording.moments[at];
  return event && fold ? <Panel recording={recording} at={at} event={event} fold={fold} /> : null;
}

function Panel(props: { recording: Recording; at: number; event: CallEvent; fold: Moment }) {
  const { recording, at, event, fold } = props;
  const { moment, by } = useServerMoment(useClient(), event, fold);
  const time = recording.times[at] ?? 0;
  return (
    <section class="panel moment" aria-labelledby="moment-title" data-by={by}>
      <div class="panel-title">
        <h2 id="moment-title">At this moment</h2>
        <StateBadge status={moment.state} />
      </div>
      <p class={`happening ${event.outcome ?? ''}`}>{sentence(event)}</p>
      <p class="help">
        <span class="mono">{since(time - (recording.times[0] ?? time))}</span> · {clockMs(time)} UTC
        · position {event.pos}
        {event.outcome ? '' : ` · seq ${event.seq}`}
      </p>
      <Members moment={moment} was={before(recording, at)} />
      <p class={`help by-${by}`}>
        {by === 'server' ? 'As the server has it at this position.' : 'As the events have it.'}
      </p>
      <details>
        <summary>The record</summary>
        <pre tabIndex={0}>{JSON.stringify(event, null, 2)}</pre>
      </details>
    </section>
  );
}
