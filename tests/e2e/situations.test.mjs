// The situations that calls get into: each by several transports, and once more
// with a kill -9 and a start in the middle.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { person } from './calls.mjs';
import { unique } from './client.mjs';
import { Server } from './server.mjs';
import { assertProblem, request, restart, Station } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

async function start(t, ...flags) {
  const server = await Server.start({ flags });
  t.after(() => server.stop());
  return server;
}

/** Closes the stations' connections when the test is over: a poll would hold it. */
function opener(t, server) {
  return async (who, transport, options) => {
    const station = await Station.open(server, who, transport, options);
    t.after(() => station.client.close());
    return station;
  };
}

/** What two people hear of a room is the same but for a SIGNAL's data and tokens. */
function assertSame(room, ...stations) {
  const [first, ...others] = stations.map((station) =>
    station.events(room).map(({ data: _, ...event }) => event),
  );
  for (const other of others) assert.deepEqual(other, first);
  assert.deepEqual(
    first.map((event) => event.seq),
    first.map((_, index) => index + 1),
  );
  return first.map((event) => event.type);
}

const without = (types, ...left) => types.filter((type) => !left.includes(type));
const variants = [
  ['', false],
  [', across a kill -9', true],
];

const customer = (name, more) =>
  person(name, { role: 'PORTAL_CUSTOMER', device: 'phone', ...more });
const agent = (name, more) => person(name, { role: 'CRM_USER', device: 'desk', ...more });

describe('one side of the CRM calls the other, and is called back:', () => {
  const pairs = [
    ['ws', 'ws'],
    ['ws', 'poll'],
    ['poll', 'ws'],
    ['sse', 'poll'],
    ['ws', 'sse'],
    ['party', 'party'],
    ['party', 'poll'],
  ];
  for (const [ours, theirs] of pairs) {
    for (const [how, killed] of variants) {
      test(`${ours} to ${theirs}${how}`, async (t) => {
        const server = await start(t);
        const open = opener(t, server);
        const room = unique('room');
        const [alice, bob] = [
          await open(agent('agent'), ours),
          await open(customer('kim'), theirs),
        ];
        for (const [caller, callee] of [
          [alice, bob],
          [bob, alice],
        ]) {
          const [from, to] = [caller.person.user, callee.person.user];
          await caller.tell({ type: 'CALL_STARTED', roomName: room, calleeId: to });
          const invitation = await callee.next('CALL_STARTED', { callerId: from });
          await callee.tell({ type: 'RINGING', roomName: room });
          await caller.next('RINGING', { userId: to, deviceId: callee.person.device });
          await callee.tell({ type: 'ACCEPTED', roomName: room });
          await caller.next('ACCEPTED', { acceptedBy: to });
          await callee.next('ACCEPTED');
          if (killed) await restart(server, alice, bob);
          const { callId } = invitation;
          const offer = { type: 'SIGNAL', roomName: room, to, data: { sdp: 'v=0' } };
          await caller.tell(offer);
          assert.deepEqual((await callee.next('SIGNAL', { from, callId })).data, offer.data);
          await callee.tell({ ...offer, to: from, data: { sdp: 'v=1' } });
          await caller.next('SIGNAL', { from: to });
          await callee.tell({ type: 'ENDED', roomName: room });
          await caller.next('ENDED', { endedBy: to, reason: 'hangup' });
          await callee.next('ENDED');
        }
        const call = ['CALL_STARTED', 'RINGING', 'ACCEPTED', 'SIGNAL', 'SIGNAL', 'ENDED'];
        const heard = assertSame(room, alice, bob);
        assert.deepEqual(without(heard, 'PARTICIPANT_LEFT', 'PARTICIPANT_JOINED'), [
          ...call,
          ...call,
        ]);
        assert.equal(heard.includes('PARTICIPANT_JOINED'), killed);
      });
    }
  }
});

describe('a call is accepted, declined or not answered, whoever calls:', () => {
  const ends = {
    declined: async (room, caller, callee) => {
      await callee.tell({ type: 'REJECTED', roomName: room, reason: 'busy' });
      await callee.next('REJECTED', { reason: 'busy' });
      await caller.next('REJECTED', { rejectedBy: callee.person.user, reason: 'busy' });
      return 'rejected';
    },
    accepted: async (room, caller, callee) => {
      await callee.tell({ type: 'ACCEPTED', roomName: room });
      await caller.next('ACCEPTED');
      await caller.tell({ type: 'ENDED', roomName: room });
      return 'hangup';
    },
    'not answered': async (room, caller, callee) => {
      await caller.next('TIMED_OUT');
      await callee.next('TIMED_OUT');
      return 'no_answer';
    },
  };
  for (const [how, end] of Object.entries(ends)) {
    for (const [variant, killed] of variants) {
      for (const transport of ['ws', 'party', 'poll']) {
        test(`${how}, the callee by ${transport}${variant}`, async (t) => {
          const server = await start(
            t,
            ...(end === ends['not answered'] ? ['--ring-timeout', '1500ms'] : []),
          );
          const open = opener(t, server);
          const people = [await open(agent('agent'), 'ws'), await open(customer('kim'), transport)];
          for (const [caller, callee] of [people, [...people].reverse()]) {
            const room = unique('room');
            const calleeId = callee.person.user;
            await caller.tell({ type: 'CALL_STARTED', roomName: room, calleeId });
            await callee.next('CALL_STARTED', { roomName: room });
            if (killed) await restart(server, caller, callee);
            const reason = await end(room, caller, callee);
            for (const each of people) await each.next('ENDED', { roomName: room, reason });
            assertSame(room, caller, callee);
          }
        });
      }
    }
  }
});

