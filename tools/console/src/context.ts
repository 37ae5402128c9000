import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import type { Client } from './api/client.ts';
import type { Session } from './api/session.ts';

/** Who is signed in, and what reads for them. */
export interface SignedIn {
  session: Session;
  client: Client;
}

export const SignedInContext = createContext<SignedIn | undefined>(undefined);

export function useClient(): Client {
  const signed = useContext(SignedInContext);
  if (!signed) throw new Error('nobody is signed in');
  return signed.client;
}
