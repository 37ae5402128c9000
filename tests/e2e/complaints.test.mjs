// What users complained about in the systems that this one takes the place of: each
// has a test that is named after it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { connected, person, ringing } from './calls.mjs';
import { unique } from './client.mjs';
import { event, MEDIA, report } from './mediaserver.mjs';
import { Server } from './server.mjs';
import { as, assertProblem, connect, Station } from './stations.mjs';
import { seconds, tokenFor } from './tokens.mjs';

const SNAPSHOT_TOOL =
  process.env.CALLSTATE_SNAPSHOT_TOOL ?? '../../build/release/tests/storage/snapshot_tool';

let server;
before(async () => {
  const flags = [
    ['--rate-messages', '100000/s'],
    ['--failed-logins', '1000'],
    ['--io-threads', '3'],
    ['--log-level', 'debug'],
  ];
  server = await Server.start({ flags: [...flags.flat(), ...MEDIA.flags], env: MEDIA.env });
});
after(() => server.stop());

const positions = (events) => events.map((each) => each.pos);
const results = async (answer) => {
  const { status, json, text } = await answer;
  assert.equal(status, 200, text);
  return json.results;
};
const device = (who, name) => ({ ...who, device: name });

async function open(t, ...what) {
  const station = await Station.open(server, ...what);
  t.after(() => station.client.close());
  return station;
}

test('after a short drop nothing is lost, also when nothing was received before it', async (t) => {
  for (const transport of ['ws', 'poll', 'sse']) {
    const room = unique('room');
    const alice = await open(t, person('caller'), 'ws', { room });
    // It has seen the room's state, or not even that, when it drops.
    const bob = await open(t, person('callee'), transport, { room });
    await bob.drops();
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: bob.person.user });
    await alice.tell({ type: 'SIGNAL', roomName: room, to: bob.person.user, data: { n: 1 } });
    await bob.returns();
    await bob.next('CALL_STARTED');
    assert.deepEqual((await bob.next('SIGNAL')).data, { n: 1 });
    await bob.tell({ type: 'ACCEPTED', roomName: room });
    await alice.next('ACCEPTED');
    await bob.next('ACCEPTED');
    await bob.drops();
    await alice.tell({ type: 'ENDED', roomName: room });
    await alice.next('ENDED');
    await bob.returns();
    await bob.next('ENDED');
    assert.deepEqual(positions(bob.events(room)), positions(alice.events(room)));
  }
});

test('a retry makes the server act once', async () => {
  const { room, caller, callee, alice, bob, started } = await connected(server);
  const { post } = as(server, caller);
  const signal = { type: 'SIGNAL', roomName: room, to: callee.user, data: {}, id: unique('m') };
  const [first] = await results(post('/v1/messages', signal));
  assert.equal(first.duplicate, false);
  const again = { ...first, duplicate: true };
  assert.deepEqual(await alice.tell(signal), again);
  assert.deepEqual(await results(post('/v1/messages', [signal, signal])), [again, again]);
  const start = { type: 'CALL_STARTED', roomName: room, calleeId: callee.user, id: started.id };
  assert.deepEqual(await results(post('/v1/messages', start)), [{ ...started, duplicate: true }]);
  // By whichever path: what ends a call ends it once.
  const key = { headers: { 'Idempotency-Key': unique('m') } };
  const ended = await post(`/voip/${room}/end`, {}, key);
  const repeated = await post(`/voip/${room}/end`, {}, key);
  assert.deepEqual(repeated.json, { ...ended.json, duplicate: true });
  await bob.next('ENDED');
  assert.deepEqual(bob.types(room), ['CALL_STARTED', 'ACCEPTED', 'SIGNAL', 'ENDED']);
});

test('who is told the state of a room is sent everything that follows', async (t) => {
  const { room, callee, alice } = await connected(server);
  let talks = true;
  const talking = (async () => {
    for (let n = 0; talks; ++n)
      await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: { n } });
  })();
  const listeners = [];
  for (let i = 0; i < 12; ++i) {
    const transport = ['ws', 'poll', 'sse'][i % 3];
    const listener = await open(t, person('listener'), transport, { room });
    listeners.push([await listener.next('ROOM_STATE'), listener]);
    if (transport !== 'ws') continue;
    const joins = await open(t, person('listener'), 'ws');
    joins.client.send({ type: 'JOIN', roomName: room });
    listeners.push([await joins.next('ROOM_STATE'), joins]);
  }
  talks = false;
  await talking;
  await alice.tell({ type: 'ENDED', roomName: room });
  await alice.next('ENDED');
  const all = positions(alice.events(room));
  for (const [state, listener] of listeners) {
    await listener.next('ENDED');
    const heard = positions(listener.events(room));
    assert.deepEqual(
      heard,
      all.filter((pos) => pos > state.pos),
      listener.client.name,
    );
  }
});

