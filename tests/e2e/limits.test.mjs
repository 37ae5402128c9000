// Limits, and what happens to whoever goes beyond them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { unique } from './client.mjs';
import { exchange, packet } from './raw.mjs';
import { Server } from './server.mjs';
import { as, assertProblem } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

let server;
before(async () => {
  const flags = [
    '--auth-timeout',
    '200ms',
    '--rate-messages',
    '5/s:10',
    '--sessions-per-user',
    '3',
    '--rate-calls',
    '2/m',
    '--unauthenticated',
    '4',
  ];
  server = await Server.start({ flags });
});
after(() => server.stop());

const times = (count, what) => Array.from({ length: count }, what);

describe('of messages', { concurrency: 4 }, () => {
  test('beyond the rate a message is refused with the time to wait, and taken after it', async () => {
    const client = await server.inbox(person('eager'));
    for (let i = 0; i < 30; ++i) client.send({ type: 'LEAVE', roomName: 'r', id: `m${i}` });
    const error = await client.next('ERROR');
    assert.equal(error.code, 'RATE_LIMITED');
    assert.match(error.id, /^m\d+$/);
    assert.ok(error.retryAfterMs >= 1 && error.retryAfterMs <= 1_000, `${error.retryAfterMs}`);
    const answers = () => client.received.filter((each) => each.id).length;
    while (answers() < 31) await new Promise((done) => client.socket.once('message', done));
    // A new allowance every 200 ms, and nothing was taken meanwhile.
    await new Promise((done) => setTimeout(done, 250));
    await client.tell({ type: 'LEAVE', roomName: 'r' });
  });

  test('whoever goes on regardless is closed with 4429', async () => {
    const client = await server.inbox(person('flood'));
    const flood = setInterval(() => times(50, () => client.send({ type: 'PING' })), 5);
    await client.closed(4429).finally(() => clearInterval(flood));
    assert.ok(client.has('ERROR'));
  });

  test('a flood of what is no message counts as well, and so do ping frames', async () => {
    for (const send of [(socket) => socket.send('x'), (socket) => socket.ping()]) {
      const client = await server.inbox(person('flood'));
      const flood = setInterval(
        () => times(50, () => client.socket.readyState === 1 && send(client.socket)),
        5,
      );
      await client.closed(4429).finally(() => clearInterval(flood));
    }
  });

  test('new calls of one user', async () => {
    const client = await server.inbox(person('dialler'));
    const start = () =>
      client.ask({ type: 'CALL_STARTED', roomName: unique('room'), calleeId: 'x' });
    assert.equal((await start()).type, 'ACK');
    assert.equal((await start()).type, 'ACK');
    const refusal = await start();
    assert.equal(refusal.code, 'RATE_LIMITED');
    assert.ok(
      refusal.retryAfterMs > 1_000 && refusal.retryAfterMs <= 30_000,
      `${refusal.retryAfterMs}`,
    );
  });
});

test('sessions of one user', async () => {
  const who = person('hydra');
  const clients = [];
  for (let i = 0; i < 3; ++i) clients.push(await server.inbox(who));
  const one_more = await server.open('/v1/ws', who);
  assert.match((await one_more.closed(4429)).reason, /sessions/);
  await clients[0].close();
  await clients[1].settled();
  await server.inbox(who);
});

