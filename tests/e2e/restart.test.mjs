// Kills, stops and restarts in the middle of calls.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connected, person } from './calls.mjs';
import { isRoomEvent, unique } from './client.mjs';
import { callstate, Server } from './server.mjs';

async function start(t, flags = []) {
  const server = await Server.start({ flags });
  t.after(() => server.stop());
  return server;
}

test('kill -9 in the middle of a call: both come back and go on', async (t) => {
  const server = await start(t);
  const { room, caller, callee, alice, bob, started } = await connected(server);
  const signal = {
    type: 'SIGNAL',
    roomName: room,
    to: callee.user,
    data: { n: 1 },
    id: unique('m'),
  };
  const acknowledged = await alice.tell(signal);
  await bob.next('SIGNAL');
  const callId = alice.events(room)[0].callId;

  await server.kill();
  await Promise.all([alice.closed(1006), bob.closed(1006)]);
  await server.launch();

  const ann = await server.open(`/party/${room}`, caller);
  const state = await ann.next('ROOM_STATE');
  assert.equal(state.callId, callId);
  assert.equal(state.callState, 'CONNECTED');
  assert.deepEqual(
    state.participants.map(({ userId, state: how }) => [userId, how]),
    [
      [caller.user, 'joined'],
      [callee.user, 'disconnected'],
    ],
  );
  const ben = await server.open(`/party/${room}`, callee);
  const joined = await ann.next('PARTICIPANT_JOINED', { userId: callee.user });
  assert.equal((await ben.next('ROOM_STATE')).seq, joined.seq);

  // What was acknowledged before the kill is done, and known by its id.
  assert.deepEqual(await ann.tell(signal), { ...acknowledged, duplicate: true });
  const again = await ann.ask({
    type: 'CALL_STARTED',
    roomName: room,
    calleeId: callee.user,
    id: started.id,
  });
  assert.deepEqual(again, { ...started, duplicate: true });
  await ann.tell({ ...signal, id: unique('m') });
  await ben.next('SIGNAL');
  assert.equal(ben.events(room).filter((event) => event.type === 'SIGNAL').length, 1);
  await ben.tell({ type: 'ENDED', roomName: room });
  await ann.next('ENDED', { reason: 'hangup', endedBy: callee.user });
  await ben.next('ENDED');

  // Every event that anybody has seen is in the log, as it was seen.
  assert.equal((await server.terminate()).code, 0);
  const timeline = (await server.timeline(room))
    .filter(isRoomEvent)
    .filter((each) => each.roomName === room);
  const bySeq = new Map(timeline.map((record) => [record.seq, record]));
  for (const client of [alice, bob, ann, ben]) {
    for (const event of client.events(room)) {
      const record = bySeq.get(event.seq);
      assert.ok(record, `not in the log: ${JSON.stringify(event)}`);
      for (const [field, value] of Object.entries(event))
        assert.deepEqual(record[field], value, field);
    }
  }
  assert.deepEqual(
    timeline.map((record) => record.seq),
    timeline.map((_, index) => index + 1),
  );
  assert.deepEqual(
    timeline.map((record) => record.type),
    [
      'CALL_STARTED',
      'ACCEPTED',
      'SIGNAL',
      'PARTICIPANT_JOINED',
      'PARTICIPANT_JOINED',
      'SIGNAL',
      'ENDED',
    ],
  );
  const verified = await callstate(['verify', '--data-dir', server.dataDir, '--json']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  assert.equal(JSON.parse(verified.stdout).ok, true);
});

test('kill -9 while it rings: a callee that comes back is invited again, and answers', async (t) => {
  const server = await start(t);
  const [room, caller, callee] = [unique('room'), person('caller'), person('callee')];
  const alice = await server.join(room, caller);
  const bob = await server.inbox(callee);
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: callee.user });
  const invitation = await bob.next('CALL_STARTED');
  await server.kill();
  await server.launch();
  const again = await server.open('/v1/ws', callee);
  assert.deepEqual(await again.next('CALL_STARTED'), invitation);
  const caller_again = await server.join(room, caller);
  await again.tell({ type: 'ACCEPTED', roomName: room });
  await caller_again.next('ACCEPTED');
});

