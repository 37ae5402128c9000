// The back end's calls by HTTP, and what pages of other origins may read.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { connected, person, ringing } from './calls.mjs';
import { unique } from './client.mjs';
import { Server } from './server.mjs';
import { as, assertProblem, request } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

const ORIGIN = 'https://app.example.com';
let server;
let crm;
before(async () => {
  const flags = ['--log-level', 'debug', '--rate-calls', '1000/s', '--cors-origin', ORIGIN];
  server = await Server.start({ flags });
  crm = as(server, person('crm', { role: 'SERVICE' }));
});
after(() => server.stop());

const text = (characters) => 'x'.repeat(characters);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test('a whole call, of which a back end makes every step', async () => {
  const [ann, kim] = [person('ann'), person('kim')];
  const [alice, bob] = [await server.inbox(ann), await server.inbox(kim)];
  const started = await crm.post('/voip/start', {
    callerId: ann.user,
    callerName: 'Ann',
    calleeId: kim.user,
    calleeName: 'Kim',
    metadata: { contact: 7 },
    unknown: [{}],
  });
  assert.equal(started.status, 201, started.text);
  const { roomName, callLogId, seq, pos } = started.json;
  assert.match(callLogId, UUID);
  assert.match(roomName, /^acme-call-[0-9a-f-]{36}$/);
  assert.deepEqual(started.json, {
    roomName,
    callLogId,
    calleeInfo: { id: kim.user, name: 'Kim', role: 'CRM_USER' },
    callerToken: null,
    mediaUrl: null,
    seq,
    pos,
    duplicate: false,
  });
  const invitation = await bob.next('CALL_STARTED');
  assert.deepEqual(
    [invitation.by, invitation.callId, invitation.callerName, invitation.metadata],
    [ann.user, callLogId, 'Ann', { contact: 7 }],
  );
  const steps = [
    ['ringing', { userId: kim.user }, 'RINGING'],
    ['accept', { acceptedBy: kim.user }, 'ACCEPTED'],
    ['end', { endedBy: ann.user, reason: 'done' }, 'ENDED'],
  ];
  for (const [verb, body, type] of steps) {
    const { status, json } = await crm.post(`/voip/${roomName}/${verb}`, body);
    assert.equal(status, 200);
    const event = await alice.next(type);
    assert.deepEqual(
      [json.type, json.roomName, json.seq, json.pos, json.outcome, json.duplicate],
      ['ACK', roomName, event.seq, event.pos, 'applied', false],
    );
    assert.equal(event.by, Object.values(body)[0]);
  }
  assert.equal((await bob.next('ENDED')).detail, 'done');
  const late = await crm.post(`/voip/${roomName}/accept`, { userId: kim.user });
  assert.equal(assertProblem(late, 409, 'WRONG_STATE').endReason, 'hangup');
});

test('a user makes its own steps, without a body, and nobody else', async () => {
  const { room, caller, callee, bob } = await ringing(server);
  const { post } = as(server, callee);
  const others = [
    [as(server, person('stranger')), 'accept', undefined, 'NOT_PARTICIPANT'],
    [as(server, caller), 'accept', { userId: callee.user }, 'IDENTITY_MISMATCH'],
    [as(server, caller), 'end', { endedBy: callee.user }, 'IDENTITY_MISMATCH'],
    [as(server, person('audit', { role: 'AUDITOR' })), 'end', undefined, 'FORBIDDEN'],
    [crm, 'accept', undefined, 'NOT_PARTICIPANT'],
  ];
  for (const [who, verb, body, code] of others)
    assertProblem(await who.post(`/voip/${room}/${verb}`, body), 403, code);
  assertProblem(await as(server, caller).post(`/voip/${room}/accept`), 409, 'WRONG_STATE');
  assert.equal((await post(`/voip/${room}/ringing?device=phone`)).json.outcome, 'applied');
  assert.equal((await bob.next('RINGING')).deviceId, 'phone');
  assert.equal((await post(`/voip/${room}/reject`, { reason: 'busy' })).json.outcome, 'applied');
  assert.equal((await bob.next('REJECTED')).reason, 'busy');
  assert.equal((await post(`/voip/${room}/reject`, {})).json.outcome, 'ignored');
  const theirs = as(server, { ...callee, tenant: 'umbrella' });
  assertProblem(await theirs.post(`/voip/${room}/end`), 409, 'WRONG_STATE');
});

