// Calls with a media server: whose token is whose, and what its webhooks tell.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connected, person } from './calls.mjs';
import { unique } from './client.mjs';
import {
  API_SECRET,
  deliver,
  event,
  KEY,
  MEDIA,
  MEDIA_URL,
  report,
  signed,
} from './mediaserver.mjs';
import { Server } from './server.mjs';
import { as, assertProblem, Station } from './stations.mjs';
import { confidential, findConfidential, seconds } from './tokens.mjs';

const { TokenVerifier } = await import('livekit-server-sdk');
const verifier = new TokenVerifier(KEY, API_SECRET);

async function start(t, ...more) {
  const flags = ['--failed-logins', '1000', '--log-level', 'debug', ...MEDIA.flags, ...more];
  const server = await Server.start({ flags, env: MEDIA.env });
  t.after(() => server.stop());
  return server;
}

const tokens = (message) =>
  Object.fromEntries(Object.entries(message).filter(([key]) => /token/i.test(key)));

/** Checks the one token that the message has; gives its claims. */
async function claimsOf(message, kind, user, mediaRoom) {
  assert.deepEqual(Object.keys(tokens(message)), [kind], JSON.stringify(message));
  assert.equal(message.mediaUrl, MEDIA_URL);
  const token = confidential(message[kind]);
  confidential(token.split('.')[2]);
  const claims = await verifier.verify(token);
  assert.equal(claims.sub, user);
  assert.deepEqual(claims.video, {
    roomJoin: true,
    canPublish: true,
    canSubscribe: true,
    canPublishData: true,
    room: mediaRoom,
  });
  assert.equal(claims.exp - claims.nbf, 3600);
  assert.ok(claims.nbf <= seconds() && claims.exp > seconds());
  assert.deepEqual(JSON.parse(claims.metadata), {
    role: kind === 'callerToken' ? 'caller' : 'callee',
    callId: message.callId ?? message.callLogId,
    roomName: message.roomName,
  });
  return claims;
}

for (const transport of ['ws', 'poll', 'sse']) {
  test(`each side gets its own token and nobody else any, by ${transport}`, async (t) => {
    const server = await start(t);
    const open = async (...what) => {
      const station = await Station.open(server, ...what);
      t.after(() => station.client.close());
      return station;
    };
    const room = unique('room');
    const [ann, kim] = [person('ann'), person('kim', { device: 'phone' })];
    const alice = await open(ann, transport);
    const bob = await open(kim, transport);
    const tablet = await open({ ...kim, device: 'tablet' }, 'ws');
    const listener = await open(person('listener'), transport, { room });
    const [roomName, calleeId] = [room, kim.user];
    await alice.tell({ type: 'CALL_STARTED', roomName, calleeId, calleeName: 'Kim' });

    const own = await alice.next('CALL_STARTED');
    assert.equal((await claimsOf(own, 'callerToken', ann.user, room)).name, ann.name);
    for (const device of [bob, tablet]) {
      const invitation = await device.next('CALL_STARTED');
      await claimsOf(invitation, 'calleeToken', kim.user, room);
    }
    assert.deepEqual(tokens(await listener.next('CALL_STARTED')), {});
    // Whoever comes later is shown the call, and its own token.
    const late = await open({ ...kim, device: 'watch' }, 'ws');
    await claimsOf(await late.next('ROOM_STATE'), 'calleeToken', kim.user, room);
    await claimsOf(await late.next('CALL_STARTED'), 'calleeToken', kim.user, room);
    const state = async (who) => (await as(server, who).get(`/v1/rooms/${room}/state`)).json;
    await claimsOf(await state(ann), 'callerToken', ann.user, room);
    await claimsOf(await state(kim), 'calleeToken', kim.user, room);
    assert.deepEqual(tokens(await state(person('listener'))), {});

    await bob.tell({ type: 'ACCEPTED', roomName });
    await alice.next('ACCEPTED');
    const [lee, max] = [person('lee'), person('max')];
    const carol = await open(lee, transport);
    await alice.tell({ type: 'INVITED', roomName, calleeIds: [lee.user, max.user] });
    await claimsOf(await carol.next('INVITED'), 'calleeToken', lee.user, room);
    for (const other of [alice, bob, listener])
      assert.deepEqual(tokens(await other.next('INVITED')), {});
    await alice.tell({ type: 'ENDED', roomName });
    await listener.next('ENDED');
    assert.deepEqual(tokens(await state(ann)), {});
    for (const { client } of [alice, bob, carol, listener])
      for (const { type, ...more } of client.received)
        if (!['CALL_STARTED', 'INVITED', 'ROOM_STATE'].includes(type))
          assert.deepEqual(tokens(more), {}, type);

    // No token is in the log, nor in what the tools show of it.
    await server.terminate();
    const timeline = JSON.stringify(await server.timeline(room));
    assert.ok(timeline.includes('CALL_STARTED'));
    assert.doesNotMatch(timeline, /eyJ|token|mediaUrl/i);
    assert.equal(findConfidential(timeline.replaceAll(ann.name, '')), undefined);
  });
}