test('a call that nobody comes back to ends by itself', async (t) => {
  const server = await start(t, ['--reconnect-grace', '300ms']);
  const { room, alice } = await connected(server);
  await server.kill();
  await alice.closed();
  await server.launch();
  const witness = await server.open(`/party/${room}`, person('witness'));
  const state = await witness.next('ROOM_STATE');
  if (state.callState !== 'ENDED')
    await witness.next('ENDED', { reason: 'connection_lost', by: 'system' });
  await server.terminate();
  assert.equal((await server.timeline(room)).at(-1).type, 'ENDED');
});

test('a ring deadline passes while the server is down', async (t) => {
  const server = await start(t, ['--ring-timeout', '400ms']);
  const [room, caller] = [unique('room'), person('caller')];
  const alice = await server.join(room, caller);
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: 'nobody' });
  const { ringDeadline } = await alice.next('CALL_STARTED');
  await server.kill();
  await new Promise((done) =>
    setTimeout(done, Math.max(0, Date.parse(ringDeadline) - Date.now()) + 10),
  );
  await server.launch();
  const again = await server.open(`/party/${room}`, caller);
  const state = await again.next('ROOM_STATE');
  if (state.callState !== 'ENDED') await again.next('ENDED');
  await server.terminate();
  const types = (await server.timeline(room))
    .filter((each) => each.roomName === room)
    .map((each) => each.type);
  assert.deepEqual(types.slice(-2), ['TIMED_OUT', 'ENDED']);
});

test('SIGTERM: clients are told to come back, the exit code is 0, a call goes on after it', async (t) => {
  const server = await start(t);
  const { room, caller, callee, alice, bob } = await connected(server);
  const waiting = server.dial('/v1/ws');
  await waiting.opened();
  const how = await server.terminate();
  assert.deepEqual(how, { code: 0, signal: null });
  for (const client of [alice, bob, waiting]) await client.closed(1001);

  const shown = await callstate(['timeline', room, '--data-dir', server.dataDir]);
  assert.equal(shown.code, 0);
  for (const type of ['CALL_STARTED', 'ACCEPTED'])
    assert.ok(shown.stdout.includes(type), shown.stdout);
  const state = await callstate(['state', room, '--data-dir', server.dataDir]);
  assert.match(state.stdout, /CONNECTED/);

  await server.launch();
  const ann = await server.open(`/party/${room}`, caller);
  assert.equal((await ann.next('ROOM_STATE')).callState, 'CONNECTED');
  const ben = await server.open('/v1/ws', callee);
  await ann.next('PARTICIPANT_JOINED', { userId: callee.user });
  await ben.tell({ type: 'ENDED', roomName: room });
  await ann.next('ENDED');
});

test('SIGINT stops it just the same', async () => {
  const server = await Server.start();
  const client = await server.inbox(person('user'));
  server.child.kill('SIGINT');
  assert.equal((await server.exited).code, 0);
  await client.closed(1001);
  await server.stop();
});

test('the log keeps what was refused and ignored, and no room of another tenant', async (t) => {
  const server = await start(t);
  const { room, caller, callee, alice, bob } = await connected(server);
  const stranger = await server.join(room, person('stranger'));
  await stranger.refused({ type: 'ENDED', roomName: room }, 'NOT_PARTICIPANT');
  await alice.tell({ type: 'ENDED', roomName: room });
  await bob.tell({ type: 'ENDED', roomName: room }, 'ignored');
  const other = await server.join(room, { ...caller, tenant: 'umbrella' });
  await other.tell({ type: 'CALL_STARTED', roomName: room, calleeId: callee.user });
  await server.terminate();

  const ours = await server.timeline(room, '--tenant', 'acme');
  assert.deepEqual(
    ours.map((each) => [each.type, each.outcome, each.seq]),
    [
      ['CALL_STARTED', 'applied', 1],
      ['ACCEPTED', 'applied', 2],
      ['ENDED', 'refused', 2],
      ['ENDED', 'applied', 3],
      ['ENDED', 'ignored', 3],
    ],
  );
  assert.equal(ours[2].code, 'NOT_PARTICIPANT');
  const theirs = await server.timeline(room, '--tenant', 'umbrella');
  assert.deepEqual(
    theirs.map((each) => each.tenantId),
    theirs.map(() => 'umbrella'),
  );
  // Which of them is meant has to be said.
  const unsaid = await callstate(['timeline', room, '--data-dir', server.dataDir]);
  assert.notEqual(unsaid.code, 0);
  assert.match(unsaid.stderr, /--tenant/);
});
