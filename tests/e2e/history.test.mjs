// Past calls by HTTP, from the index that the server keeps beside its log.
import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { connected, person, ringing } from './calls.mjs';
import { unique } from './client.mjs';
import { Server } from './server.mjs';
import { as, assertProblem, request } from './stations.mjs';

const FLAGS = ['--rate-calls', '10000/s', '--rate-messages', '10000/s'];
let server;
before(async () => (server = await Server.start({ flags: FLAGS })));
after(() => server.stop());

const service = (more) => person('crm', { role: 'SERVICE', ...more });
const auditor = (more) => person('audit', { role: 'AUDITOR', ...more });

const got = async (who, path, on = server) => {
  const answer = await as(on, who).get(path);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};

/** The calls of all pages. */
async function all(who, query = {}, on = server) {
  const calls = [];
  let after;
  do {
    const search = new URLSearchParams({ ...query, ...(after ? { after } : {}) });
    const page = await got(who, `/v1/calls?${search}`, on);
    assert.ok(page.calls.length <= (query.limit ?? 50));
    calls.push(...page.calls);
    after = page.next;
  } while (after);
  return calls;
}
const ids = (calls) => calls.map(({ callId }) => callId);

/** A call that a back end makes, to the state wanted; gives its id. */
async function made(caller, callee, state, { tenant, room = unique('room') } = {}) {
  const { post } = as(server, service({ tenant }));
  const started = await post('/voip/start', {
    callerId: caller,
    calleeId: callee,
    roomName: room,
    metadata: { state },
  });
  assert.equal(started.status, 201, started.text);
  const step = async (verb, userId, reason) =>
    assert.equal((await post(`/voip/${room}/${verb}`, { userId, reason })).status, 200);
  if (state === 'REJECTED') await step('reject', callee, 'busy');
  if (state === 'CANCELLED') await step('end', caller);
  if (state === 'CONNECTED' || state === 'ENDED') await step('accept', callee);
  if (state === 'ENDED') await step('end', callee, 'bye');
  return started.json.callLogId;
}

test('a call is shown from its first ring to its end, at once', async () => {
  const { room, caller, callee, alice, bob, started } = await ringing(server, {
    calleeName: 'Kim',
    metadata: { lead: 7 },
  });
  const [call] = (await got(caller, '/v1/calls')).calls;
  const state = (await as(server, caller).get(`/v1/rooms/${room}/state`)).json;
  assert.deepEqual(call, {
    callId: state.callId,
    roomName: room,
    status: 'RINGING',
    callerId: caller.user,
    callerName: caller.name,
    calleeId: callee.user,
    calleeName: 'Kim',
    participants: [
      { userId: caller.user, role: 'caller', userRole: 'CRM_USER' },
      { userId: callee.user, role: 'callee', userRole: 'CRM_USER' },
    ],
    metadata: { lead: 7 },
    startedAt: state.startedAt,
    ringDeadline: state.ringDeadline,
    startedPos: started.pos,
    pos: started.pos,
  });
  await bob.tell({ type: 'ACCEPTED', roomName: room });
  const path = `/v1/calls/${call.callId}`;
  const talks = await got(callee, path);
  assert.equal(talks.status, 'CONNECTED');
  assert.ok(talks.answeredAt > talks.startedAt);
  assert.equal(talks.participants[1].userRole, 'CRM_USER');
  const { pos } = await alice.tell({ type: 'ENDED', roomName: room, reason: 'done' });
  const over = await got(caller, path);
  assert.deepEqual(
    [over.status, over.duration, over.endReason, over.detail, over.pos, over.ringDeadline],
    ['ENDED', 0, 'hangup', 'done', pos, undefined],
  );
  assert.ok(over.endedAt >= over.answeredAt);
});

test('each way to end has its status', async () => {
  const tenant = unique('ways');
  const who = service({ tenant });
  for (const state of ['RINGING', 'CONNECTED', 'ENDED', 'REJECTED', 'CANCELLED']) {
    const id = await made('ann', 'kim', state, { tenant });
    assert.equal((await got(who, `/v1/calls/${id}`)).status, state);
    assert.deepEqual(ids(await all(who, { state })), [id]);
  }
  for (const state of ['MISSED', 'FAILED']) assert.deepEqual(await all(who, { state }), []);
});