test('an old invitation brings no token into a call that is over or was declined', async (t) => {
  const server = await start(t);
  const [ann, bob, cid] = ['ann', 'bob', 'cid'].map((name) => person(name));
  const by = { ann: as(server, ann), bob: as(server, bob), cid: as(server, cid) };
  const told = async (who, message) => {
    const { json } = await by[who].post('/v1/messages', message);
    assert.equal(json.results[0].outcome, 'applied', JSON.stringify(json));
  };
  const invitation = async (who, query = 'since=0') => {
    const { json } = await by[who].get(`/v1/messages?${query}`);
    return json.messages.findLast(({ type }) => type === 'CALL_STARTED');
  };
  const repeated = { calleeIds: [bob.user, cid.user], id: 'one' };
  const { json: started } = await by.ann.post('/voip/start', repeated);
  const room = started.roomName;
  for (const [who, kind] of [['ann', 'callerToken'], ['bob', 'calleeToken']])
    assert.deepEqual(Object.keys(tokens(await invitation(who))), [kind], who);

  await told('bob', { type: 'REJECTED', roomName: room, id: 'no' });
  await told('cid', { type: 'ACCEPTED', roomName: room, id: 'yes' });
  for (const [who, kinds] of [['ann', ['callerToken']], ['bob', []], ['cid', ['calleeToken']]])
    assert.deepEqual(Object.keys(tokens(await invitation(who))), kinds, who);
  const back = await Station.open(server, bob, 'ws', { since: 0 });
  assert.deepEqual(tokens(await back.next('CALL_STARTED')), {});
  await back.client.close();
  const { json: again } = await by.ann.post('/voip/start', repeated);
  assert.deepEqual([again.duplicate, typeof again.callerToken], [true, 'string']);

  await told('ann', { type: 'ENDED', roomName: room, id: 'end' });
  for (const who of ['ann', 'bob', 'cid']) assert.deepEqual(tokens(await invitation(who)), {}, who);
  const { json: late } = await by.ann.post('/voip/start', repeated);
  assert.deepEqual([late.duplicate, late.callerToken, late.mediaUrl], [true, null, null]);
  // Others talk in the same room now.
  await told('bob', { type: 'CALL_STARTED', roomName: room, calleeId: cid.user, id: 'two' });
  assert.deepEqual(tokens(await invitation('ann')), {});
});

test('a call that a back end starts: the answer has the token of the caller', async (t) => {
  const server = await start(t);
  const [ann, kim] = [person('ann'), person('kim')];
  const bob = await server.inbox(kim);
  const crm = as(server, person('crm', { role: 'SERVICE' }));
  const body = { callerId: ann.user, calleeId: kim.user, callerName: 'Ann' };
  const started = await crm.post('/voip/start', body);
  assert.equal(started.status, 201, started.text);
  const { roomName } = started.json;
  const claims = await claimsOf(started.json, 'callerToken', ann.user, roomName);
  assert.equal(claims.name, 'Ann');
  const invitation = await bob.next('CALL_STARTED', { roomName });
  assert.equal(invitation.callId, started.json.callLogId);
  await claimsOf(invitation, 'calleeToken', kim.user, roomName);
});

test("a room's name is the media room of its first tenant; the others' have theirs before it", async (t) => {
  const server = await start(t);
  const room = unique('room');
  for (const kill of [false, true]) {
    if (kill) {
      await server.kill();
      await server.launch();
    }
    for (const tenant of ['acme', 'umbrella', 'hooli']) {
      const mediaRoom = tenant === 'acme' ? room : `${tenant}/${room}`;
      const [ann, kim] = [person('ann', { tenant }), person('kim', { tenant })];
      const alice = await server.join(room, ann);
      const listener = await server.join(room, person('listener', { tenant }));
      await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: kim.user });
      await claimsOf(await alice.next('CALL_STARTED'), 'callerToken', ann.user, mediaRoom);
      // What is reported of it is told to this tenant.
      const what = event('participant_joined', mediaRoom, { identity: ann.user });
      assert.equal((await report(server, what)).status, 200);
      await listener.next('MEDIA', { event: 'participant_joined', userId: ann.user });
      await alice.tell({ type: 'ENDED', roomName: room });
      await listener.next('ENDED');
      assert.equal(listener.types(room).filter((type) => type === 'MEDIA').length, 1);
      await Promise.all([alice.close(), listener.close()]);
    }
  }
});

