// A whole call on each path, with the token in each place where it may be.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import PartySocket from 'partysocket';
import WebSocket from 'ws';

import { connected, person } from './calls.mjs';
import { Client, unique } from './client.mjs';
import { Server } from './server.mjs';
import { confidential, tokenFor } from './tokens.mjs';

let server;
before(async () => (server = await Server.start({ flags: ['--log-level', 'debug'] })));
after(() => server.stop());

async function wholeCall(room, caller, callee, alice, bob) {
  const note = confidential('Grobnik Pharmaceuticals');
  const started = await alice.tell({
    type: 'CALL_STARTED',
    roomName: room,
    callerId: caller.user,
    calleeId: callee.user,
    calleeName: callee.name,
    metadata: { note },
  });
  assert.equal(started.seq, 1);
  assert.equal(started.roomName, room);
  assert.equal(started.duplicate, false);

  const invitation = await bob.next('CALL_STARTED');
  assert.equal(invitation.callerId, caller.user);
  assert.equal(invitation.callerName, caller.name);
  assert.equal(invitation.calleeId, callee.user);
  assert.deepEqual(invitation.calleeIds, [callee.user]);
  assert.equal(invitation.calleeName, callee.name);
  assert.deepEqual(invitation.metadata, { note });
  assert.equal(invitation.pos, started.pos);
  assert.equal(Date.parse(invitation.ringDeadline) - Date.parse(invitation.at), 45_000);

  await bob.tell({ type: 'RINGING', roomName: room });
  await bob.tell({ type: 'ACCEPTED', roomName: room, acceptedBy: callee.user });
  assert.equal((await alice.next('ACCEPTED')).acceptedBy, callee.user);
  await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: { sdp: 'v=0' } });
  assert.deepEqual((await bob.next('SIGNAL')).data, { sdp: 'v=0' });
  await bob.tell({ type: 'SIGNAL', roomName: room, to: caller.user, data: { sdp: 'v=1' } });

  const ended = await alice.tell({ type: 'ENDED', roomName: room, reason: 'done' });
  const goodbye = await bob.next('ENDED');
  assert.equal(goodbye.endedBy, caller.user);
  assert.equal(goodbye.reason, 'hangup');
  assert.ok(Number.isInteger(goodbye.duration));
  // The other side hung up at the same moment.
  const late = await bob.tell({ type: 'ENDED', roomName: room }, 'ignored');
  assert.equal(late.seq, ended.seq);
  await alice.next('ENDED');

  const types = ['CALL_STARTED', 'RINGING', 'ACCEPTED', 'SIGNAL', 'SIGNAL', 'ENDED'];
  assert.deepEqual(alice.types(room), types);
  assert.deepEqual(alice.events(room), bob.events(room));
  assert.deepEqual(
    alice.events(room).map((event) => event.seq),
    [1, 2, 3, 4, 5, 6],
  );
  assert.equal(new Set(alice.events(room).map((event) => event.callId)).size, 1);
}

const paths = {
  '/party/{room}': (room) => `/party/${room}`,
  '/parties/{party}/{room}': (room) => `/parties/voip/${room}`,
  '/v1/ws': () => '/v1/ws',
};

for (const [shape, path] of Object.entries(paths)) {
  test(`a whole call on ${shape}`, async () => {
    const room = unique('room');
    const [caller, callee] = [person('caller'), person('callee')];
    const alice = await server.open(path(room), caller);
    const bob = await server.open(path(room), callee);
    for (const [client, who] of [
      [alice, caller],
      [bob, callee],
    ]) {
      await client.settled();
      if (shape === '/v1/ws') {
        assert.ok(!client.has('ROOM_STATE'), who.user);
        continue;
      }
      const state = await client.next('ROOM_STATE');
      assert.deepEqual(
        {
          roomName: state.roomName,
          callId: state.callId,
          callState: state.callState,
          participants: state.participants,
          seq: state.seq,
          pos: state.pos,
        },
        { roomName: room, callId: null, callState: 'IDLE', participants: [], seq: 0, pos: 0 },
      );
    }
    await wholeCall(room, caller, callee, alice, bob);
  });
}

test('a call between the paths: caller in the room, callee on its inbox', async () => {
  const room = unique('room');
  const [caller, callee] = [person('caller'), person('callee')];
  await wholeCall(
    room,
    caller,
    callee,
    await server.join(room, caller),
    await server.inbox(callee),
  );
});