test('a start says with which role its callee is known', async () => {
  const customer = person('kim', { role: 'PORTAL_CUSTOMER' });
  await server.inbox(customer);
  const told = async (calleeIds) => {
    const { status, json, text } = await crm.post('/voip/start', { calleeIds });
    assert.equal(status, 201, text);
    return json.calleeInfo;
  };
  const away = person('away').user;
  const known = { id: customer.user, name: null, role: 'PORTAL_CUSTOMER' };
  assert.deepEqual(await told([customer.user, away]), known);
  assert.deepEqual(await told([away, customer.user]), { id: away, name: null, role: null });
});

test('a repeated request takes effect once, also when both are on their way', async () => {
  const kim = person('kim');
  const bob = await server.inbox(kim);
  const { post } = as(server, person('ann'));
  for (const by of ['header', 'field']) {
    const key = unique('key');
    const options = by === 'header' ? { headers: { 'Idempotency-Key': key } } : {};
    const body = { calleeId: kim.user, ...(by === 'field' ? { id: key } : {}) };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => post('/voip/start', body, options)),
    );
    for (const { status, text } of answers) assert.equal(status, 201, text);
    const { duplicate: _, ...first } = answers[0].json;
    for (const { json } of answers) assert.deepEqual(json, { ...first, duplicate: json.duplicate });
    assert.equal(answers.filter(({ json }) => !json.duplicate).length, 1);
    const invitation = await bob.next('CALL_STARTED');
    assert.equal(invitation.callId, first.callLogId);
    const ended = await post(
      `/voip/${first.roomName}/end`,
      {},
      { headers: { 'Idempotency-Key': 'e' } },
    );
    assert.equal(ended.json.outcome, 'applied');
    await bob.next('ENDED');
    // The same id for something else in that room is no start of a call.
    const other = { type: 'ENDED', roomName: first.roomName, id: key };
    const { json } = await post('/v1/messages', other);
    assert.equal(json.results[0].duplicate, true);
  }
  // Whatever the repeat says, it is answered with the call that the first one started.
  const key = { headers: { 'Idempotency-Key': unique('key') } };
  const first = await post('/voip/start', { calleeId: kim.user, calleeName: 'Kim' }, key);
  const others = { calleeId: person('other').user, calleeName: 'Other' };
  const repeat = await post('/voip/start', others, key);
  assert.equal(repeat.status, 201, repeat.text);
  assert.deepEqual(repeat.json, { ...first.json, duplicate: true });
  assert.deepEqual(repeat.json.calleeInfo, { id: kim.user, name: 'Kim', role: 'CRM_USER' });
  // Without one each is a call of its own.
  const [one, two] = [
    await post('/voip/start', { calleeId: kim.user }),
    await post('/voip/start', { calleeId: kim.user }),
  ];
  assert.notEqual(one.json.roomName, two.json.roomName);
  // Another user's key is another key.
  const shared = { headers: { 'Idempotency-Key': 'shared' } };
  const rooms = [];
  for (const who of ['a', 'b']) {
    const answer = await as(server, person(who)).post('/voip/start', { calleeId: kim.user }, shared);
    assert.equal(answer.json.duplicate, false);
    rooms.push(answer.json.roomName);
  }
  assert.notEqual(rooms[0], rooms[1]);
});

