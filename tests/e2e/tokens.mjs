// JWTs for the tests, good ones and bad ones, and what must never be in a log.
import { createHmac, sign } from 'node:crypto';

export const SECRET = 'the secret of the tests, longer than 32 bytes';

const kept = new Set();

/** Remembers a text that the server must never write into its log. */
export function confidential(text) {
  kept.add(text);
  return text;
}

/** The first confidential text, or recognisable part of a token, found in `log`. */
export function findConfidential(log) {
  for (const text of kept) if (log.includes(text)) return text;
  return undefined;
}

const base64url = (value) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export const seconds = () => Math.floor(Date.now() / 1000);

/** A JWT of exactly these parts. `key`: a secret, or a private key for ES256 and RS256. */
export function jwt(header, claims, key = SECRET) {
  const signed = `${base64url(header)}.${base64url(claims)}`;
  let signature = '';
  if (header.alg === 'ES256') {
    signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  } else if (header.alg === 'RS256') {
    signature = sign('sha256', Buffer.from(signed), key);
  } else if (header.alg === 'HS512') {
    signature = createHmac('sha512', key).update(signed).digest();
  } else if (header.alg !== 'none') {
    signature = createHmac('sha256', key).update(signed).digest();
  }
  const token = `${signed}.${signature === '' ? '' : signature.toString('base64url')}`;
  // The header is the same in most tokens, and short: it gives nothing away.
  for (const part of [token, ...token.split('.').slice(1)]) if (part.length >= 8) kept.add(part);
  return token;
}

export const claimsOf = ({
  user,
  tenant = 'acme',
  role = 'CRM_USER',
  name,
  lifetime = 3600,
  ...more
}) => ({
  sub: user,
  exp: seconds() + lifetime,
  iat: seconds(),
  app_metadata: { tenant_id: tenant, user_role: role },
  ...(name ? { user_metadata: { name: confidential(name) } } : {}),
  ...more,
});

/** The token of a user as Supabase would sign it. */
export const tokenFor = (person, secret = SECRET) =>
  jwt({ alg: 'HS256', typ: 'JWT' }, claimsOf(person), secret);