test('nobody answers, and the caller is lost: MISSED and FAILED', async () => {
  const flags = [...FLAGS, '--reconnect-grace', '50ms', '--ring-timeout', '700ms'];
  const quick = await Server.start({ flags });
  try {
    const missed = await ringing(quick);
    await missed.alice.next('ENDED');
    const lost = await ringing(quick);
    await lost.alice.breaks();
    await lost.bob.next('ENDED');
    for (const [call, state, reason] of [
      [missed, 'MISSED', 'no_answer'],
      [lost, 'FAILED', 'connection_lost'],
    ]) {
      const [found] = await all(auditor(), { state }, quick);
      assert.deepEqual([found.callerId, found.endReason], [call.caller.user, reason]);
    }
  } finally {
    await quick.stop();
  }
});

test('who may see what', async () => {
  const { room, caller, callee, alice, bob } = await connected(server);
  await alice.tell({ type: 'INVITED', roomName: room, calleeIds: ['late'] });
  await bob.refused({ type: 'CALL_STARTED', roomName: room, calleeId: 'x' }, 'WRONG_STATE');
  const [{ callId }] = (await got(caller, '/v1/calls')).calls;
  const path = `/v1/calls/${callId}`;

  for (const who of [caller, callee, { user: 'late' }]) {
    assert.ok(ids(await all(who)).includes(callId), who.user);
    assert.ok(ids(await all(who, { user: who.user })).includes(callId));
    await got(who, path);
    const { events } = await got(who, `${path}/events`);
    assert.ok(events.every(({ outcome }) => outcome === undefined));
  }
  for (const role of ['CRM_USER', 'PORTAL_CUSTOMER']) {
    const other = as(server, person('other', { role }));
    assert.deepEqual((await other.get('/v1/calls')).json.calls, []);
    assertProblem(await other.get(`/v1/calls?user=${caller.user}`), 403, 'FORBIDDEN');
    assertProblem(await other.get(path), 404);
    assertProblem(await other.get(`${path}/events`), 404);
  }
  for (const who of [service(), auditor()]) {
    assert.ok(ids(await all(who)).includes(callId));
    assert.deepEqual(ids(await all(who, { user: callee.user })), [callId]);
    await got(who, path);
    const { events } = await got(who, `${path}/events`);
    const refused = events.filter(({ outcome }) => outcome === 'refused');
    assert.deepEqual(
      refused.map(({ type, code, by }) => [type, code, by]),
      [['CALL_STARTED', 'WRONG_STATE', callee.user]],
    );
  }
  for (const who of [service({ tenant: 'else' }), auditor({ tenant: 'else' })]) {
    assertProblem(await as(server, who).get(path), 404);
    assertProblem(await as(server, who).get(`${path}/events`), 404);
  }
});

test('the events of a call are those that were heard, and no others', async () => {
  const { room, caller, callee, alice, bob } = await connected(server);
  await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: { offer: 1 } });
  await bob.tell({ type: 'ENDED', roomName: room });
  await alice.next('ENDED');
  await alice.tell({ type: 'ENDED', roomName: room }, 'ignored');
  const [{ callId }] = (await got(caller, '/v1/calls')).calls;
  // The next call in the room is another.
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: callee.user });

  const path = `/v1/calls/${callId}/events`;
  const heard = alice.events(room).filter((event) => event.callId === callId);
  const { events, next } = await got(caller, path);
  assert.deepEqual(events, heard);
  assert.equal(next, null);

  const everything = (await got(auditor(), path)).events;
  assert.deepEqual(
    everything.map(({ type, outcome }) => outcome ?? type),
    ['CALL_STARTED', 'ACCEPTED', 'SIGNAL', 'ENDED', 'ignored'],
  );
  assert.deepEqual(everything[2].data, { offer: 1 });

  const paged = [];
  for (let after = 0; after !== null; ) {
    const page = await got(auditor(), `${path}?limit=2&after=${after}`);
    assert.ok(page.events.length <= 2);
    paged.push(...page.events);
    after = page.next;
  }
  assert.deepEqual(paged, everything);
  assert.deepEqual((await got(auditor(), `${path}?after=${paged.at(-1).pos}`)).events, []);
});