test('a long call outlives the token that it began with', async (t) => {
  const room = unique('room');
  const caller = person('caller', { lifetime: 2 });
  const alice = await server.join(room, caller);
  const bob = await open(t, person('callee'), 'ws');
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: bob.person.user });
  await bob.tell({ type: 'ACCEPTED', roomName: room });
  await alice.tell({ type: 'AUTH', token: tokenFor({ ...caller, lifetime: 3600 }) });
  // One whose token ends later has gone by now.
  const other = await server.inbox(person('other', { lifetime: 3 }));
  await other.closed(4401);
  await alice.tell({ type: 'SIGNAL', roomName: room, to: bob.person.user, data: {} });
  await bob.next('SIGNAL');
  assert.ok(!bob.client.has('PARTICIPANT_LEFT'));
});

test("other devices stop ringing; a second device's decline does not end the call", async (t) => {
  for (const transport of ['ws', 'poll', 'sse']) {
    const { room, caller, callee, alice, bob } = await ringing(server);
    const tablet = await open(t, device(callee, 'tablet'), transport);
    await tablet.next('CALL_STARTED');
    await bob.tell({ type: 'ACCEPTED', roomName: room });
    assert.equal((await tablet.next('ANSWERED_ELSEWHERE')).roomName, room);
    await tablet.refused({ type: 'REJECTED', roomName: room }, 'WRONG_STATE');
    const declined = await as(server, callee).post(`/voip/${room}/reject?device=watch`);
    assertProblem(declined, 409, 'WRONG_STATE');
    await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: {} });
    await bob.next('SIGNAL', { from: caller.user });
    assert.deepEqual(alice.types(room), ['CALL_STARTED', 'ACCEPTED', 'SIGNAL']);
  }
});

test('a phone that wakes late asks once, and learns what became of the call', async () => {
  const asks = async (callee, query = '') => {
    const { json } = await as(server, callee).get(`/v1/messages?device=phone${query}`);
    return json;
  };
  const state = async (callee, room) =>
    (await as(server, callee).get(`/v1/rooms/${room}/state`)).json;
  const types = ({ messages }) =>
    messages.map((each) => each.type).filter((type) => type !== 'USER_IN_CALL');

  const live = await ringing(server);
  const shown = await asks(live.callee);
  assert.deepEqual(types(shown), ['ROOM_STATE', 'CALL_STARTED']);
  assert.equal(shown.messages[0].callState, 'RINGING');
  assert.equal(shown.messages[1].pos, live.started.pos);
  assert.equal((await state(live.callee, live.room)).callState, 'RINGING');

  const cancelled = await ringing(server);
  await cancelled.alice.tell({ type: 'ENDED', roomName: cancelled.room });
  assert.deepEqual(types(await asks(cancelled.callee)), []);
  const missed = await asks(cancelled.callee, `&since=${cancelled.started.pos - 1}`);
  assert.deepEqual(types(missed), ['CALL_STARTED', 'ENDED']);
  const over = await state(cancelled.callee, cancelled.room);
  assert.deepEqual([over.callState, over.endReason], ['ENDED', 'cancelled']);

  const answered = await connected(server);
  const [shownState, ...more] = (await asks(answered.callee)).messages;
  assert.deepEqual([shownState.callState, more], ['CONNECTED', []]);
  const caught = await asks(answered.callee, `&since=${answered.started.pos}`);
  assert.deepEqual(types(caught), ['ACCEPTED', 'ANSWERED_ELSEWHERE']);
});

