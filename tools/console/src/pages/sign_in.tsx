import { useEffect, useRef, useState } from 'preact/hooks';

import { ApiError, Client, isUnreachable } from '../api/client.ts';
import { read, type Session } from '../api/session.ts';
import { span } from '../model/time.ts';
import { Mark } from '../parts/header.tsx';
import { messageOf } from '../parts/state.tsx';
import { ThemeSwitch } from '../parts/theme.tsx';

/** The session, or why not. */
async function enter(pasted: string): Promise<Session | string> {
  const session = read(pasted);
  if (typeof session === 'string') return session;
  const expired = session.expires > 0 && session.expires < Date.now();
  if (expired)
    return `This token expired ${span(Date.now() - session.expires)} ago: get a new one.`;
  try {
    const client = new Client(session.token);
    if (await client.readsAll(session.user)) return session;
    const role = session.role || 'CRM_USER';
    return `The role ${role} sees its own calls only. The console is for AUDITOR (or SERVICE): ask for a token with that role.`;
  } catch (error) {
    if (isUnreachable(error)) return 'The server cannot be reached: is it running?';
    if (error instanceof ApiError && error.status === 401)
      return 'The server does not take this token: its signature is not of this server’s keys, or it was revoked.';
    if (error instanceof ApiError && error.status === 404) return session;
    return `The server did not let you in: ${messageOf(error)}.`;
  }
}

export function SignIn(props: { farewell: string; onSignedIn: (session: Session) => void }) {
  const [pasted, setPasted] = useState('');
  const [trouble, setTrouble] = useState('');
  const [asking, setAsking] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);

  const submit = async () => {
    setAsking(true);
    const session = await enter(pasted);
    setAsking(false);
    if (typeof session !== 'string') return props.onSignedIn(session);
    setTrouble(session);
    field.current?.focus();
  };

  return (
    <main class="sign-in">
      <div class="corner">
        <ThemeSwitch />
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1>
          <Mark />
        </h1>
        <p class="lead">What happened in a call, who did what, and the proof of it.</p>
        <label for="token">Token</label>
        <textarea
          id="token"
          ref={field}
          value={pasted}
          rows={5}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          placeholder="eyJhbGciOi…"
          aria-describedby="token-help token-trouble"
          aria-invalid={trouble !== ''}
          onInput={(event) => {
            setPasted(event.currentTarget.value);
            setTrouble('');
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return;
            event.preventDefault();
            void submit();
          }}
        />
        <div id="token-trouble" role="alert" class="trouble">
          {trouble || props.farewell}
        </div>
        <button type="submit" class="primary" disabled={asking}>
          {asking ? 'Asking the server…' : 'Sign in'}
        </button>
        <p id="token-help" class="help">
          A JWT of the role AUDITOR. It stays in this tab, is sent to this server alone, and is
          forgotten when the tab closes. For a development server:
          <code>callstate token --dev --user you --tenant acme --role AUDITOR</code>
        </p>
      </form>
    </main>
  );
}
