// Limits, and what happens to whoever goes beyond them.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { person } from './calls.mjs';
import { unique } from './client.mjs';
import { Server } from './server.mjs';
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