describe('the connection drops in a call, and comes back by another transport:', () => {
  for (const [variant, killed] of variants) {
    test(`nothing is missed${variant}`, async (t) => {
      const server = await start(t);
      const open = opener(t, server);
      const room = unique('room');
      const alice = await open(agent('agent'), 'ws', { room });
      const bob = await open(customer('kim'), 'ws');
      const witness = await open(agent('witness'), 'ws', { room });
      await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: bob.person.user });
      await bob.next('CALL_STARTED');
      await bob.tell({ type: 'ACCEPTED', roomName: room });
      await alice.next('ACCEPTED');

      let n = 0;
      const says = async () => {
        const data = { n: ++n };
        await alice.tell({ type: 'SIGNAL', roomName: room, to: bob.person.user, data });
      };
      const hears = async () => {
        for (let signal; signal?.data.n !== n;) signal = await bob.next('SIGNAL');
      };
      for (const transport of ['poll', 'sse', 'party', 'ws', 'party', 'sse', 'poll', 'ws']) {
        await says();
        await hears();
        await says(); // perhaps heard, and perhaps not
        await bob.drops();
        for (let i = 0; i < 5; ++i) await says();
        if (killed && transport !== 'poll') await restart(server, alice, witness);
        await bob.returns(transport);
        await says();
        await hears();
      }
      await bob.tell({ type: 'ENDED', roomName: room });
      for (const each of [alice, bob, witness]) await each.next('ENDED');
      assert.deepEqual(
        bob.events(room).map((each) => each.pos),
        witness.events(room).map((each) => each.pos),
      );
      const heard = bob.events(room).filter((each) => each.type === 'SIGNAL');
      assert.deepEqual(
        heard.map((each) => each.data.n),
        heard.map((_, index) => index + 1),
      );
      assertSame(room, bob, witness, alice);
    });
  }
});

describe('the callee is offline, comes in time, and answers:', () => {
  for (const [variant, killed] of variants) {
    for (const transport of ['ws', 'party', 'poll', 'sse']) {
      test(`by ${transport}${variant}`, async (t) => {
        const server = await start(t);
        const open = opener(t, server);
        const room = unique('room');
        const kim = customer('kim');
        const alice = await open(agent('agent'), 'ws');
        const started = await alice.tell({
          type: 'CALL_STARTED',
          roomName: room,
          calleeId: kim.user,
        });
        await alice.next('CALLEE_OFFLINE', { calleeId: kim.user });
        if (killed) await restart(server, alice);
        const bob = await open(kim, transport);
        const state = await bob.next('ROOM_STATE', { roomName: room });
        assert.equal(state.callState, 'RINGING');
        assert.equal((await bob.next('CALL_STARTED')).pos, started.pos);
        await bob.tell({ type: 'ACCEPTED', roomName: room });
        await alice.next('ACCEPTED', { acceptedBy: kim.user });
        await bob.next('ACCEPTED');
        await alice.tell({ type: 'ENDED', roomName: room });
        await bob.next('ENDED', { reason: 'hangup' });
      });
    }
  }
});

describe('the same user on two devices:', () => {
  for (const [variant, killed] of variants) {
    for (const [first, second] of [
      ['ws', 'ws'],
      ['ws', 'poll'],
      ['poll', 'sse'],
      ['party', 'ws'],
      ['sse', 'party'],
    ]) {
      const ring = async (t) => {
        const server = await start(t);
        const open = opener(t, server);
        const room = unique('room');
        const kim = customer('kim');
        const alice = await open(agent('agent'), 'ws');
        const phone = await open(kim, first);
        const tablet = await open({ ...kim, device: 'tablet' }, second);
        await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: kim.user });
        for (const device of [phone, tablet]) {
          await device.next('CALL_STARTED');
          await device.tell({ type: 'RINGING', roomName: room });
        }
        const rang = [await alice.next('RINGING'), await alice.next('RINGING')];
        assert.deepEqual(rang.map((each) => each.deviceId).sort(), ['phone', 'tablet']);
        if (killed) await restart(server, alice, phone, tablet);
        return { room, alice, phone, tablet };
      };

      test(`${first} answers, and ${second} stops ringing${variant}`, async (t) => {
        const { room, alice, phone, tablet } = await ring(t);
        const accept = { type: 'ACCEPTED', roomName: room };
        await phone.tell(accept);
        const accepted = await tablet.next('ACCEPTED');
        assert.equal((await tablet.next('ANSWERED_ELSEWHERE')).pos, accepted.pos);
        // It is late with whatever it says.
        await tablet.refused(accept, 'ANSWERED_ELSEWHERE');
        await tablet.refused({ type: 'REJECTED', roomName: room }, 'WRONG_STATE');
        await phone.tell(accept, 'ignored');
        await phone.next('ACCEPTED');
        await alice.tell({ type: 'ENDED', roomName: room });
        for (const device of [phone, tablet]) await device.next('ENDED', { reason: 'hangup' });
        assert.ok(!phone.client.has('ANSWERED_ELSEWHERE'));
      });

      test(`${first} declines for ${second} as well${variant}`, async (t) => {
        const { room, alice, phone, tablet } = await ring(t);
        await phone.tell({ type: 'REJECTED', roomName: room });
        for (const each of [alice, phone, tablet]) await each.next('ENDED', { reason: 'rejected' });
        const late = await tablet.refused({ type: 'ACCEPTED', roomName: room }, 'WRONG_STATE');
        assert.match(late.message, /rejected|ended/i);
        await tablet.tell({ type: 'REJECTED', roomName: room }, 'ignored');
      });
    }
  }
});

