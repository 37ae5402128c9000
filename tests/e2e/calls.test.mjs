// The rules of a call as its clients meet them: invitations, several devices,
// groups, and who is told what.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { connected, person, ringing } from './calls.mjs';
import { unique } from './client.mjs';
import { Server } from './server.mjs';

let server;
before(async () => (server = await Server.start({ flags: ['--log-level', 'debug'] })));
after(() => server.stop());

test('an invitation reaches every session of the callee, whatever room it is in', async () => {
  const [room, caller, callee] = [unique('room'), person('caller'), person('callee')];
  const alice = await server.join(room, caller);
  const inbox = await server.inbox({ ...callee, device: 'tablet' });
  const elsewhere = await server.join(unique('another-room'), { ...callee, device: 'phone' });
  const started = await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: callee.user });
  for (const session of [inbox, elsewhere]) {
    const invitation = await session.next('CALL_STARTED', { roomName: room });
    assert.equal(invitation.pos, started.pos);
  }
  // Both have heard of the room, and hear what happens there from then on.
  await elsewhere.tell({ type: 'RINGING', roomName: room });
  await inbox.next('RINGING', { roomName: room, deviceId: 'phone' });
  await alice.tell({ type: 'ENDED', roomName: room });
  for (const session of [inbox, elsewhere]) await session.next('ENDED', { reason: 'cancelled' });
});

test('a session that opens while it rings gets the invitation', async () => {
  const [room, caller, callee] = [unique('room'), person('caller'), person('callee')];
  const alice = await server.join(room, caller);
  await alice.tell({
    type: 'CALL_STARTED',
    roomName: room,
    calleeId: callee.user,
    metadata: { n: 1 },
  });
  const sent = await alice.next('CALL_STARTED');
  // Nobody was there to be told.
  assert.equal((await alice.next('CALLEE_OFFLINE')).calleeId, callee.user);

  const sessions = [
    await server.open('/v1/ws', { ...callee, device: 'phone' }),
    await server.open(`/party/${unique('another-room')}`, { ...callee, device: 'tablet' }),
    await server.open(`/party/${room}`, { ...callee, device: 'laptop' }),
  ];
  for (const session of sessions) assert.deepEqual(await session.next('CALL_STARTED'), sent);
  await sessions[1].tell({ type: 'ACCEPTED', roomName: room });
  await alice.next('ACCEPTED', { acceptedBy: callee.user });

  const late = await server.inbox({ ...callee, device: 'watch' });
  assert.ok(!late.has('CALL_STARTED'), 'an answered call was offered again');
});

test('one device answers and the others are told so; a second answer is refused', async () => {
  const { room, callee, alice, bob } = await ringing(server);
  const tablet = await server.inbox({ ...callee, device: 'tablet' });
  await tablet.next('CALL_STARTED');
  const answer = await bob.tell({ type: 'ACCEPTED', roomName: room });
  const told = await tablet.next('ANSWERED_ELSEWHERE');
  assert.equal(told.roomName, room);
  assert.equal(told.pos, answer.pos);
  assert.equal(told.callId, (await alice.next('ACCEPTED')).callId);
  await tablet.refused({ type: 'ACCEPTED', roomName: room }, 'ANSWERED_ELSEWHERE', /device/);
  await bob.tell({ type: 'ACCEPTED', roomName: room }, 'ignored');
  await bob.settled();
  assert.ok(!bob.has('ANSWERED_ELSEWHERE'), 'the device that answered was told so');
  assert.ok(!alice.has('ANSWERED_ELSEWHERE'));
});

test('two who call each other: the later call is refused and names the room that rings', async () => {
  const [first, second] = [unique('room'), unique('room')];
  const [ann, ben] = [person('ann'), person('ben')];
  const one = await server.join(first, ann);
  const two = await server.join(second, ben);
  await one.tell({ type: 'CALL_STARTED', roomName: first, calleeId: ben.user });
  const refusal = await two.refused(
    { type: 'CALL_STARTED', roomName: second, calleeId: ann.user },
    'GLARE',
    new RegExp(first),
  );
  assert.equal(refusal.glareRoom, first);
  assert.equal(refusal.roomName, second);
  // So it answers that one instead.
  await two.tell({ type: 'ACCEPTED', roomName: refusal.glareRoom });
  await one.next('ACCEPTED', { acceptedBy: ben.user });
});