describe('what is wrong with a request is said:', () => {
  const starts = [
    ['nothing', '', /./],
    ['a list', [], /object/],
    ['no callee', {}, /callee/],
    ['a callee that is a number', { calleeId: 7 }, /calleeId/],
    ['an empty callee', { calleeId: '' }, /calleeId/],
    ['a callee of 256 bytes', { calleeId: text(256) }, /calleeId/],
    ['33 callees', { calleeIds: [...Array(33).keys()].map(String) }, /calleeIds/],
    ['a callee twice', { calleeIds: ['b', 'b'] }, /calleeIds/],
    ['a caller that is a list', { calleeId: 'b', callerId: [] }, /callerId/],
    ['a name that is a number', { calleeId: 'b', callerName: 7 }, /callerName/],
    ['a name of 257 bytes', { calleeId: 'b', calleeName: text(257) }, /calleeName/],
    ['metadata that is text', { calleeId: 'b', metadata: 'x' }, /metadata/],
    ['metadata of 9 KiB', { calleeId: 'b', metadata: { x: text(9216) } }, /metadata/],
    ['a room with a slash', { calleeId: 'b', roomName: 'a/b' }, /roomName/],
    ['an id of 65 characters', { calleeId: 'b', id: text(65) }, /\bid\b/],
    ['an id that is a number', { calleeId: 'b', id: 7 }, /\bid\b/],
    ['a key twice', '{"calleeId":"b","calleeId":"c"}', /calleeId/],
  ];
  for (const [what, body, sentence] of starts) {
    test(`a start with ${what}`, async () => {
      const answer = await as(server, person('user')).post('/voip/start', body);
      assert.match(assertProblem(answer, 400, 'INVALID_MESSAGE').detail, sentence);
    });
  }

  const steps = [
    ['accept', [], /object/],
    ['accept', { userId: 7 }, /userId/],
    ['accept', { acceptedBy: {} }, /acceptedBy/],
    ['reject', { rejectedBy: [] }, /rejectedBy/],
    ['reject', { reason: 7 }, /reason/],
    ['end', { reason: text(257) }, /reason/],
    ['end', { endedBy: text(256) }, /endedBy/],
    ['accept', { userId: 'user', acceptedBy: 7 }, /acceptedBy/],
    ['accept', { userId: 'user', acceptedBy: 'other' }, /acceptedBy/],
    ['reject', { userId: 'user', rejectedBy: 'other' }, /rejectedBy/],
    ['end', { userId: 'user', endedBy: 'other' }, /endedBy/],
    ['ringing', { id: '' }, /\bid\b/],
    ['ringing', '{', /./],
  ];
  for (const [verb, body, sentence] of steps) {
    test(`${verb} with ${JSON.stringify(body).slice(0, 40)}`, async () => {
      const answer = await as(server, person('user')).post(`/voip/r/${verb}`, body);
      assert.match(assertProblem(answer, 400, 'INVALID_MESSAGE').detail, sentence);
    });
  }

  test('a path that is none, or names no room', async () => {
    const { get, post } = as(server, person('user'));
    assert.equal((await post('/voip/r/hold')).status, 404);
    for (const path of ['/voip', '/voip/r', '/voip/r/accept/now', '/v1/rooms/r', '/v1/x'])
      assert.equal((await post(path)).status, 404, path);
    for (const room of ['%zz', 'a%2Fb', '%00', 'zo%C3%AB', '%FF', 'a%20b', text(129)]) {
      for (const answer of [
        await post(`/voip/${room}/accept`),
        await get(`/v1/rooms/${room}/state`),
      ])
        assertProblem(answer, 400, 'INVALID_MESSAGE');
    }
  });

  test('a key that is too long', async () => {
    const headers = { 'Idempotency-Key': text(65) };
    const answer = await crm.post('/voip/start', { calleeId: 'b' }, { headers });
    assert.match(assertProblem(answer, 400, 'INVALID_MESSAGE').detail, /Idempotency-Key/);
  });

  test('a revocation by others than a service, or of nobody', async () => {
    for (const role of ['CRM_USER', 'PORTAL_CUSTOMER', 'AUDITOR']) {
      const answer = await as(server, person('user', { role })).post('/v1/users/u/revoke');
      assertProblem(answer, 403, 'FORBIDDEN');
    }
    for (const id of ['%00', '%FF', text(256)])
      assertProblem(await crm.post(`/v1/users/${id}/revoke`), 400, 'INVALID_MESSAGE');
  });
});