test('the state of a room while a call is on, and after it', async () => {
  const room = unique('room');
  const [caller, callee] = [person('caller'), person('callee')];
  const alice = await server.join(room, caller);
  const bob = await server.inbox(callee);
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: callee.user });
  await bob.tell({ type: 'ACCEPTED', roomName: room });
  const state = await (await server.open(`/party/${room}`, caller)).next('ROOM_STATE');
  assert.equal(state.callState, 'CONNECTED');
  assert.deepEqual(state.participants, [
    { userId: caller.user, role: 'caller', state: 'joined' },
    { userId: callee.user, role: 'callee', state: 'joined' },
  ]);
  assert.ok(state.startedAt && state.answeredAt);
  assert.equal(state.seq, 2);
  await bob.tell({ type: 'ENDED', roomName: room });
  bob.send({ type: 'JOIN', roomName: room });
  assert.equal((await bob.next('ROOM_STATE', { roomName: room })).callState, 'ENDED');
});

test("partysocket's client makes a call, and its _pk is the device", async () => {
  const room = unique('room');
  const [caller, callee] = [person('caller'), person('callee')];
  const connect = (who, id, party) =>
    new PartySocket({
      host: server.url.replace('ws://', ''),
      protocol: 'ws',
      party,
      room,
      id,
      query: { token: tokenFor(who) },
      WebSocket,
    });
  const sockets = [connect(caller, 'laptop-7'), connect(callee, 'phone-7', 'calls')];
  const [alice, bob] = sockets.map((socket, i) => new Client('', { socket, name: `party ${i}` }));
  await Promise.all([alice.opened(), bob.opened()]);
  await alice.next('ROOM_STATE');
  await bob.next('ROOM_STATE');
  await wholeCall(room, caller, callee, alice, bob);
  assert.equal(alice.events(room)[1].deviceId, 'phone-7');
  for (const socket of sockets) socket.close();
});

describe('the token', () => {
  const works = async (client) => {
    await client.opened();
    await client.settled();
    await client.close();
  };

  for (const [shape, path] of Object.entries(paths)) {
    test(`in the query, a header or a subprotocol of ${shape}`, async () => {
      const token = tokenFor(person('user'));
      const where = path(unique('room'));
      await works(server.dial(`${where}?token=${token}`));
      await works(server.dial(where, { headers: { Authorization: `Bearer ${token}` } }));
      const client = server.dial(where, { protocols: ['callstate.v1', `bearer.${token}`] });
      await client.opened();
      assert.equal(client.socket.protocol, 'callstate.v1');
      await works(client);
    });
  }

  test('in a first message, AUTH, on /v1/ws', async () => {
    const client = server.dial('/v1/ws');
    await client.opened();
    client.send({ type: 'AUTH', token: tokenFor(person('user')) });
    await works(client);
  });

  test('is taken from the header first, then the subprotocol, then the query', async () => {
    const good = tokenFor(person('user'));
    const bad = `${good}x`;
    await works(
      server.dial(`/v1/ws?token=${bad}`, {
        headers: { Authorization: `Bearer ${good}` },
        protocols: ['callstate.v1', `bearer.${bad}`],
      }),
    );
    await works(
      server.dial(`/v1/ws?token=${bad}`, { protocols: ['callstate.v1', `bearer.${good}`] }),
    );
  });

  test('missing on a room path closes with 1008, with the reason that clients know', async () => {
    for (const path of ['/party/r', '/parties/voip/r']) {
      const how = await server.dial(path).closed(1008);
      assert.equal(how.reason, 'Missing authentication token');
    }
  });

  test('missing when another message than AUTH comes first', async () => {
    const client = server.dial('/v1/ws');
    await client.opened();
    client.send({ type: 'PING' });
    assert.equal((await client.closed(1008)).reason, 'Missing authentication token');
  });
});

test('a client that comes back with its cursor misses nothing', async () => {
  const call = await connected(server);
  const open = async (since) => {
    const query = `token=${tokenFor(call.callee)}&device=late&since=${since}`;
    const client = server.dial(`/v1/ws?${query}`);
    await client.opened();
    return client;
  };
  const late = await open(call.started.pos - 1);
  assert.equal((await late.next('ROOM_STATE')).callState, 'CONNECTED');
  const started = await late.next('CALL_STARTED');
  assert.equal(started.pos, call.started.pos);
  const accepted = await late.next('ACCEPTED');
  assert.ok(accepted.pos > started.pos);
  // It was another device that answered.
  assert.equal((await late.next('ANSWERED_ELSEWHERE')).pos, accepted.pos);
  for (const since of ['zz', '-1', '1e3', '99999999']) {
    const client = await open(since);
    assert.equal((await client.next('ERROR')).code, 'INVALID_MESSAGE', since);
    assert.equal((await client.next('ROOM_STATE')).callState, 'CONNECTED');
  }
  const joined = await server.inbox(person('listener'));
  joined.send({ type: 'JOIN', id: 'j', roomName: call.room, since: 0 });
  assert.equal((await joined.next('ROOM_STATE')).callState, 'CONNECTED');
  assert.equal((await joined.next('CALL_STARTED')).pos, call.started.pos);
});