describe('200 calls at once in a tenant reach their ends:', () => {
  for (const [variant, killed] of variants) {
    test(`every client hears its own without a hole${variant}`, async (t) => {
      const server = await start(t, '--rate-messages', '1000/s');
      const open = opener(t, server);
      const calls = await Promise.all(
        [...Array(200).keys()].map(async (i) => ({
          room: unique('room'),
          alice: await open(agent('agent'), 'ws'),
          bob: await open(customer('kim'), ['ws', 'poll', 'party', 'sse'][i % 4]),
        })),
      );
      const all = (step) => Promise.all(calls.map(step));
      await all(async ({ room, alice, bob }) => {
        await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: bob.person.user });
        await bob.next('CALL_STARTED', {}, 30_000);
        await bob.tell({ type: 'RINGING', roomName: room });
        await bob.tell({ type: 'ACCEPTED', roomName: room });
        await alice.next('ACCEPTED', {}, 30_000);
      });
      if (killed) await restart(server, ...calls.flatMap(({ alice, bob }) => [alice, bob]));
      await all(async ({ room, alice, bob }) => {
        await alice.tell({ type: 'SIGNAL', roomName: room, to: bob.person.user, data: {} });
        await bob.next('SIGNAL', {}, 30_000);
        await bob.tell({ type: 'ENDED', roomName: room });
        await alice.next('ENDED', { reason: 'hangup' }, 30_000);
        await bob.next('ENDED', {}, 30_000);
        assertSame(room, alice, bob);
      });
    });
  }
});

describe('two tenants with the same names never hear of each other:', () => {
  for (const [variant, killed] of variants) {
    test(`by any transport${variant}`, async (t) => {
      const server = await start(t);
      const open = opener(t, server);
      const room = unique('room');
      const [ann, kim] = [agent('agent'), customer('kim')];
      const theirs = (who) => ({ ...who, tenant: 'umbrella' });
      const alice = await open(ann, 'party', { room });
      const bob = await open(kim, 'poll');
      const strangers = [
        await open(theirs(ann), 'ws', { room }),
        await open(theirs({ ...ann, device: 'laptop' }), 'party', { room }),
        await open(theirs(ann), 'poll', { room }),
        await open(theirs({ ...kim, device: 'tablet' }), 'sse'),
      ];
      const call = { type: 'CALL_STARTED', roomName: room, calleeId: kim.user };
      const { pos } = await alice.tell(call);
      await bob.next('CALL_STARTED');
      await bob.tell({ type: 'ACCEPTED', roomName: room });
      await alice.next('ACCEPTED');
      if (killed) await restart(server, alice, bob, ...strangers);

      const asks = (who, path) => request(server, 'GET', path, { token: tokenFor(who) });
      const paths = [`/v1/rooms/${room}/state`, `/v1/rooms/${room}/state?at=${pos}`];
      for (const path of paths) {
        assert.equal((await asks(ann, path)).status, 200);
        assertProblem(await asks(theirs(ann), path), 404, 'ROOM_NOT_FOUND');
      }
      const presence = `/v1/users/${kim.user}/presence`;
      assert.deepEqual((await asks(ann, presence)).json.rooms, [room]);
      assert.deepEqual((await asks(theirs(ann), presence)).json.rooms, []);
      const nobody = await asks({ user: 'ned', tenant: 'nobody' }, presence);
      assert.equal(nobody.json.online, false);

      const intruder = { type: 'ENDED', roomName: room };
      for (const each of strangers) await each.refused(intruder, 'WRONG_STATE');
      await strangers[0].tell({ type: 'CALL_STARTED', roomName: room, calleeId: kim.user });
      for (const each of strangers) {
        const first = await each.next('CALL_STARTED');
        assert.equal(first.seq, 1);
        assert.deepEqual(
          each.events(room).map((event) => event.type),
          ['CALL_STARTED'],
          each.client.name,
        );
      }
      await bob.tell({ type: 'ENDED', roomName: room });
      await alice.next('ENDED');
      assert.equal(alice.events(room).filter((event) => event.type === 'CALL_STARTED').length, 1);
    });
  }
});