test('two phones answer at once: the first has the call, the other is told', async (t) => {
  for (let round = 0; round < 12; ++round) {
    const room = unique('room');
    const kim = person('kim');
    const alice = await open(t, person('caller'), 'ws');
    const pair = [['ws', 'ws'], ['ws', 'poll'], ['poll', 'ws'], ['sse', 'poll']][round % 4]; // prettier-ignore
    const phones = [
      await open(t, device(kim, 'first'), pair[0]),
      await open(t, device(kim, 'second'), pair[1]),
    ];
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: kim.user });
    for (const phone of phones) await phone.next('CALL_STARTED');
    const accept = { type: 'ACCEPTED', roomName: room };
    const answers = await Promise.all(phones.map((phone) => phone.client.ask(accept)));
    const won = answers.findIndex((each) => each.type === 'ACK');
    assert.equal(answers[won].outcome, 'applied');
    assert.equal(answers[1 - won].code, 'ANSWERED_ELSEWHERE');
    const told = await phones[1 - won].next('ANSWERED_ELSEWHERE');
    assert.equal(told.pos, answers[won].pos);
    await alice.tell({ type: 'ENDED', roomName: room });
    for (const each of [alice, ...phones]) await each.next('ENDED');
    assert.ok(!phones[won].client.has('ANSWERED_ELSEWHERE'));
    assert.deepEqual(alice.client.types(room), ['CALL_STARTED', 'ACCEPTED', 'ENDED']);
  }
});

test("a caller's cancel is recorded as cancelled, and what nobody answers as missed", async (t) => {
  const { room, caller, callee, alice, bob } = await ringing(server);
  await bob.tell({ type: 'RINGING', roomName: room });
  await alice.tell({ type: 'ENDED', roomName: room, reason: 'changed my mind' });
  const ended = await bob.next('ENDED');
  assert.deepEqual(
    [ended.reason, ended.endedBy, ended.duration, ended.detail],
    ['cancelled', caller.user, 0, 'changed my mind'],
  );
  const late = await bob.refused({ type: 'ACCEPTED', roomName: room }, 'WRONG_STATE');
  assert.equal(late.endReason, 'cancelled');
  const { json } = await as(server, caller).get(`/v1/rooms/${room}/state`);
  assert.equal(json.endReason, 'cancelled');
  const listed = async (at, who) => {
    const { calls } = (await as(at, who).get('/v1/calls')).json;
    return calls.map((call) => [call.roomName, call.status, call.endReason]);
  };
  for (const who of [caller, callee])
    assert.deepEqual(await listed(server, who), [[room, 'CANCELLED', 'cancelled']]);

  const hasty = await Server.start({ flags: ['--ring-timeout', '200ms'] });
  t.after(() => hasty.stop());
  const missed = await ringing(hasty);
  await missed.bob.next('ENDED', { reason: 'no_answer' });
  for (const who of [missed.caller, missed.callee])
    assert.deepEqual(await listed(hasty, who), [[missed.room, 'MISSED', 'no_answer']]);
});

test('a participant_left that is late, or comes twice, is told once', async () => {
  const { room, callee, alice, bob } = await connected(server);
  const identity = callee.user;
  const [joined, left] = [
    event('participant_joined', room, { identity }),
    event('participant_left', room, { identity }),
  ];
  for (const each of [left, joined, left, joined, left]) {
    const { status } = await report(server, each);
    assert.equal(status, 200);
  }
  await alice.tell({ type: 'ENDED', roomName: room });
  await bob.next('ENDED');
  const media = bob.events(room).filter((each) => each.type === 'MEDIA');
  assert.deepEqual(
    media.map((each) => [each.event, each.userId]),
    [
      ['participant_left', identity],
      ['participant_joined', identity],
    ],
  );
});

test('a user who was thrown out does not come back with the old token', async () => {
  const who = person('thrown');
  const session = await server.inbox(who);
  const poll = await connect(server, device(who, 'phone'), 'poll');
  const stream = await connect(server, device(who, 'tablet'), 'sse');
  const old = as(server, who);
  const token = tokenFor(who);
  const service = as(server, person('crm', { role: 'SERVICE' }));
  assertProblem(await old.post(`/v1/users/${who.user}/revoke`), 403, 'FORBIDDEN');
  const revoked = await service.post(`/v1/users/${who.user}/revoke`);
  assert.equal(revoked.status, 200, revoked.text);
  assert.ok(Date.parse(revoked.json.revokedBefore) <= Date.now());
  await session.closed(1008);
  await poll.closed(401);
  await stream.closed();
  const again = server.dial(`/v1/ws?token=${tokenFor({ ...who, iat: seconds() - 1 })}`);
  await again.closed(1008);
  const late = server.dial('/v1/ws');
  await late.opened();
  late.send({ type: 'AUTH', token, id: 'first' });
  late.send({ type: 'PING', id: 'second' });
  assert.equal((await late.closed(1008)).reason, 'Invalid authentication token');
  assert.deepEqual(late.received, []);
  const refusals = [
    old.get('/v1/messages?wait=5&since=0'),
    old.get('/v1/stream'),
    old.post('/v1/messages', { type: 'ENDED', roomName: 'r' }),
    old.post('/voip/start', { calleeId: 'bob' }),
    old.get('/v1/rooms/r/state'),
    old.get(`/v1/users/${who.user}/presence`),
  ];
  for (const answer of refusals) assertProblem(await answer, 401, 'UNAUTHENTICATED');
  // Tokens say to the second when they were issued.
  const anew = { ...who, iat: seconds() + 1 };
  const back = await server.inbox(anew);
  await back.refused({ type: 'AUTH', token }, 'UNAUTHENTICATED');
  await back.settled();
  await back.close();
  assert.equal((await as(server, anew).get('/v1/messages')).status, 200);
});

