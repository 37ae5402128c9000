import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { Client } from './api/client.ts';
import { forget, keep, kept, type Session } from './api/session.ts';
import { SignedInContext } from './context.ts';
import { CallPage } from './pages/call.tsx';
import { CallsPage } from './pages/calls.tsx';
import { LivePage } from './pages/live.tsx';
import { ServerPage } from './pages/server.tsx';
import { SignIn } from './pages/sign_in.tsx';
import { Header } from './parts/header.tsx';
import { type Route, useRoute } from './route.ts';

const titles: Record<Route['page'], string> = {
  live: 'Live calls',
  calls: 'Calls',
  call: 'Call',
  server: 'Server',
};

function Page({ route }: { route: Route }) {
  if (route.page === 'call') return <CallPage key={route.id} id={route.id} query={route.query} />;
  if (route.page === 'calls') return <CallsPage query={route.query} />;
  if (route.page === 'server') return <ServerPage />;
  return <LivePage />;
}

export function App() {
  const [session, setSession] = useState<Session | undefined>(kept);
  const [farewell, setFarewell] = useState('');
  const route = useRoute();
  const main = useRef<HTMLElement>(null);

  const signOut = (why = '') => {
    forget();
    setFarewell(why);
    setSession(undefined);
  };
  const signed = useMemo(
    () =>
      session && {
        session,
        client: new Client(session.token, () =>
          signOut(
            session.expires && session.expires < Date.now()
              ? 'Your token has expired: paste a new one.'
              : 'The server no longer takes this token: it was revoked, or the server’s keys have changed.',
          ),
        ),
      },
    [session],
  );

  useEffect(() => {
    document.title = `${session ? titles[route.page] : 'Sign in'} · callstate`;
  }, [route.page, session]);
  // Whoever goes by keyboard or ear starts at the page, not where the link was.
  const shown = useRef(`${route.page} ${route.id}`);
  useEffect(() => {
    const now = `${route.page} ${route.id}`;
    if (shown.current === now) return;
    shown.current = now;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [route.page, route.id]);

  if (!signed) {
    return (
      <SignIn
        farewell={farewell}
        onSignedIn={(next) => {
          keep(next);
          setFarewell('');
          setSession(next);
        }}
      />
    );
  }
  return (
    <SignedInContext.Provider value={signed}>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the page
      </a>
      <Header route={route} session={signed.session} onSignOut={() => signOut()} />
      <main id="main" ref={main} tabIndex={-1}>
        <Page route={route} />
      </main>
    </SignedInContext.Provider>
  );
}
