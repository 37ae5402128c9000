// LiveKit's own SDK against ours: it reads our tokens, and we read what it signs.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, webcrypto } from 'node:crypto';
import { test } from 'node:test';

globalThis.crypto ??= webcrypto; // Node 18 has it, but not there
const {
  AccessToken,
  ParticipantInfo,
  Room,
  TokenVerifier,
  TrackInfo,
  TrackSource,
  TrackType,
  WebhookEvent,
  WebhookReceiver,
} = await import('livekit-server-sdk');

const tool =
  process.env.CALLSTATE_LIVEKIT_TOOL ?? '../../build/release/tests/transports/livekit_tool';
const key = 'APIkey';
const secret = 'a secret of the tests, thirty-two bytes or more';
const otherSecret = 'another secret, of thirty-two bytes or more';
const env = { ...process.env, LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: secret };

const mint = (...grant) =>
  execFileSync(tool, ['token', ...grant], { env, encoding: 'utf8' }).trim();

/** What LiveKit's server does with an event. */
async function signed(event, { sign = secret, issuer = key, ttl = '5m' } = {}) {
  const body = JSON.stringify(event);
  const token = new AccessToken(issuer, sign, { ttl });
  token.sha256 = createHash('sha256').update(body).digest('base64');
  return { body, authorization: await token.toJwt() };
}

function verify({ body, authorization }) {
  const run = spawnSync(tool, ['webhook', authorization, body], { env, encoding: 'utf8' });
  const { status, stdout, stderr } = run;
  return status === 0 ? JSON.parse(stdout) : stderr.trim();
}

const joined = {
  event: 'participant_joined',
  id: 'EV_1',
  createdAt: '1800000000',
  room: { sid: 'RM_1', name: 'acme/room.1', creationTime: '1799999999', numParticipants: 1 },
  participant: {
    sid: 'PA_1',
    identity: 'bob',
    state: 'ACTIVE',
    joinedAt: '1800000000',
    permission: { canPublish: true },
  },
};

test("LiveKit's verifier takes our token, and reads the same in it", async () => {
  const token = mint('acme/room.1', 'ann', 'Änn "A"');
  const claims = await new TokenVerifier(key, secret).verify(token);
  assert.equal(claims.iss, key);
  assert.equal(claims.sub, 'ann');
  assert.equal(claims.name, 'Änn "A"');
  assert.deepEqual(claims.video, {
    roomJoin: true,
    canPublish: true,
    canSubscribe: true,
    canPublishData: true,
    room: 'acme/room.1',
  });
  assert.equal(claims.exp - claims.nbf, 3600);
  const metadata = JSON.parse(claims.metadata);
  assert.deepEqual([metadata.role, metadata.roomName], ['caller', 'room.1']);
  await assert.rejects(new TokenVerifier(key, otherSecret).verify(token));
  await assert.rejects(new TokenVerifier('another', secret).verify(token));
});

test('a webhook that LiveKit would sign is read, as its own receiver reads it', async () => {
  const webhook = await signed(joined);
  const receiver = new WebhookReceiver(key, secret);
  const theirs = await receiver.receive(webhook.body, webhook.authorization);
  const ours = verify(webhook);
  assert.deepEqual(ours, {
    id: 'EV_1',
    room: 'acme/room.1',
    event: 'participant_joined',
    user: 'bob',
    detail: '',
    at: '2027-01-15T08:00:00.000000Z',
  });
  assert.deepEqual(
    [ours.id, ours.event, ours.room, ours.user],
    [theirs.id, theirs.event, theirs.room.name, theirs.participant.identity],
  );
});

test("what LiveKit's own schema writes is read", async () => {
  // Assigned, since the class sets `event` after what its constructor is given.
  const of = async (fields) => {
    const event = Object.assign(new WebhookEvent(), { id: 'EV_2', createdAt: 1800000000n }, fields);
    return verify(await signed(event.toJson()));
  };
  const { AUDIO } = TrackType;
  const track = new TrackInfo({ sid: 'TR_1', type: AUDIO, source: TrackSource.MICROPHONE });
  assert.equal((await of({ event: 'track_published', track })).detail, 'audio microphone TR_1');
  const clientInitiated = 1;
  const participant = new ParticipantInfo({
    identity: 'bob',
    disconnectReason: clientInitiated,
  });
  const left = await of({ event: 'participant_left', participant });
  assert.deepEqual([left.user, left.detail], ['bob', 'client_initiated']);
  const finished = await of({ event: 'room_finished', room: new Room({ name: 'acme/room.1' }) });
  assert.deepEqual([finished.room, finished.user, finished.detail], ['acme/room.1', '', '']);
  assert.equal(finished.at, '2027-01-15T08:00:00.000000Z');
});

test("a webhook that is not LiveKit's is refused", async () => {
  assert.match(verify(await signed(joined, { sign: otherSecret })), /signature/);
  assert.match(verify(await signed(joined, { issuer: 'another' })), /iss/);
  assert.match(verify(await signed(joined, { ttl: '-1m' })), /expired/);
  const altered = await signed(joined);
  altered.body = altered.body.replace('bob', 'eve');
  assert.match(verify(altered), /body/);
});