describe('of time', { concurrency: 4 }, () => {
  test('no AUTH in time closes with 4408', async () => {
    const client = server.dial('/v1/ws');
    await client.opened();
    const began = Date.now();
    await client.closed(4408);
    assert.ok(Date.now() - began >= 150);
  });

  // An expiry is seen at the next look at the deadlines, which is once a second.
  test('a session ends with its token, by 4401', async () => {
    const began = Date.now();
    const client = await server.inbox({ ...person('brief'), lifetime: 2 });
    await client.closed(4401);
    const lived = Date.now() - began;
    assert.ok(lived >= 900 && lived < 6_000, `${lived} ms`);
  });

  test('unless a fresh token of the same user came first', async () => {
    const who = person('brief');
    const client = await server.inbox({ ...who, lifetime: 2 });
    client.send({ type: 'AUTH', token: tokenFor(who) });
    // Of one that came at the same moment and did nothing.
    const other = await server.inbox({ ...who, lifetime: 3 });
    await other.closed(4401);
    await client.settled();
  });

  test('a bad token in AUTH leaves the present one as it is', async () => {
    const who = person('user');
    const client = await server.inbox(who);
    client.send({ type: 'AUTH', token: tokenFor({ ...who, lifetime: -100 }) });
    assert.equal((await client.next('ERROR')).code, 'UNAUTHENTICATED');
    await client.settled();
  });

  test('AUTH that carries an id is answered with it', async () => {
    const who = person('user');
    const client = await server.inbox(who);
    await client.tell({ type: 'AUTH', token: tokenFor(who) });
    const expired = tokenFor({ ...who, lifetime: -100 });
    await client.refused({ type: 'AUTH', token: expired }, 'UNAUTHENTICATED', /token/);
  });

  test('AUTH for another user, or for the same name in another tenant, closes with 1008', async () => {
    const who = person('user');
    for (const other of [person('other'), { ...who, tenant: 'umbrella' }]) {
      const client = await server.inbox(who);
      client.send({ type: 'AUTH', token: tokenFor(other) });
      await client.closed(1008);
    }
  });
});

test('a client that does not read is closed with 4410 and holds nobody up', async (t) => {
  const own = await Server.start({ flags: ['--rate-messages', '1000000/s'] });
  t.after(() => own.stop());
  const [room, caller, callee] = [unique('room'), person('caller'), person('callee')];
  const alice = await own.join(room, caller);
  const bob = await own.join(room, callee);
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: callee.user });
  await bob.tell({ type: 'ACCEPTED', roomName: room });

  // Another device of the callee's that stops reading once it is in.
  const slow = connect({ host: '127.0.0.1', port: Number(own.url.split(':').at(-1)) });
  slow.write(
    `GET /party/${room}?token=${tokenFor(callee)} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n` +
      'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await new Promise((done) => slow.once('readable', done));

  const data = { sdp: 'x'.repeat(8_000) };
  let sent = 0;
  while (!own.log.includes('too slow')) {
    assert.ok(sent < 4_000, 'nothing was too slow');
    const burst = times(25, () =>
      alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data }),
    );
    await Promise.all(burst);
    sent += burst.length;
  }
  // What it had been sent before is all there, and then why it ended.
  const chunks = [];
  slow.on('data', (chunk) => chunks.push(chunk));
  await new Promise((done) => slow.once('end', done).once('close', done));
  const tail = Buffer.concat(chunks).subarray(-200);
  assert.ok(tail.includes(Buffer.from([4410 >> 8, 4410 & 0xff])), 'no close frame of 4410');
  await bob.tell({ type: 'ENDED', roomName: room });
  await alice.next('ENDED');
  assert.equal(bob.events(room).length, sent + 3);
});

