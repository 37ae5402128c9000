import type { Session } from '../api/session.ts';
import { running } from '../model/time.ts';
import type { Route } from '../route.ts';
import { ThemeSwitch } from './theme.tsx';
import { useNow } from './virtual.ts';

export function Mark() {
  return (
    <span class="mark">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path class="rail" d="M9 5v22M23 5v22" />
        <path class="go" d="M9 11h13M23 21H10" />
        <path class="go" d="m18.500 7.500 4 3.500-4 3.500M13.500 17.500l-4 3.500 4 3.500" />
      </svg>
      callstate
    </span>
  );
}

const soon_ms = 5 * 60_000;

function Expiry({ expires }: { expires: number }) {
  const now = useNow(1_000, expires > 0);
  const left = expires - now;
  if (!expires || left > soon_ms) return null;
  return <span class="expiry">token ends in {running(left)}</span>;
}

export function Header(props: { route: Route; session: Session; onSignOut: () => void }) {
  const { route, session } = props;
  const tab = (page: string, href: string, name: string) => (
    <a href={href} aria-current={route.page.startsWith(page) ? 'page' : undefined}>
      {name}
    </a>
  );
  return (
    <header class="top">
      <a class="home" href="#/" aria-label="callstate, live calls">
        <Mark />
      </a>
      <nav aria-label="Pages">
        {tab('live', '#/', 'Live')}
        {tab('call', '#/calls', 'Calls')}
        {tab('server', '#/server', 'Server')}
      </nav>
      <div class="who">
        <Expiry expires={session.expires} />
        <span class="id" title={session.role ? `role ${session.role}` : undefined}>
          <b>{session.user}</b>
          <span class="of">{session.tenant}</span>
        </span>
        <ThemeSwitch />
        <button type="button" class="quiet" onClick={props.onSignOut}>
          Sign out
        </button>
      </div>
    </header>
  );
}