test('webhooks are events of the room, once each, in the order in which they came', async (t) => {
  const server = await start(t);
  const { room, callee, alice, bob } = await connected(server);
  const identity = callee.user;
  const track = { sid: 'TR_1', type: 'AUDIO', source: 'MICROPHONE' };
  const reports = [
    event('participant_left', room, { identity }),
    event('participant_joined', room, { identity }),
    event('track_published', room, { identity, track }),
    event('room_started', room),
  ];
  for (const what of [...reports, ...[...reports].reverse()])
    assert.equal((await report(server, what)).status, 200);
  await server.kill();
  await server.launch();
  for (const what of reports) assert.equal((await report(server, what)).status, 200);
  const ann = await Station.open(server, person('listener'), 'ws', { room, since: 0 });
  for (const { event: name } of reports) {
    const media = await ann.next('MEDIA');
    assert.equal(media.event, name);
    assert.equal(media.by, 'system');
    assert.equal(media.userId, name === 'room_started' ? undefined : identity);
    assert.equal(media.detail, name === 'track_published' ? 'audio microphone TR_1' : undefined);
    assert.match(media.reportedAt, /^\d{4}-\d\d-\d\dT/);
  }
  await ann.client.close();
  for (const client of [alice, bob])
    assert.deepEqual(client.types(room), ['CALL_STARTED', 'ACCEPTED', ...Array(4).fill('MEDIA')]);
});

test('the end of the media room ends a call that is connected, and no other', async (t) => {
  const server = await start(t);
  const { room, caller, callee, alice, bob } = await connected(server);
  // Late, of the call before this one.
  const old = event('room_finished', room, { createdAt: String(seconds() - 60) });
  assert.equal((await report(server, old)).status, 200);
  await alice.next('MEDIA', { event: 'room_finished' });
  await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: {} });
  const finished = event('room_finished', room, { createdAt: String(seconds() + 1) });
  for (let i = 0; i < 2; ++i) assert.equal((await report(server, finished)).status, 200);
  for (const client of [alice, bob]) {
    const ended = await client.next('ENDED');
    assert.deepEqual([ended.reason, ended.endedBy], ['media_finished', 'system']);
  }
  const { json } = await as(server, caller).get(`/v1/rooms/${room}/state`);
  assert.equal(json.endReason, 'media_finished');
  // The next call rings: nothing ends it.
  await bob.tell({ type: 'CALL_STARTED', roomName: room, calleeId: caller.user });
  const again = event('room_finished', room, { createdAt: String(seconds() + 1) });
  assert.equal((await report(server, again)).status, 200);
  await alice.tell({ type: 'ACCEPTED', roomName: room });
  await bob.next('ACCEPTED');
});

test('what the media server did not sign is refused, and leaves no trace', async (t) => {
  const server = await start(t);
  const { room, callee, alice } = await connected(server);
  const position = async () => {
    const signal = { type: 'SIGNAL', roomName: room, to: callee.user, data: {} };
    return (await alice.tell(signal)).pos;
  };
  const before = await position();
  const what = event('room_finished', room);
  const good = await signed(what);
  const bad = {
    'another secret': await signed(what, { secret: 'another secret, of thirty-two bytes or more' }),
    'another key': await signed(what, { key: 'another' }),
    'an expired token': await signed(what, { ttl: '-1m' }),
    'no token': { body: good.body },
    'no JWT': { ...good, authorization: 'x' },
    'an altered token': { ...good, authorization: `${good.authorization}x` },
    'an altered body': { ...good, body: good.body.replace('room_finished', 'room_Finished') },
    'another body': { ...good, body: (await signed(event('room_finished', room))).body },
    'a longer body': { ...good, body: `${good.body} ` },
    'no body': { ...good, body: '' },
  };
  for (const [how, webhook] of Object.entries(bad)) {
    const answer = await deliver(server, webhook);
    assert.equal(answer.status, 401, how);
    assertProblem(answer, 401, 'UNAUTHENTICATED');
  }
  // A user's token is none of the media server's, nor the other way round.
  const users = await as(server, person('user')).post('/livekit/webhook', good.body);
  assertProblem(users, 401, 'UNAUTHENTICATED');
  const theirs = { headers: { Authorization: `Bearer ${good.authorization}` } };
  const read = await as(server, person('user')).get('/v1/messages', theirs);
  assertProblem(read, 401, 'UNAUTHENTICATED');
  assert.equal(await position(), before + 1);

  // Well signed, and of no room that there is, or not to be read.
  const strange = [
    event('room_started', 'no-such-room'),
    event('room_started', `umbrella/${room}`),
    event('room_started', '/'),
    { ...event('egress_started', room), room: undefined },
  ];
  for (const each of strange) assert.equal((await report(server, each)).status, 200);
  for (const each of [[], 'x', {}, { ...what, id: '' }, { ...what, event: 7 }])
    assertProblem(await report(server, each), 400, 'INVALID_MESSAGE');
  assert.equal(await position(), before + 2);
  const got = await as(server, person('user')).get('/livekit/webhook');
  assertProblem(got, 405, 'INVALID_MESSAGE');
  assert.equal(got.headers.allow, 'POST');
});

test('without a media server there are no tokens, and no webhooks', async (t) => {
  const server = await Server.start();
  t.after(() => server.stop());
  const { alice, bob } = await connected(server);
  for (const client of [alice, bob])
    for (const message of client.received) assert.deepEqual(tokens(message), {});
  const started = await as(server, person('user')).post('/voip/start', { calleeId: 'bob' });
  assert.deepEqual([started.json.callerToken, started.json.mediaUrl], [null, null]);
  assert.equal((await report(server, event('room_started', 'r'))).status, 404);
});