test('a rejection ends a call of two', async () => {
  const { room, callee, alice, bob } = await ringing(server);
  await bob.tell({ type: 'REJECTED', roomName: room, reason: 'in a meeting' });
  const rejected = await alice.next('REJECTED');
  assert.equal(rejected.rejectedBy, callee.user);
  assert.equal(rejected.reason, 'in a meeting');
  const ended = await alice.next('ENDED');
  assert.deepEqual([ended.reason, ended.by, ended.duration], ['rejected', 'system', 0]);
  assert.ok(rejected.pos < ended.pos);
  await bob.tell({ type: 'REJECTED', roomName: room }, 'ignored');
  assert.deepEqual(alice.types(room), ['CALL_STARTED', 'REJECTED', 'ENDED']);
  await bob.next('ENDED');
  assert.deepEqual(bob.events(room), alice.events(room));
});

test('a callee that hangs up while it rings rejects', async () => {
  const { room, alice, bob } = await ringing(server);
  await bob.tell({ type: 'ENDED', roomName: room });
  await alice.next('REJECTED');
  await alice.next('ENDED', { reason: 'rejected' });
});

test('a cancelled call: an answer that comes too late learns why', async () => {
  const { room, caller, alice, bob } = await ringing(server);
  await alice.tell({ type: 'ENDED', roomName: room });
  const ended = await bob.next('ENDED');
  assert.deepEqual([ended.reason, ended.endedBy, ended.duration], ['cancelled', caller.user, 0]);
  await bob.refused({ type: 'ACCEPTED', roomName: room }, 'WRONG_STATE', /cancelled/);
  await bob.refused({ type: 'RINGING', roomName: room }, 'WRONG_STATE', /cancelled/);
});

test('a room takes another call after the first; not while one is on', async () => {
  const { room, caller, callee, alice, bob } = await ringing(server);
  const again = { type: 'CALL_STARTED', roomName: room, calleeId: caller.user };
  await bob.refused(again, 'WRONG_STATE', /RINGING/);
  await alice.tell({ type: 'ENDED', roomName: room });
  const second = await bob.tell(again);
  assert.equal(second.seq, 3);
  const calls = alice.events(room);
  assert.equal((await alice.next('CALL_STARTED', { callerId: callee.user })).seq, 3);
  assert.notEqual(calls[0].callId, alice.events(room)[2].callId);
});

test('a repeated message takes effect once', async () => {
  const { room, alice, bob } = await ringing(server);
  const id = unique('m');
  const first = await bob.tell({ type: 'ACCEPTED', roomName: room, id });
  const second = await bob.tell({ type: 'ACCEPTED', roomName: room, id });
  assert.deepEqual(second, { ...first, duplicate: true });
  await bob.settled();
  await alice.settled();
  assert.deepEqual(alice.types(room), ['CALL_STARTED', 'ACCEPTED']);

  // A refusal is repeated too.
  const refused = unique('m');
  await bob.refused(
    { type: 'CALL_STARTED', roomName: room, calleeId: 'x', id: refused },
    'WRONG_STATE',
  );
  await bob.refused(
    { type: 'CALL_STARTED', roomName: room, calleeId: 'x', id: refused },
    'WRONG_STATE',
  );
});

test('a ring is told once for each device', async () => {
  const { room, callee, alice, bob } = await ringing(server);
  const tablet = await server.inbox({ ...callee, device: 'tablet' });
  await tablet.tell({ type: 'RINGING', roomName: room });
  await tablet.tell({ type: 'RINGING', roomName: room }, 'ignored');
  await bob.tell({ type: 'RINGING', roomName: room });
  await alice.next('RINGING', { userId: callee.user, deviceId: 'tablet' });
  await alice.next('RINGING', { userId: callee.user });
  await alice.settled();
  assert.deepEqual(alice.types(room), ['CALL_STARTED', 'RINGING', 'RINGING']);
});

