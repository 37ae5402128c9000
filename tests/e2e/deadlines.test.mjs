// What the server concludes by itself when time passes or connections go.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { connected, person, ringing } from './calls.mjs';
import { unique } from './client.mjs';
import { Server } from './server.mjs';
import { as } from './stations.mjs';

// A server each, so that only one of the times is short.
const serverWith = (...flags) => {
  const holder = {};
  before(async () => (holder.server = await Server.start({ flags })));
  after(() => holder.server.stop());
  return holder;
};

describe('with a short ring timeout', () => {
  const at = serverWith('--ring-timeout', '300ms');

  test('a call that nobody answers times out', async () => {
    const { room, alice, bob } = await ringing(at.server);
    const timedOut = await bob.next('TIMED_OUT');
    const ended = await bob.next('ENDED');
    assert.deepEqual([ended.reason, ended.by, ended.duration], ['no_answer', 'system', 0]);
    assert.equal(ended.seq, timedOut.seq + 1);
    await alice.next('ENDED');
    assert.deepEqual(alice.types(room), ['CALL_STARTED', 'TIMED_OUT', 'ENDED']);
    assert.deepEqual(bob.events(room), alice.events(room));
    const took = Date.parse(timedOut.at) - Date.parse(alice.events(room)[0].at);
    assert.ok(took >= 300 && took < 3_000, `rang for ${took} ms`);
    await bob.refused({ type: 'ACCEPTED', roomName: room }, 'WRONG_STATE', /no_answer/);
  });
});

describe('with a short grace', () => {
  const at = serverWith('--reconnect-grace', '200ms', '--presence-grace', '100ms');

  test('a participant that stays away ends the call', async () => {
    const { room, callee, alice, bob } = await connected(at.server);
    await bob.breaks();
    const left = await alice.next('PARTICIPANT_LEFT');
    assert.deepEqual([left.userId, left.reason, left.by], [callee.user, 'disconnected', 'system']);
    const ended = await alice.next('ENDED');
    assert.equal(ended.reason, 'connection_lost');
    assert.deepEqual(alice.types(room), ['CALL_STARTED', 'ACCEPTED', 'PARTICIPANT_LEFT', 'ENDED']);
    const away = Date.parse(ended.at) - Date.parse(left.at);
    assert.ok(away >= 200 && away < 3_000, `waited for ${away} ms`);
  });

  test('a caller that goes away while it rings ends the call', async () => {
    const { alice, bob } = await ringing(at.server);
    await alice.close();
    await bob.next('PARTICIPANT_LEFT');
    await bob.next('ENDED', { reason: 'connection_lost' });
  });

  test('who goes is offline after a grace', async () => {
    const { callee, alice, bob } = await connected(at.server);
    await bob.close();
    const offline = await alice.next('USER_OFFLINE');
    assert.deepEqual([offline.userId, offline.tenantId], [callee.user, 'acme']);
  });
});

describe('with a short longest duration', () => {
  const at = serverWith('--max-call-duration', '300ms');

  test('a call has a longest duration', async () => {
    const { room, alice, bob } = await connected(at.server);
    const ended = await bob.next('ENDED');
    assert.deepEqual([ended.reason, ended.by], ['max_duration', 'system']);
    await alice.next('ENDED');
    assert.deepEqual(alice.events(room), bob.events(room));
  });
});