describe('by HTTP', () => {
  /** Checks a refusal that says when to ask again: in whole seconds, and precisely. */
  function assertLater(answer, most) {
    const { retryAfterMs } = assertProblem(answer, 429, 'RATE_LIMITED');
    assert.ok(retryAfterMs >= 1 && retryAfterMs <= most, `${retryAfterMs}`);
    assert.equal(Number(answer.headers['retry-after']), Math.ceil(retryAfterMs / 1000));
    return retryAfterMs;
  }

  test('messages of one user beyond the rate are refused, each by itself', async () => {
    const { post } = as(server, person('eager'));
    const pings = times(30, (_, i) => ({ type: 'PING', id: `p${i}` }));
    const { results } = (await post('/v1/messages', pings)).json;
    assert.deepEqual(
      results.map(({ id }) => id),
      pings.map(({ id }) => id),
    );
    const pongs = results.filter(({ type }) => type === 'PONG').length;
    assert.ok(pongs >= 10 && pongs < 20, `${pongs} were taken`);
    for (const { type, code, retryAfterMs } of results.slice(pongs)) {
      assert.deepEqual([type, code], ['ERROR', 'RATE_LIMITED']);
      assert.ok(retryAfterMs >= 1 && retryAfterMs <= 1_000, `${retryAfterMs}`);
    }
    const wait = assertLater(await post('/v1/messages', { type: 'PING', id: 'late' }), 1_000);
    // Of nobody else, whatever connection it comes by.
    assert.equal((await as(server, person('calm')).post('/v1/messages', pings[0])).status, 200);
    await new Promise((done) => setTimeout(done, wait));
    assert.equal((await post('/v1/messages', { type: 'PING', id: 'late' })).status, 200);
  });

  test('steps in calls of one user, which count with its messages; not those of a service', async () => {
    const who = person('hasty');
    const { post } = as(server, who);
    const answers = await Promise.all(times(30, () => post('/voip/nowhere/ringing', {})));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length >= 10 && refused.length <= 20, `${refused.length} were refused`);
    for (const answer of refused) assertLater(answer, 1_000);
    for (const answer of answers.filter(({ status }) => status !== 429))
      assertProblem(answer, 409, 'WRONG_STATE');
    assertLater(await post('/voip/start', { calleeId: 'x' }), 1_000);
    assertLater(await post('/v1/messages', { type: 'PING' }), 1_000);
    assert.equal((await as(server, who).get('/v1/messages')).status, 200);
    const crm = as(server, person('crm', { role: 'SERVICE' }));
    for (const { status } of await Promise.all(
      times(30, () => crm.post('/voip/nowhere/ringing', { userId: who.user })),
    ))
      assert.equal(status, 409);
  });

  test('reads of one user beyond the rate, each path alike, and what it sends by itself', async () => {
    const who = person('reader');
    const { get, post } = as(server, who);
    const paths = ['/v1/messages', '/v1/rooms/r/state', `/v1/users/${who.user}/presence`];
    const answers = await Promise.all(
      times(30, (_, i) => get([...paths, '/v1/calls', '/v1/calls/x/events'][i % 5])),
    );
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length >= 10, `${refused.length} were refused`);
    for (const answer of refused) assertLater(answer, 1_000);
    for (const path of [...paths, '/v1/stream']) assertLater(await get(path), 1_000);
    assert.equal((await post('/v1/messages', { type: 'PING' })).status, 200);
    assert.equal((await as(server, person('calm')).get('/v1/messages')).status, 200);
  });

  test('new calls of one user', async () => {
    const { post } = as(server, person('dialler'));
    const body = { calleeId: 'x' };
    for (let i = 0; i < 2; ++i) assert.equal((await post('/voip/start', body)).status, 201);
    assertLater(await post('/voip/start', body), 30_000);
    const start = { type: 'CALL_STARTED', roomName: unique('room'), calleeId: 'x' };
    const [result] = (await post('/v1/messages', [start])).json.results;
    assert.equal(result.code, 'RATE_LIMITED');
    assert.ok(result.retryAfterMs > 0 && result.retryAfterMs <= 30_000, `${result.retryAfterMs}`);
  });

  test('polls and streams of more devices than a user may have', async () => {
    const { get } = as(server, person('hydra'));
    for (const device of ['a', 'b', 'c', 'a', 'b'])
      assert.equal((await get(`/v1/messages?device=${device}`)).status, 200);
    for (const path of ['/v1/messages', '/v1/stream']) {
      const answer = await get(`${path}?device=d`);
      assert.match(assertProblem(answer, 429, 'RATE_LIMITED').detail, /sessions/);
      assert.equal(answer.headers['retry-after'], undefined); // nobody knows
    }
  });

  test('polls and streams at once, until their clients have gone', async (t) => {
    const own = await Server.start({ flags: ['--sessions-per-user', '3'] });
    t.after(() => own.stop());
    const { get } = as(own, person('hydra'));
    const { cursor } = (await get('/v1/messages?device=d')).json;
    const cut = new AbortController();
    const waits = { signal: cut.signal, agent: false };
    // They may be told of the user's own coming first, and those that look below may be
    // quicker and take the place of one of these.
    const wait = async () => {
      for (let since = cursor; ; ) {
        const answer = await get(`/v1/messages?wait=55&since=${since}&device=d`, waits);
        since = answer.json.cursor ?? since;
      }
    };
    const waiting = times(3, () => wait().catch(() => {}));
    const until = async (status) => {
      for (const deadline = Date.now() + 10_000; ;) {
        const answer = await get('/v1/messages?device=d');
        if (answer.status === status) return answer;
        assert.ok(Date.now() < deadline, answer.text);
        await new Promise((done) => setTimeout(done, 50));
      }
    };
    const refused = await until(429);
    assert.match(assertProblem(refused, 429, 'RATE_LIMITED').detail, /polls and streams/);
    assert.equal(refused.headers['retry-after'], undefined); // nobody knows
    assert.equal((await as(own, person('other')).get('/v1/messages')).status, 200);
    cut.abort();
    await until(200);
    await Promise.all(waiting);
  });

  test('memory that answers take which are not read', async (t) => {
    const own = await Server.start({ flags: ['--rate-messages', '100000/s'] });
    t.after(() => own.stop());
    const { room, callee, alice, started } = await connected(own);
    const data = { sdp: 'x'.repeat(8_000) };
    const signal = { type: 'SIGNAL', roomName: room, to: callee.user, data };
    for (let i = 0; i < 20; ++i) await Promise.all(times(50, () => alice.tell(signal)));
    const resident = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${own.child.pid}/status`, 'utf8'))[1]);
    const earlier = resident();
    const { hostname, port } = new URL(own.http);
    const line = `GET /v1/messages?since=${started.pos - 1}`;
    const polls = times(30, () => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.write(packet(line, { token: tokenFor(callee) }));
      return socket;
    });
    const statuses = await Promise.all(
      polls.map(async (socket) => {
        await new Promise((done) => socket.once('readable', done));
        return socket.read(12).toString().slice(-3);
      }),
    );
    // One that fits into the kernel's buffers has been answered, and counts no more.
    assert.ok(statuses.filter((status) => status === '200').length >= 20, `${statuses}`);
    const grown = resident() - earlier;
    for (const socket of polls) socket.destroy();
    assert.ok(grown < 32 * 1024, `${grown} KiB for answers of ${polls.length} polls`);
  });

  test('new devices that poll, and not their polls', async (t) => {
    const own = await Server.start({ flags: ['--rate-sessions', '1/h:2'] });
    t.after(() => own.stop());
    const { get } = as(own, person('restless'));
    for (const device of ['a', 'b', 'a', 'b', 'a', 'b'])
      assert.equal((await get(`/v1/messages?device=${device}`)).status, 200);
    const refused = await get('/v1/messages?device=c');
    assert.match(assertProblem(refused, 429, 'RATE_LIMITED').detail, /too fast/);
    assert.equal((await get('/v1/messages?device=a')).status, 200);
  });

  test('time for a head and for a body, and nobody else waits for them', async (t) => {
    const own = await Server.start({
      flags: ['--head-timeout', '400ms', '--request-timeout', '200ms'],
    });
    t.after(() => own.stop());
    const token = tokenFor(person('slow'));
    const began = Date.now();
    const parts = [
      'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ',
      packet('POST /v1/messages', { token, fields: ['Content-Length: 60000'], body: '{"type":' }),
      packet('POST /voip/start', { token, fields: ['Transfer-Encoding: chunked'], body: '9\r\n{' }),
    ];
    const slow = parts.map((part) => exchange(own, part));
    assert.equal((await as(own, person('quick')).get('/v1/messages')).status, 200);
    for (const answered of slow) {
      const { responses, closed } = await answered;
      assert.equal(responses.length, 1);
      assertProblem(responses[0], 408, undefined);
      assert.equal(responses[0].headers.connection, 'close');
      assert.ok(closed);
    }
    const { responses } = await exchange(own, packet('GET /healthz', {}), { count: 1 });
    assert.equal(responses[0].status, 200);
    assert.ok(Date.now() - began < 10_000);
    // A drip now and then does not prolong it.
    const dripping = exchange(own, parts[1], { drip: ' ' });
    assert.equal((await dripping).responses[0].status, 408);
  });

  test('failed authentications of one address, where a good token is let in', async (t) => {
    const own = await Server.start({ flags: ['--failed-logins', '2'] });
    t.after(() => own.stop());
    const expired = as(own, { ...person('late'), lifetime: -100 });
    const answers = await Promise.all(times(20, () => expired.get('/v1/messages')));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0);
    for (const answer of refused) assertLater(answer, 500);
    for (const answer of answers) assert.ok([401, 429].includes(answer.status), answer.text);
    assert.equal((await as(own, person('good')).get('/v1/messages')).status, 200);
  });
});
