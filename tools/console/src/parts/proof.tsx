import { useState } from 'preact/hooks';

import { ApiError } from '../api/client.ts';
import type { Call } from '../api/wire.ts';
import { useClient } from '../context.ts';
import { numbering } from '../model/fold.ts';
import type { Recording } from '../model/recording.ts';
import { jsonLines, save } from './save.ts';
import { messageOf } from './state.tsx';

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

type Evidence = { is: 'unasked' | 'asking' | 'saved' } | { is: 'none'; why: string };

function fileName(response: Response, fallback: string): string {
  const given = /filename="?([\w.-]+)"?/.exec(response.headers.get('Content-Disposition') ?? '');
  return given?.[1] ?? fallback;
}

export function Proof(props: { call: Call; recording: Recording; whole: boolean }) {
  const { call, recording, whole } = props;
  const client = useClient();
  const [evidence, setEvidence] = useState<Evidence>({ is: 'unasked' });
  const take = async () => {
    setEvidence({ is: 'asking' });
    try {
      const response = await client.open(`/v1/calls/${call.callId}/evidence`);
      const type = response.headers.get('Content-Type') ?? 'application/octet-stream';
      const body = await response.arrayBuffer();
      save(fileName(response, `evidence-${call.callId}.json`), [body], type);
      setEvidence({ is: 'saved' });
    } catch (error) {
      const unknown = error instanceof ApiError && error.status === 404;
      setEvidence({
        is: 'none',
        why: unknown
          ? 'This server gives out no evidence: it lacks the operation. On its machine, callstate verify checks the log itself.'
          : messageOf(error),
      });
    }
  };
  return (
    <section class="panel proof" aria-labelledby="proof-title">
      <h2 id="proof-title">Proof</h2>
      <Numbers recording={recording} whole={whole} />
      <div class="actions">
        <button
          type="button"
          disabled={!whole}
          onClick={() =>
            save(`call-${call.callId}.jsonl`, jsonLines(recording.events), 'application/x-ndjson')
          }
        >
          Export events
        </button>
        {evidence.is === 'none' ? null : (
          <button type="button" disabled={evidence.is === 'asking'} onClick={() => void take()}>
            {evidence.is === 'asking' ? 'Fetching…' : 'Evidence'}
          </button>
        )}
      </div>
      <div role="status">
        {evidence.is === 'saved' ? (
          <p class="check good">Saved. Whoever holds the file can check it without this server.</p>
        ) : null}
        {evidence.is === 'none' ? <p class="help">{evidence.why}</p> : null}
      </div>
    </section>
  );
}
