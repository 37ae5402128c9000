import type { Call } from '../api/wire.ts';
import { numbering } from '../model/fold.ts';
import type { Recording } from '../model/recording.ts';
import { useEvidence } from './evidence.tsx';
import { jsonLines, save } from './save.ts';

// Whether what is shown is all there was, and what to take home of it.

function Numbers({ recording, whole }: { recording: Recording; whole: boolean }) {
  const found = numbering(recording.events);
  if (!whole || !found) return <p class="check waits">Reading the call’s events…</p>;
  const refused = recording.events.filter(({ outcome }) => outcome === 'refused').length;
  const ignored = recording.events.filter(({ outcome }) => outcome === 'ignored').length;
  if (found.hole !== undefined)
    return (
      <p class="check bad" role="alert">
        Number {found.hole} is missing between the room’s events: this is not all that happened.
      </p>
    );
  return (
    <>
      <p class="check good">
        <b>Complete.</b> The room’s events {found.first} to {found.last} are here, none missing.
      </p>
      <p class="help">
        {recording.events.length.toLocaleString('en-GB')} records:{' '}
        {found.applied.toLocaleString('en-GB')} applied, {refused} refused, {ignored} ignored.
      </p>
    </>
  );
}

export function Proof(props: { call: Call; recording: Recording; whole: boolean }) {
  const { call, recording, whole } = props;
  const evidence = useEvidence({ call, events: recording.events }, whole);
  return (
    <section class="panel proof" aria-labelledby="proof-title">
      <h2 id="proof-title">Proof</h2>
      <Numbers recording={recording} whole={whole} />
      {evidence.status}
      <div class="actions">
        {evidence.buttons}
        <button
          type="button"
          disabled={!whole}
          onClick={() =>
            save(`call-${call.callId}.jsonl`, jsonLines(recording.events), 'application/x-ndjson')
          }
        >
          Export events
        </button>
      </div>
    </section>
  );
}