test('a group call: all are invited, some answer, one more is asked in', async () => {
  const room = unique('room');
  const people = ['host', 'ann', 'ben', 'cid'].map((name) => person(name));
  const [host, ann, ben, cid] = people;
  const [h, a, b, c] = [
    await server.join(room, host),
    await server.inbox(ann),
    await server.inbox(ben),
    await server.inbox(cid),
  ];
  await h.tell({ type: 'CALL_STARTED', roomName: room, calleeIds: [ann.user, ben.user] });
  assert.deepEqual((await a.next('CALL_STARTED')).calleeIds, [ann.user, ben.user]);
  await b.next('CALL_STARTED');
  await a.tell({ type: 'ACCEPTED', roomName: room });
  await b.next('ACCEPTED', { acceptedBy: ann.user });
  await b.tell({ type: 'ACCEPTED', roomName: room });

  await c.refused({ type: 'INVITED', roomName: room, calleeIds: ['x'] }, 'NOT_PARTICIPANT');
  await a.tell({ type: 'INVITED', roomName: room, calleeIds: [cid.user] });
  const invited = await c.next('INVITED');
  assert.deepEqual(invited.calleeIds, [cid.user]);
  assert.equal(invited.invitedBy, ann.user);
  await h.next('INVITED');
  await c.tell({ type: 'REJECTED', roomName: room });
  await h.next('REJECTED', { rejectedBy: cid.user });

  // One who leaves does not end it for the others, the caller does.
  await a.tell({ type: 'ENDED', roomName: room });
  const left = await h.next('PARTICIPANT_LEFT');
  assert.deepEqual([left.userId, left.reason], [ann.user, 'hangup']);
  assert.ok(!h.has('ENDED'));
  await h.tell({ type: 'ENDED', roomName: room });
  await b.next('ENDED', { endedBy: host.user });
  assert.deepEqual(h.types(room), [
    'CALL_STARTED',
    'ACCEPTED',
    'ACCEPTED',
    'INVITED',
    'REJECTED',
    'PARTICIPANT_LEFT',
    'ENDED',
  ]);
  assert.deepEqual(b.events(room), h.events(room));
});

test('a group call ends when fewer than two are left', async () => {
  const room = unique('room');
  const [host, ann, ben] = ['host', 'ann', 'ben'].map((name) => person(name));
  const h = await server.join(room, host);
  const a = await server.inbox(ann);
  await h.tell({ type: 'CALL_STARTED', roomName: room, calleeIds: [ann.user, ben.user] });
  await h.next('CALLEE_OFFLINE', { calleeId: ben.user });
  await a.next('CALL_STARTED');
  await a.tell({ type: 'ACCEPTED', roomName: room });
  await a.tell({ type: 'ENDED', roomName: room });
  await h.next('PARTICIPANT_LEFT', { userId: ann.user });
  await h.next('ENDED');
});

test('the data of a SIGNAL is for its two ends; the others see that there was one', async () => {
  const room = unique('room');
  const [host, ann, ben] = ['host', 'ann', 'ben'].map((name) => person(name));
  const h = await server.join(room, host);
  const a = await server.inbox(ann);
  const b = await server.inbox(ben);
  const bystander = await server.join(room, person('bystander'));
  await h.tell({ type: 'CALL_STARTED', roomName: room, calleeIds: [ann.user, ben.user] });
  for (const client of [a, b]) {
    await client.next('CALL_STARTED');
    await client.tell({ type: 'ACCEPTED', roomName: room });
  }
  await h.tell({
    type: 'SIGNAL',
    roomName: room,
    to: ann.user,
    data: { candidate: [1, { x: null }] },
  });
  for (const end of [h, a]) {
    const signal = await end.next('SIGNAL', { from: host.user, to: ann.user });
    assert.deepEqual(signal.data, { candidate: [1, { x: null }] });
  }
  for (const other of [b, bystander]) {
    assert.ok(!('data' in (await other.next('SIGNAL', { from: host.user, to: ann.user }))));
  }
  await h.refused(
    { type: 'SIGNAL', roomName: room, to: 'nobody', data: {} },
    'NOT_PARTICIPANT',
    /\bto\b/,
  );
  await h.refused(
    { type: 'SIGNAL', roomName: room, to: host.user, data: {} },
    'INVALID_MESSAGE',
    /\bto\b/,
  );
});

