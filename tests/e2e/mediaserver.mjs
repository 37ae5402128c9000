// What LiveKit's server does: it signs webhooks, by LiveKit's own SDK.
import { createHash, webcrypto } from 'node:crypto';

import { unique } from './client.mjs';
import { request } from './stations.mjs';
import { confidential, seconds } from './tokens.mjs';

globalThis.crypto ??= webcrypto; // Node 18 has it, but not there
const { AccessToken } = await import('livekit-server-sdk');

export const KEY = 'APIkey';
export const API_SECRET = confidential('a secret of the media server, of thirty-two bytes or more');
export const MEDIA_URL = 'wss://media.example';
export const MEDIA = {
  flags: ['--livekit-url', MEDIA_URL, '--livekit-api-key', KEY],
  env: { CALLSTATE_LIVEKIT_API_SECRET: API_SECRET },
};

/** An event of a media room, as LiveKit writes it. */
export const event = (name, room, { identity, ...more } = {}) => ({
  event: name,
  id: unique('EV'),
  createdAt: String(seconds()),
  room: { sid: 'RM_1', name: room },
  ...(identity ? { participant: { sid: `PA_${identity}`, identity, state: 'ACTIVE' } } : {}),
  ...more,
});

/** The request's body, and its header. */
export async function signed(what, { secret = API_SECRET, key = KEY, ttl = '5m' } = {}) {
  const body = JSON.stringify(what);
  const token = new AccessToken(key, secret, { ttl });
  token.sha256 = createHash('sha256').update(body).digest('base64');
  return { body, authorization: await token.toJwt() };
}

export function deliver(server, { body, authorization }) {
  const headers = { 'Content-Type': 'application/webhook+json' };
  if (authorization) headers.Authorization = authorization;
  return request(server, 'POST', '/livekit/webhook', { body, headers });
}

export const report = async (server, what, how) => deliver(server, await signed(what, how));
