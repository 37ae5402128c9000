// Who is signed in. The token lives in this tab's memory and session storage, and
// goes nowhere but into the Authorization header.

export interface Session {
  token: string;
  user: string;
  tenant: string;
  /** As the token says; may be empty where the claim has another name. */
  role: string;
  expires: number; // ms
}

const key = 'callstate.token';

const text = (value: unknown) => (typeof value === 'string' ? value : '');

/** What a token says of itself, without asking whether it is true; a sentence where
 * it is no token. */
export function read(pasted: string): Session | string {
  const token = pasted.trim().replace(/^Bearer\s+/i, '');
  if (token === '') return 'Paste a token first.';
  const parts = token.split('.');
  if (parts.length !== 3 || /\s/.test(token))
    return 'This is not a token: a JWT is three parts with a dot between them.';
  let claims: Record<string, unknown>;
  try {
    const base64 = (parts[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return 'This token cannot be read: its middle part is not JSON. Was all of it pasted?';
  }
  const app = (claims.app_metadata ?? {}) as Record<string, unknown>;
  const session: Session = {
    token,
    user: text(claims.sub),
    tenant: text(app.tenant_id) || text(claims.tenant_id),
    role: text(app.user_role) || text(claims.user_role),
    expires: typeof claims.exp === 'number' ? claims.exp * 1000 : 0,
  };
  return session;
}

export function keep(session: Session) {
  try {
    sessionStorage.setItem(key, session.token);
  } catch {
    // Then it lives in memory alone.
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // It was never there.
  }
}

export function kept(): Session | undefined {
  try {
    const token = sessionStorage.getItem(key);
    const session = token ? read(token) : undefined;
    return typeof session === 'object' ? session : undefined;
  } catch {
    return undefined;
  }
}