test('strangers hear a room and have no say in it', async () => {
  const { room, callee } = await connected(server);
  const stranger = await server.join(room, person('stranger'));
  for (const message of [
    { type: 'ENDED' },
    { type: 'ACCEPTED' },
    { type: 'REJECTED' },
    { type: 'RINGING' },
    { type: 'SIGNAL', to: callee.user, data: {} },
  ]) {
    await stranger.refused(
      { roomName: room, ...message },
      'NOT_PARTICIPANT',
      new RegExp(message.type),
    );
  }
});

test('nobody speaks for somebody else', async () => {
  const { room, caller, callee, alice, bob } = await connected(server);
  await bob.refused(
    { type: 'ENDED', roomName: room, endedBy: caller.user },
    'IDENTITY_MISMATCH',
    /endedBy/,
  );
  await alice.refused(
    {
      type: 'CALL_STARTED',
      roomName: unique('room'),
      callerId: callee.user,
      calleeId: caller.user,
    },
    'IDENTITY_MISMATCH',
    /callerId/,
  );
  await bob.refused(
    { type: 'ACCEPTED', roomName: room, acceptedBy: caller.user },
    'IDENTITY_MISMATCH',
    /acceptedBy/,
  );
  await bob.refused(
    { type: 'REJECTED', roomName: room, rejectedBy: caller.user },
    'IDENTITY_MISMATCH',
    /rejectedBy/,
  );
  await bob.settled();
  assert.deepEqual(bob.types(room), ['CALL_STARTED', 'ACCEPTED']);
});

test('roles: an auditor only reads, a service acts for others, a customer hears its own calls', async () => {
  const { room, caller, callee, alice } = await ringing(server);
  const auditor = await server.join(room, person('auditor', { role: 'AUDITOR' }));
  await auditor.refused({ type: 'ENDED', roomName: room }, 'FORBIDDEN', /AUDITOR/);
  const service = await server.inbox(person('service', { role: 'SERVICE' }));
  await service.tell({ type: 'ACCEPTED', roomName: room, acceptedBy: callee.user });
  await alice.next('ACCEPTED', { acceptedBy: callee.user });
  await auditor.next('ACCEPTED');
  const customer = await server.open(
    `/party/${room}`,
    person('customer', { role: 'PORTAL_CUSTOMER' }),
  );
  await customer.closed(4403);
  assert.ok(!customer.has('ROOM_STATE'), 'a customer was shown the call of others');
  assert.ok(caller);
});

test('rooms of other tenants are just other rooms', async () => {
  const { room, callee, alice } = await connected(server);
  // The same names in another tenant: the room, and the people.
  const other = await server.open(`/party/${room}`, { ...callee, tenant: 'umbrella' });
  const state = await other.next('ROOM_STATE');
  assert.deepEqual([state.callState, state.seq, state.participants], ['IDLE', 0, []]);
  await other.refused({ type: 'ENDED', roomName: room }, 'WRONG_STATE', /IDLE/);
  // A name that begins with the other tenant's own.
  const posing = await server.open('/party/acme-call-1', { ...callee, tenant: 'umbrella' });
  assert.equal((await posing.next('ROOM_STATE')).callState, 'IDLE');
  await other.tell({ type: 'CALL_STARTED', roomName: room, calleeId: 'somebody' });
  await alice.settled();
  assert.deepEqual(alice.types(room), ['CALL_STARTED', 'ACCEPTED']);
});

test('JOIN and LEAVE', async () => {
  const { room, alice } = await ringing(server);
  const listener = await server.inbox(person('listener'));
  await listener.tell({ type: 'JOIN', roomName: room });
  assert.equal((await listener.next('ROOM_STATE', { roomName: room })).callState, 'RINGING');
  await alice.tell({ type: 'ENDED', roomName: room });
  await listener.next('ENDED', { roomName: room });
  await listener.tell({ type: 'LEAVE', roomName: room });
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: 'somebody' });
  await listener.settled();
  assert.deepEqual(listener.types(room), ['ENDED']);
});

test('PING is answered', async () => {
  const client = await server.inbox(person('user'));
  client.send({ type: 'PING' });
  await client.next('PONG');
});