describe('many calls', () => {
  const tenant = unique('many');
  const who = service({ tenant });
  const count = 120;
  const made_ids = [];
  let half;
  before(async () => {
    for (let i = 0; i < count; ++i) {
      const state = ['REJECTED', 'CANCELLED', 'ENDED'][i % 3];
      const room = i % 5 === 0 ? 'favourite' : undefined;
      made_ids.unshift(await made(`agent-${i % 4}`, 'kim', state, { tenant, room }));
      if (i === count / 2 - 1) half = (await got(who, `/v1/calls/${made_ids[0]}`)).startedAt;
    }
  });
  const every = (period, rest) => made_ids.filter((_, i) => (count - 1 - i) % period === rest);

  test('come newest first, each once, in pages of any size', async () => {
    for (const limit of [1, 7, 60, 120, 200])
      assert.deepEqual(ids(await all(who, { limit })), made_ids, `pages of ${limit}`);
    const page = await got(who, '/v1/calls');
    assert.equal(page.calls.length, 50, 'a page, where nothing is said');
    assert.ok(page.next);
  });

  test('are found by user, room, state and time', async () => {
    assert.deepEqual(ids(await all(who, { user: 'agent-1' })), every(4, 1));
    assert.deepEqual(ids(await all(who, { user: 'kim' })), made_ids);
    assert.deepEqual(await all(who, { user: 'nobody' }), []);
    assert.deepEqual(ids(await all(who, { room: 'favourite' })), every(5, 0));
    assert.deepEqual(ids(await all(who, { state: 'ENDED', limit: 9 })), every(3, 2));
    assert.deepEqual(ids(await all(who, { user: 'agent-0', state: 'REJECTED' })), every(12, 0));
    assert.deepEqual(ids(await all(who, { user: 'agent-0', room: 'favourite' })), every(20, 0));
    assert.deepEqual(ids(await all(who, { to: half })), made_ids.slice(count / 2 + 1));
    assert.deepEqual(ids(await all(who, { from: half })), made_ids.slice(0, count / 2 + 1));
    assert.deepEqual(await all(who, { from: half, to: half }), []);
  });

  test('that come while somebody pages are not among them', async () => {
    const first = await got(who, '/v1/calls?limit=100');
    await made('agent-9', 'tim', 'CANCELLED', { tenant, room: 'later' });
    const second = await got(who, `/v1/calls?limit=100&after=${first.next}`);
    assert.deepEqual(ids([...first.calls, ...second.calls]), made_ids);
    assert.equal(second.next, null);
  });

  test('are the same after a stop, a kill, and without the index', async () => {
    const looks = [
      '/v1/calls?limit=200',
      '/v1/calls?user=agent-1&state=ENDED',
      '/v1/calls?room=favourite&limit=3',
      `/v1/calls/${made_ids[0]}`,
      `/v1/calls/${made_ids[0]}/events`,
    ];
    const look = async () => {
      const answers = [];
      for (const path of looks) {
        const { pos, ...answer } = await got(who, path);
        assert.ok(path.includes(made_ids[0]) || pos > 0);
        answers.push(answer);
      }
      return answers;
    };
    const index = join(server.dataDir, 'index');
    const before = await look();
    await server.terminate();
    await server.launch();
    assert.deepEqual(await look(), before, 'after a stop');
    await server.kill();
    await server.launch();
    assert.deepEqual(await look(), before, 'after a kill');
    await server.terminate();
    rmSync(index, { recursive: true });
    await server.launch();
    assert.deepEqual(await look(), before, 'without the index');
    await server.terminate();
    for (const file of readdirSync(index))
      if (/^(CURRENT|MANIFEST)/.test(file)) writeFileSync(join(index, file), 'nonsense');
    const from = server.log.length;
    await server.launch();
    assert.deepEqual(await look(), before, 'with an index that is damaged');
    await server.logged(/index of calls in .* is dropped and built anew from the log/, { from });
  });
});

test('a page of large calls, or events, ends by its size, and the next goes on', async () => {
  const tenant = unique('large');
  const who = service({ tenant });
  const { post } = as(server, who);
  const large = { text: 'x'.repeat(8000) };
  const starts = await Promise.all(
    Array.from({ length: 60 }, () =>
      post('/voip/start', { callerId: 'ann', calleeId: 'kim', metadata: large }),
    ),
  );
  const { roomName, callLogId } = starts[0].json;
  const made_ids = starts.map(({ json }) => json.callLogId).sort();
  const pages = [];
  for (let after = ''; after !== null; after = pages.at(-1).next) {
    const page = await got(who, `/v1/calls?limit=200${after && `&after=${after}`}`);
    assert.ok(JSON.stringify(page.calls).length < 300_000);
    pages.push(page);
  }
  assert.ok(pages.length > 1);
  assert.deepEqual(ids(pages.flatMap(({ calls }) => calls)).sort(), made_ids);

  const signal = { type: 'SIGNAL', from: 'ann', to: 'kim', roomName, data: large };
  for (let i = 0; i < 12; ++i) {
    const { json } = await post('/v1/messages', Array(5).fill(signal));
    assert.ok(json.results.every(({ outcome }) => outcome === 'applied'));
  }
  const events = [];
  const sizes = [];
  for (let after = 0; after !== null;) {
    const path = `/v1/calls/${callLogId}/events?limit=200&after=${after}`;
    const page = await got(who, path);
    sizes.push(JSON.stringify(page.events).length);
    events.push(...page.events);
    after = page.next;
  }
  assert.ok(sizes.length > 1 && Math.max(...sizes) < 300_000, `${sizes}`);
  assert.deepEqual(
    events.filter(({ type }) => type === 'SIGNAL').map(({ seq }) => seq),
    Array.from({ length: 60 }, (_, i) => i + 3),
  );
});