test('the late close of an old connection does not remove the new one of the same _pk', async () => {
  const { room, caller, alice, bob } = await connected(server);
  const path = `/party/${room}?token=${tokenFor(caller)}&_pk=laptop`;
  const old = server.dial(path);
  await old.next('ROOM_STATE');
  const renewed = server.dial(path);
  await renewed.next('ROOM_STATE');
  await old.close();
  await alice.close();
  await bob.tell({ type: 'SIGNAL', roomName: room, to: caller.user, data: { n: 1 } });
  assert.deepEqual((await renewed.next('SIGNAL')).data, { n: 1 });
  await renewed.tell({ type: 'ENDED', roomName: room });
  await bob.next('ENDED', { reason: 'hangup' });
  assert.ok(!bob.has('PARTICIPANT_LEFT'));
});

test('the close handshake is completed', async () => {
  for (const code of [1000, 1001, 3000, 4000]) {
    const room = await server.join(unique('room'), person('user'));
    const inbox = await server.inbox(person('user'));
    for (const client of [room, inbox]) {
      // Without the server's own close frame this would be 1006.
      client.socket.close(code, 'bye');
      const how = await client.closed(code);
      assert.equal(how.code, code);
    }
  }
});

test('a reader that does not read is closed, comes back, and has missed nothing', async (t) => {
  const room = unique('room');
  const alice = await open(t, person('caller'), 'ws', { room });
  const bob = await open(t, person('callee'), 'ws');
  const to = bob.person.user;
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: to });
  await bob.tell({ type: 'ACCEPTED', roomName: room });
  await bob.next('ACCEPTED');
  bob.client.socket.pause();
  const text = 'x'.repeat(8000);
  let n = 0;
  while (!alice.client.has('PARTICIPANT_LEFT')) {
    const burst = [];
    for (let i = 0; i < 50; ++i)
      burst.push(alice.tell({ type: 'SIGNAL', roomName: room, to, data: { n: ++n, text } }));
    await Promise.all(burst);
    assert.ok(n < 5_000, 'the server holds all of it');
  }
  await alice.next('PARTICIPANT_LEFT', { userId: to, reason: 'disconnected' });
  bob.client.socket.resume();
  await bob.client.closed(4410);
  await bob.returns();
  await bob.tell({ type: 'ENDED', roomName: room });
  await alice.next('ENDED');
  await bob.next('ENDED');
  assert.deepEqual(positions(bob.events(room)), positions(alice.events(room)));
  const said = bob.events(room).filter((each) => each.type === 'SIGNAL');
  assert.deepEqual(
    said.map((each) => each.data.n),
    said.map((_, index) => index + 1),
  );
  assert.equal(said.length, n);
});

test('nothing is read before authentication', async () => {
  const { room } = await connected(server);
  const raw = (head, body) =>
    new Promise((done, fail) => {
      const { hostname, port } = new URL(server.http);
      let answer = '';
      const socket = dial(port, hostname, () => socket.write(`${head}\r\nHost: x\r\n${body}`));
      socket.on('error', fail).on('data', (data) => (answer += data));
      socket.on('end', () => socket.destroy()).on('close', () => done(answer));
    });
  // The answer comes although no byte of the body does.
  const unsent = 'Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n';
  for (const path of ['/v1/messages', '/voip/start', `/voip/${room}/end`, '/livekit/webhook']) {
    const answer = await raw(`POST ${path} HTTP/1.1`, unsent);
    assert.match(answer, /^HTTP\/1.1 401 .*"code":"UNAUTHENTICATED"/s, path);
    assert.match(answer, /^Connection: close/im);
  }
  const state = await as(server, person('user')).get(`/v1/rooms/${room}/state`);
  const client = server.dial('/v1/ws');
  await client.opened();
  client.send({ type: 'ENDED', roomName: room, id: 'm' });
  await client.closed(1008);
  const bad = server.dial(`/party/${room}?token=${tokenFor(person('user'))}x`);
  bad.isOpen.then(() => bad.send({ type: 'ENDED', roomName: room, id: 'm' }));
  await bad.closed(1008);
  const then = await as(server, person('user')).get(`/v1/rooms/${room}/state`);
  assert.deepEqual([then.json.pos, then.json.callState], [state.json.pos, 'CONNECTED']);
});

