import { useState } from 'preact/hooks';

import { ApiError, type Client } from '../api/client.ts';
import { isLive } from '../api/wire.ts';
import { useClient } from '../context.ts';
import type { Shown } from '../model/agreement.ts';
import { check, type Evidence, type Verdict } from '../model/evidence.ts';
import { save } from './save.ts';
import { messageOf } from './state.tsx';

// What proves a call: asked for, checked here against what is shown, and saved.

interface File {
  bytes: ArrayBuffer;
  name: string;
  type: string;
}

/** What came of asking for it. */
interface Asked {
  file?: File;
  /** Nothing: it could not be checked. */
  verdict?: Verdict;
  why?: string; // it is not there, or was not checked, and what to do
  events: number; // that were compared with it
}

const faults_max = 5;

function fileName(response: Response, fallback: string): string {
  const given = /filename="?([\w.-]+)"?/.exec(response.headers.get('Content-Disposition') ?? '');
  return given?.[1] ?? fallback;
}

/** What went wrong, and what to do about it. */
function explain(error: unknown, id: string): string {
  const status = error instanceof ApiError ? error.status : -1;
  const said = `${messageOf(error).replace(/\.$/, '')}.`;
  const offline = `On its machine, callstate evidence ${id} --data-dir … takes it from a checkpoint of the log.`;
  switch (status) {
    case 0:
      return `The server cannot be reached. Check again when it is back.`;
    case 403:
      return `Your role is given no evidence: ${said} Sign in with a token of the role AUDITOR or SERVICE.`;
    case 404:
      return `The server has no evidence of this call: ${said} Its records may have been dropped from the log; a backup or an archive still has them.`;
    case 429:
      return `${said} Wait a moment, and check again.`;
    case 503:
      return `The server cannot make it now: ${said} Check again in a while. ${offline}`;
    default:
      return `There is no evidence: ${said} Check again. ${offline}`;
  }
}

async function ask(client: Client, shown: Shown): Promise<Asked> {
  const id = shown.call.callId;
  const events = shown.events.length;
  let file: File;
  try {
    const response = await client.open(`/v1/calls/${id}/evidence`);
    file = {
      bytes: await response.arrayBuffer(),
      name: fileName(response, `evidence-${id}.json`),
      type: response.headers.get('Content-Type') ?? 'application/json',
    };
  } catch (error) {
    return { why: explain(error, id), events };
  }
  // Only a page by TLS, or of this machine, is given the means.
  if (globalThis.crypto?.subtle === undefined) {
    const why = `Without TLS the browser cannot check it. Save it, and use callstate verify ${file.name}.`;
    return { file, why, events };
  }
  try {
    const evidence = JSON.parse(new TextDecoder().decode(file.bytes)) as Evidence;
    return { file, verdict: await check(evidence, shown), events };
  } catch (error) {
    const why = `What the server gave is no evidence: ${messageOf(error)}. Save it, and see what callstate verify ${file.name} finds.`;
    return { file, why, events };
  }
}

const many = (count: number, what: string) =>
  `${count.toLocaleString('en-GB')} ${what}${count === 1 ? '' : 's'}`;

function Signatures({ verdict }: { verdict: Verdict }) {
  const { signed, unknown, unsigned, unchecked } = verdict;
  return (
    <>
      {Object.entries(signed).map(([key, seals]) => (
        <p key={key} class="check good">
          <b>{many(seals, 'seal')} signed</b> by the key <code>{key}</code>. That the key is the
          right one is for you to know from elsewhere.
        </p>
      ))}
      {Object.entries(unknown).map(([key, seals]) => (
        <p key={key} class="check waits">
          <b>{many(seals, 'seal')}</b> by the key <code>{key}</code>, which the server does not
          give: not checked here.
        </p>
      ))}
      {unchecked > 0 ? (
        <p class="check waits">
          <b>{many(unchecked, 'signature')} not checked:</b> this browser has no Ed25519.
        </p>
      ) : null}
      {unsigned > 0 ? (
        <p class="check waits">
          <b>{many(unsigned, 'seal')} without a signature:</b> whoever can write the log could have
          made it anew.
        </p>
      ) : null}
    </>
  );
}

function Faults({ faults }: { faults: string[] }) {
  return (
    <div role="alert">
      <p class="check bad">
        <b>This is no proof:</b>
      </p>
      <ul class="faults">
        {faults.slice(0, faults_max).map((fault) => (
          <li key={fault}>{fault}</li>
        ))}
        {faults.length > faults_max ? <li>and {faults.length - faults_max} more</li> : null}
      </ul>
    </div>
  );
}

function Found({ verdict, events, name }: { verdict: Verdict; events: number; name: string }) {
  if (verdict.faults.length > 0) return <Faults faults={verdict.faults} />;
  const sealed = verdict.records - verdict.unsealed;
  const them = verdict.unsealed === 0 ? 'The call and its' : 'What is sealed of the';
  return (
    <>
      {sealed > 0 ? (
        <p class="check good">
          <b>{many(sealed, 'record')} sealed</b> by {many(verdict.seals, 'seal')}: unaltered since.
        </p>
      ) : null}
      {verdict.unsealed > 0 ? (
        <p class="check waits">
          <b>{many(verdict.unsealed, 'record')} not sealed:</b> nothing proves{' '}
          {verdict.unsealed === 1 ? 'it' : 'them'} yet.
        </p>
      ) : null}
      <p class={`check ${sealed > 0 ? 'good' : 'waits'}`}>
        {sealed > 0 ? `${them} ` : 'The '}
        {many(events, 'event')} on this page {events === 1 ? 'is' : 'are'} what the records say.
      </p>
      <Signatures verdict={verdict} />
      <p class="help">
        To check it without this server: <code>callstate verify {name} --public-key seal.pub</code>
      </p>
    </>
  );
}

/** The state of it, and the buttons; `whole`: all of the call's events are there. */
export function useEvidence(shown: Shown, whole: boolean) {
  const client = useClient();
  const [asked, setAsked] = useState<Asked>();
  const [asking, setAsking] = useState(false);
  const take = async () => {
    if (asking || !whole) return;
    setAsking(true);
    setAsked(await ask(client, shown));
    setAsking(false);
  };
  const later = asked ? shown.events.length - asked.events : 0;
  const status = (
    <div role="status">
      {asked?.verdict ? (
        <Found {...asked} verdict={asked.verdict} name={asked.file?.name ?? ''} />
      ) : null}
      {asked?.why ? <p class="check waits">{asked.why}</p> : null}
      {asked?.verdict && (later > 0 || isLive(shown.call.status)) ? (
        <p class="help">
          {later > 0 ? `${many(later, 'event')} since then: check again.` : 'As of now.'}
        </p>
      ) : null}
    </div>
  );
  const { file } = asked ?? {};
  const buttons = (
    <>
      <button type="button" aria-disabled={asking || !whole} onClick={() => void take()}>
        {asking ? 'Checking…' : asked ? 'Check again' : 'Check evidence'}
      </button>
      {file ? (
        <button type="button" onClick={() => save(file.name, [file.bytes], file.type)}>
          Save evidence
        </button>
      ) : null}
    </>
  );
  return { status, buttons };
}