test('equal rooms and users of two tenants have nothing in common', async () => {
  const [one, other] = [unique('one'), unique('other')];
  const calls = {};
  for (const tenant of [one, other])
    calls[tenant] = await made('ann', 'kim', 'ENDED', { tenant, room: 'same' });
  for (const tenant of [one, other]) {
    for (const who of [service({ tenant }), auditor({ tenant }), { user: 'ann', tenant }])
      for (const query of [{}, { user: 'ann' }, { room: 'same' }, { state: 'ENDED' }])
        assert.deepEqual(ids(await all(who, query)), [calls[tenant]]);
    const foreign = calls[tenant === one ? other : one];
    assertProblem(await as(server, { user: 'ann', tenant }).get(`/v1/calls/${foreign}`), 404);
  }
});

test('what makes no sense is refused, and says which parameter', async () => {
  const bad = {
    user: ['', 'a%0Ab', 'x'.repeat(256)],
    room: ['', 'a%20b', '%C3%A9', 'x'.repeat(129)],
    state: ['', 'ended', 'IDLE', 'ENDED,MISSED'],
    from: ['', 'yesterday', '2026-11-26', '1764180196', '2026-02-30T00:00:00Z', '12345'],
    to: ['', '2026-11-26T18:03:16', '2026-11-26T25:00:00Z'],
    after: ['', '0', 'AAAA', 'x'.repeat(33), `${'A'.repeat(31)}%3D`],
    limit: ['', '0', '201', '-1', '1.5', '1e2', 'ten', '99999999999999999999'],
  };
  const ask = as(server, service()).get;
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const answer = await ask(`/v1/calls?${name}=${value}`);
      const { detail } = assertProblem(answer, 400, 'INVALID_MESSAGE');
      assert.ok(detail.startsWith(`${name} must be `), `${name}=${value}: ${detail}`);
    }
  }
  const { callLogId } = (
    await as(server, service()).post('/voip/start', { callerId: 'a', calleeId: 'b' })
  ).json;
  for (const query of ['after=x', 'after=-1', 'after=', 'limit=0', 'limit=201'])
    assertProblem(await ask(`/v1/calls/${callLogId}/events?${query}`), 400, 'INVALID_MESSAGE');
  for (const id of ['x', callLogId.slice(1), `${callLogId}0`, callLogId.replaceAll('-', '_')])
    for (const path of [`/v1/calls/${id}`, `/v1/calls/${id}/events`])
      assertProblem(await ask(path), 400, 'INVALID_MESSAGE');
  const absent = callLogId.replace(/^\w{8}/, '00000000');
  for (const path of [`/v1/calls/${absent}`, `/v1/calls/${absent}/events`])
    assertProblem(await ask(path), 404);
  assert.equal((await ask(`/v1/calls/${callLogId.toUpperCase()}`)).json.callId, callLogId);
  for (const path of ['', `/${callLogId}`, `/${callLogId}/events`]) {
    const answer = await request(server, 'POST', `/v1/calls${path}`, { body: {} });
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD']);
    assertProblem(await request(server, 'GET', `/v1/calls${path}`), 401, 'UNAUTHENTICATED');
  }
});

test('a server without an index has no history', async () => {
  const plain = await Server.start({ flags: ['--no-index'] });
  try {
    const { caller } = await ringing(plain);
    for (const path of ['', '/01000000-0000-7000-8000-000000000000']) {
      const { detail } = assertProblem(await as(plain, caller).get(`/v1/calls${path}`), 404);
      assert.match(detail, /--no-index/);
    }
    assert.ok(!readdirSync(plain.dataDir).includes('index'));
  } finally {
    await plain.stop();
  }
});