test('the state of a room as it was', async () => {
  const { room, caller, alice, started } = await connected(server);
  const [, accepted] = alice.events(room);
  await alice.tell({ type: 'ENDED', roomName: room });
  const ended = await alice.next('ENDED');
  const { get } = as(server, caller);
  const state = (at) => get(`/v1/rooms/${room}/state${at === undefined ? '' : `?at=${at}`}`);
  const expected = [
    [undefined, 'ENDED'],
    [started.pos, 'RINGING'],
    [accepted.pos, 'CONNECTED'],
    [accepted.at, 'CONNECTED'],
    [ended.at.replace('Z', '%2B00:00'), 'ENDED'],
    [ended.pos, 'ENDED'],
  ];
  for (const [at, callState] of expected)
    assert.equal((await state(at)).json?.callState, callState, `${at}`);
  for (const at of ['1', '0', '2000-01-01T00:00:00Z'])
    assertProblem(await state(at), 404, 'ROOM_NOT_FOUND');
  for (const at of ['', 'now', '-1', '1.5', '2026-13-01T00:00:00Z', '2026-11-26', '99999999999'])
    assertProblem(await state(at), 400, 'INVALID_MESSAGE');
  // What was refused has left nothing to show.
  const clumsy = as(server, person('clumsy'));
  assertProblem(await clumsy.post('/voip/never/accept'), 409, 'WRONG_STATE');
  assertProblem(await clumsy.get('/v1/rooms/never/state'), 404, 'ROOM_NOT_FOUND');
  const stranger = as(server, person('stranger', { role: 'PORTAL_CUSTOMER' }));
  for (const query of ['', `?at=${started.pos}`])
    assertProblem(await stranger.get(`/v1/rooms/${room}/state${query}`), 403, 'FORBIDDEN');
});

describe('pages of other origins', () => {
  const asks = (to, origin, method = 'OPTIONS') =>
    request(to, method, '/v1/messages', {
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    });

  test('of the one that is allowed may ask and read', async () => {
    const { status, headers } = await asks(server, ORIGIN);
    assert.equal(status, 204);
    assert.equal(headers['access-control-allow-origin'], ORIGIN);
    assert.match(headers['access-control-allow-methods'], /POST/);
    for (const name of ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID'])
      assert.ok(headers['access-control-allow-headers'].includes(name), name);
    assert.match(headers.vary, /Origin/);
    const { get } = as(server, person('user'));
    for (const path of ['/v1/messages', '/v1/messages?since=x', '/v1/none']) {
      const answer = await get(path, { headers: { Origin: ORIGIN } });
      assert.equal(answer.headers['access-control-allow-origin'], ORIGIN, path);
    }
    const options = { token: tokenFor(person('user')), headers: { Origin: ORIGIN }, streams: true };
    const stream = await request(server, 'GET', '/v1/stream', options);
    assert.equal(stream.headers['access-control-allow-origin'], ORIGIN);
    stream.response.destroy();
    const refused = await request(server, 'GET', '/v1/messages', { headers: { Origin: ORIGIN } });
    assert.equal(refused.headers['access-control-allow-origin'], ORIGIN);
  });

  test('of any other may not', async () => {
    for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil.example`, 'http://x']) {
      const { headers } = await asks(server, origin);
      assert.equal(headers['access-control-allow-origin'], undefined);
      assert.match(headers.vary, /Origin/);
    }
  });

  test('where none or all are allowed', async (t) => {
    for (const [flags, expected] of [
      [[], undefined],
      [['--cors-origin', '*'], '*'],
    ]) {
      const other = await Server.start({ flags });
      t.after(() => other.stop());
      const { headers } = await asks(other, ORIGIN);
      assert.equal(headers['access-control-allow-origin'], expected);
      const { get } = as(other, person('user'));
      const answer = await get('/v1/messages', { headers: { Origin: ORIGIN } });
      assert.equal(answer.headers['access-control-allow-origin'], expected);
    }
  });
});
