import { useState } from 'preact/hooks';

import { ApiError, type Client } from '../api/client.ts';
import type { Call } from '../api/wire.ts';
import { useClient } from '../context.ts';
import { check, type Evidence, type Verdict } from '../model/evidence.ts';
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

function fileName(response: Response, fallback: string): string {
  const given = /filename="?([\w.-]+)"?/.exec(response.headers.get('Content-Disposition') ?? '');
  return given?.[1] ?? fallback;
}

/** What was asked for of the evidence, and what came of it. */
type Asked =
  | { is: 'unasked' | 'asking' }
  | { is: 'none'; why: string }
  | { is: 'there'; bytes: ArrayBuffer; name: string; type: string; verdict: Verdict | undefined };

async function ask(client: Client, call: Call, recording: Recording): Promise<Asked> {
  try {
    const response = await client.open(`/v1/calls/${call.callId}/evidence`);
    const type = response.headers.get('Content-Type') ?? 'application/json';
    const name = fileName(response, `evidence-${call.callId}.json`);
    const bytes = await response.arrayBuffer();
    // Only a page by TLS, or of this machine, is given the means.
    const able = globalThis.crypto?.subtle !== undefined;
    const evidence = JSON.parse(new TextDecoder().decode(bytes)) as Evidence;
    const positions = recording.events.map(({ pos }) => pos);
    const verdict = able ? await check(evidence, positions) : undefined;
    return { is: 'there', bytes, name, type, verdict };
  } catch (error) {
    const unknown = error instanceof ApiError && error.status === 404;
    return {
      is: 'none',
      why: unknown
        ? 'This server gives out no evidence: it lacks the operation. On its machine, callstate verify checks the log itself.'
        : messageOf(error),
    };
  }
}

const many = (count: number, what: string) =>
  `${count.toLocaleString('en-GB')} ${what}${count === 1 ? '' : 's'}`;

function Signatures({ verdict }: { verdict: Verdict }) {
  const { signers, unsigned, unchecked, seals } = verdict;
  if (seals === 0) return null;
  if (signers.length > 0)
    return (
      <p class="check good">
        <b>Signed</b> by the key <code>{signers.join(', ')}</code>. That the key is the right one is
        for you to know from elsewhere.
      </p>
    );
  if (unchecked > 0) return <p class="help">This browser cannot check the signatures.</p>;
  return <p class="help">{many(unsigned, 'seal')} without a signature.</p>;
}

function Found({ verdict, name }: { verdict: Verdict | undefined; name: string }) {
  if (!verdict)
    return (
      <p class="help">
        Without TLS the browser cannot check it: save it, and use callstate verify.
      </p>
    );
  if (verdict.faults.length > 0)
    return (
      <ul role="alert">
        {verdict.faults.map((fault) => (
          <li key={fault} class="check bad">
            {fault}
          </li>
        ))}
      </ul>
    );
  const sealed = verdict.records - verdict.unsealed;
  return (
    <>
      <p class={`check ${sealed > 0 ? 'good' : 'waits'}`}>
        <b>{many(sealed, 'record')} sealed</b> by {many(verdict.seals, 'seal')}: unaltered since,
        each hash leads to its seal.
      </p>
      {verdict.unsealed > 0 ? (
        <p class="help">{many(verdict.unsealed, 'record')} not sealed yet.</p>
      ) : null}
      <Signatures verdict={verdict} />
      <p class="help">
        To check it without this server: <code>callstate verify {name} --public-key seal.pub</code>
      </p>
    </>
  );
}

export function Proof(props: { call: Call; recording: Recording; whole: boolean }) {
  const { call, recording, whole } = props;
  const client = useClient();
  const [asked, setAsked] = useState<Asked>({ is: 'unasked' });
  const take = async () => {
    setAsked({ is: 'asking' });
    setAsked(await ask(client, call, recording));
  };
  return (
    <section class="panel proof" aria-labelledby="proof-title">
      <h2 id="proof-title">Proof</h2>
      <Numbers recording={recording} whole={whole} />
      <div role="status">
        {asked.is === 'there' ? <Found verdict={asked.verdict} name={asked.name} /> : null}
        {asked.is === 'none' ? <p class="help">{asked.why}</p> : null}
      </div>
      <div class="actions">
        {asked.is === 'unasked' || asked.is === 'asking' ? (
          <button
            type="button"
            disabled={!whole || asked.is === 'asking'}
            onClick={() => void take()}
          >
            {asked.is === 'asking' ? 'Checking…' : 'Check evidence'}
          </button>
        ) : null}
        {asked.is === 'there' ? (
          <button type="button" onClick={() => save(asked.name, [asked.bytes], asked.type)}>
            Save evidence
          </button>
        ) : null}
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