describe('with long times', () => {
  const at = serverWith('--presence-grace', '100ms');

  test('a participant that comes back goes on with the call', async () => {
    const { room, callee, alice, bob } = await connected(at.server);
    await bob.breaks();
    await alice.next('PARTICIPANT_LEFT', { userId: callee.user, reason: 'disconnected' });
    const again = await at.server.open('/v1/ws', callee);
    const joined = await alice.next('PARTICIPANT_JOINED', { userId: callee.user });
    assert.equal(joined.participant.userId, callee.user);
    const state = await again.next('ROOM_STATE', { roomName: room });
    assert.equal(state.callState, 'CONNECTED');
    assert.equal(state.seq, joined.seq);
    await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: { ice: 1 } });
    await again.next('SIGNAL');
    await again.tell({ type: 'ENDED', roomName: room });
    await alice.next('ENDED', { reason: 'hangup' });
  });

  test('one of several sessions may go without anybody noticing', async () => {
    const { room, callee, alice, bob } = await connected(at.server);
    const second = await at.server.inbox({ ...callee, device: 'tablet' });
    await bob.breaks();
    await second.settled();
    await alice.settled();
    assert.deepEqual(alice.types(room), ['CALL_STARTED', 'ACCEPTED']);
  });

  test('presence: those in a call with a user learn of its going and coming', async () => {
    const { room, callee, alice, bob } = await connected(at.server);
    await bob.close();
    await alice.next('PARTICIPANT_LEFT', { userId: callee.user });
    await alice.next('USER_OFFLINE', { userId: callee.user, tenantId: 'acme' });
    const again = await at.server.inbox(callee);
    await alice.next('USER_ONLINE', { userId: callee.user, tenantId: 'acme' });
    await alice.next('PARTICIPANT_JOINED', { userId: callee.user });
    await again.tell({ type: 'ENDED', roomName: room });
  });

  test("presence: a user's own inbox learns that the user is in a call", async () => {
    const [room, caller, callee] = [unique('room'), person('caller'), person('callee')];
    const alice = await at.server.inbox(caller);
    const bob = await at.server.inbox(callee);
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: callee.user });
    await bob.tell({ type: 'ACCEPTED', roomName: room });
    await alice.next('USER_IN_CALL', { userId: caller.user, roomName: room });
    await bob.next('USER_IN_CALL', { userId: callee.user, roomName: room });
    await alice.settled();
    assert.equal(alice.received.filter((each) => each.type === 'USER_IN_CALL').length, 1);
  });

  test('a callee without any session is said to be offline, and may come while it rings', async () => {
    const [room, caller, callee] = [unique('room'), person('caller'), person('callee')];
    const alice = await at.server.join(room, caller);
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: callee.user });
    const offline = await alice.next('CALLEE_OFFLINE');
    assert.deepEqual([offline.calleeId, offline.by], [callee.user, 'system']);
    const bob = await at.server.inbox(callee);
    await bob.next('CALL_STARTED', { roomName: room });
    await bob.tell({ type: 'ACCEPTED', roomName: room });
    await alice.next('ACCEPTED');
  });
});

describe('with a short presence of those who poll', () => {
  const at = serverWith('--poll-presence', '300ms', '--presence-grace', '100ms');

  test('who polls is there while a poll waits, and that long after it', async () => {
    const [room, kim] = [unique('room'), person('kim')];
    const alice = await at.server.join(room, person('ann'));
    const { get, post } = as(at.server, kim);
    let polled = Date.now();
    const { cursor } = (await get('/v1/messages')).json;
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: kim.user });
    assert.equal((await post(`/voip/${room}/accept`)).status, 200);
    const offline = async () => {
      const left = await alice.next('PARTICIPANT_LEFT');
      assert.deepEqual([left.userId, left.reason], [kim.user, 'disconnected']);
      await alice.next('USER_OFFLINE');
      const { json } = await get(`/v1/users/${kim.user}/presence`);
      assert.deepEqual([json.online, json.devices, json.rooms], [false, [], [room]]);
      return Date.parse(left.at) - polled;
    };
    let stayed = await offline();
    assert.ok(stayed >= 299 && stayed < 3_000, `was there for ${stayed} ms`);

    polled = Date.now();
    const waited = await get(`/v1/messages?room=other&since=${cursor}&wait=1`);
    assert.deepEqual(waited.json.messages, []);
    await alice.next('PARTICIPANT_JOINED', { userId: kim.user });
    stayed = await offline();
    assert.ok(stayed >= 1_299 && stayed < 4_000, `was there for ${stayed} ms`);
  });
});