test('no sticky sessions: polls over many connections go on by their cursor', async () => {
  const { room, caller, callee, alice } = await connected(server);
  const { get, post } = as(server, callee);
  const polls = async (cursor) => {
    const heard = [];
    for (let ended = false; !ended;) {
      const path = `/v1/messages?wait=20&limit=3&since=${cursor}`;
      const { json } = await get(path, { agent: false, headers: { Connection: 'close' } });
      heard.push(...json.messages.filter((each) => each.roomName === room && 'by' in each));
      ended = json.messages.some((each) => each.type === 'ENDED');
      assert.ok(json.cursor >= cursor);
      cursor = json.cursor;
    }
    return positions(heard);
  };
  const { cursor } = (await get('/v1/messages')).json;
  const many = Array.from({ length: 8 }, () => polls(cursor));
  for (let n = 0; n < 20; ++n) {
    await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: { n } });
    const back = { type: 'SIGNAL', roomName: room, to: caller.user, data: { n }, id: unique('m') };
    const [ack] = await results(post('/v1/messages', back, { agent: false }));
    assert.equal(ack.outcome, 'applied');
  }
  await alice.tell({ type: 'ENDED', roomName: room });
  await alice.next('ENDED');
  const expected = positions(alice.events(room)).filter((pos) => pos > cursor);
  assert.equal(expected.length, 41);
  for (const heard of await Promise.all(many)) assert.deepEqual(heard, expected);
});

/** A server with calls that have ended in three ways, and one that goes on. */
async function withCalls(t) {
  const own = await Server.start();
  t.after(() => own.stop());
  const cancelled = await ringing(own);
  await cancelled.alice.tell({ type: 'ENDED', roomName: cancelled.room });
  const declined = await ringing(own);
  await declined.bob.tell({ type: 'REJECTED', roomName: declined.room });
  const over = await connected(own);
  await over.bob.tell({ type: 'ENDED', roomName: over.room });
  const rooms = [cancelled, declined, over].map(({ room }) => room);
  const auditor = as(own, person('auditor', { role: 'AUDITOR' }));
  const get = async (path) => {
    const { status, json, text } = await auditor.get(path);
    assert.equal(status, 200, text);
    return json;
  };
  return { own, rooms, live: (await connected(own)).room, get };
}

test('projections: made anew from the log, the history of calls is the same', async (t) => {
  const { own, rooms, get } = await withCalls(t);
  const history = async () => {
    const shown = [];
    for (const room of rooms) {
      const { calls } = await get(`/v1/calls?room=${room}`);
      const { events } = await get(`/v1/calls/${calls[0].callId}/events`);
      shown.push(calls, events);
    }
    return shown;
  };
  const before = await history();
  assert.deepEqual(
    before.filter((_, i) => i % 2 === 0).map(([call]) => call.status),
    ['CANCELLED', 'REJECTED', 'ENDED'],
  );
  await own.terminate();
  const index = join(own.dataDir, 'index');
  assert.ok(existsSync(index));
  rmSync(index, { recursive: true });
  await own.launch();
  assert.deepEqual(await history(), before);
  assert.ok(existsSync(index));
});

test('snapshots: those of other rules are thrown away, and the states are the same', async (t) => {
  const { own, rooms, live, get } = await withCalls(t);
  const states = () => Promise.all(rooms.map((room) => get(`/v1/rooms/${room}/state`)));
  const before = await states();
  const { callId, answeredAt } = await get(`/v1/rooms/${live}/state`);
  await own.terminate();
  execFileSync(SNAPSHOT_TOOL, [own.dataDir, 'acme', ...rooms, live]);
  const from = own.log.length;
  await own.launch();
  await own.logged(/replayed after the checkpoint at 0\b/, { from });
  assert.deepEqual(await states(), before);
  const still = await get(`/v1/rooms/${live}/state`);
  assert.deepEqual(
    [still.callId, still.callState, still.answeredAt],
    [callId, 'CONNECTED', answeredAt],
  );
});
