// Outgoing webhooks: what a receiver is told, and that it is told whatever happens.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { Webhook } from 'standardwebhooks';

import { connected, person, ringing } from './calls.mjs';
import { makeCertificate } from './certificates.mjs';
import { unique } from './client.mjs';
import { parse, valueOf } from './metrics.mjs';
import { Receiver, SECRET } from './receiver.mjs';
import { callstate, Server, temporaryDirectory } from './server.mjs';
import { request } from './stations.mjs';
import { confidential, tokenFor } from './tokens.mjs';

const directory = temporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

/** A receiver and a server that tells it. */
async function start(t, { flags = [], ...options } = {}) {
  const receiver = await Receiver.start(options);
  const server = await Server.start({
    flags: [...receiver.flags, '--webhook-retry-min', '20ms', '--webhook-retry-max', '50ms', ...flags],
  });
  t.after(async () => {
    await server.stop();
    await receiver.stop();
  });
  return { receiver, server };
}

/** A call to somebody who is offline: {room, callId, callee, end}. */
async function call(server, more = {}) {
  const caller = person('caller');
  const callee = person('callee');
  const token = tokenFor(caller);
  const body = { calleeId: callee.user, ...more };
  const { status, json, text } = await request(server, 'POST', '/voip/start', { token, body });
  assert.equal(status, 201, text);
  const { roomName: room, callLogId: callId, pos } = json;
  const end = async () => {
    const ended = await request(server, 'POST', `/voip/${room}/end`, { token, body: {} });
    assert.equal(ended.status, 200, ended.text);
  };
  return { room, callId, caller, callee, pos, end };
}

const metrics = async (server) => parse(await (await fetch(`${server.http}/metrics`)).text());

describe('what a receiver is told', () => {
  test('that a callee is offline, with all that a push needs', async (t) => {
    const { receiver, server } = await start(t);
    const metadata = { deal: 42, nested: { a: [1, 'x'] } };
    const made = await call(server, { calleeName: 'Bob', metadata });
    const { event, id } = await receiver.next('call.callee_offline', made.callId);
    const { data } = event;
    assert.match(id, /^evt_[0-9a-f]{12}_\d{16}_1$/);
    assert.equal(data.calleeId, made.callee.user);
    assert.equal(data.callerId, made.caller.user);
    assert.deepEqual(data.calleeIds, [made.callee.user]);
    assert.equal(data.callerName, made.caller.name);
    assert.equal(data.calleeName, 'Bob');
    assert.equal(data.roomName, made.room);
    assert.equal(data.tenantId, 'acme');
    assert.equal(data.status, 'RINGING');
    assert.equal(data.position, made.pos + 1);
    assert.deepEqual(data.metadata, metadata);
    const left = new Date(data.ringDeadline) - new Date(data.startedAt);
    assert.equal(left, 45_000);
    assert.ok(!receiver.received[0].body.includes(tokenFor(made.caller)));
  });

  test('that a call was missed, after that it is over', async (t) => {
    const { receiver, server } = await start(t, { flags: ['--ring-timeout', '200ms'] });
    const { callId } = await call(server);
    await receiver.next('call.missed', callId);
    const types = receiver.taken.map(({ event }) => event.type);
    assert.deepEqual(types, ['call.callee_offline', 'call.ended', 'call.missed']);
    const [offline, ended, missed] = receiver.taken.map(({ event }) => event.data);
    assert.deepEqual(ended, missed);
    assert.ok(ended.position > offline.position);
    assert.deepEqual([ended.status, ended.endReason, ended.durationSeconds], ['MISSED', 'no_answer', 0]);
  });

  test('that a talk has ended, and how long it was; nothing of callees who are there', async (t) => {
    const { receiver, server } = await start(t);
    const talk = await connected(server);
    await talk.bob.tell({ type: 'ENDED', roomName: talk.room });
    const { event } = await receiver.next('call.ended');
    const { data } = event;
    assert.deepEqual([data.status, data.endReason], ['ENDED', 'hangup']);
    assert.equal(data.endedAt, event.timestamp);
    assert.ok(new Date(data.answeredAt) >= new Date(data.startedAt));
    assert.equal(receiver.received.length, 1);
  });

  test('nothing twice where all goes well', async (t) => {
    const { receiver, server } = await start(t);
    const calls = await Promise.all(Array.from({ length: 20 }, () => call(server)));
    await Promise.all(calls.map(({ end }) => end()));
    await receiver.until(({ taken }) => taken.length >= 40);
    assert.equal(new Set(receiver.received.map(({ id }) => id)).size, receiver.received.length);
  });

  test('by signatures of each secret, so that secrets can be replaced', async (t) => {
    const other = confidential('whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=');
    const file = join(directory, unique('secrets'));
    writeFileSync(file, `${other}\n${SECRET}\n`);
    const receiver = await Receiver.start();
    const server = await Server.start({
      flags: ['--webhook-url', receiver.url, '--webhook-secret-file', file],
    });
    await call(server);
    const { body, headers } = await receiver.next('call.callee_offline');
    assert.equal(headers['webhook-signature'].split(' ').length, 2);
    for (const secret of [other, SECRET]) new Webhook(secret).verify(body, headers);
    const stranger = new Webhook('whsec_BBECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=');
    assert.throws(() => stranger.verify(body, headers));
    await server.stop();
    await receiver.stop();
  });
});

describe('whatever happens', () => {
  test('kill -9, again and again: each at least once, in order, by the same id', async (t) => {
    let refuse = 0;
    const { receiver, server } = await start(t, {
      // Slow, and every third time failing.
      answer: async () => {
        await new Promise((done) => setTimeout(done, 2));
        return ++refuse % 3 === 0 ? 503 : 204;
      },
      flags: ['--webhook-concurrency', '4', '--reconnect-grace', '1h'],
    });
    const expected = new Map(); // callId: whether it was ended for sure
    for (let round = 0; round < 6; ++round) {
      const calls = await Promise.all(Array.from({ length: 25 }, () => call(server)));
      for (const { callId } of calls) expected.set(callId, true);
      const ending = Promise.allSettled(calls.map(({ end }) => end()));
      if (round % 2 === 0) await ending;
      await receiver.until(({ received }) => received.length > round * 20);
      await server.kill();
      const ended = await ending;
      ended.forEach(({ status }, i) => {
        if (status !== 'fulfilled') expected.set(calls[i].callId, false);
      });
      await server.launch();
    }
    const idsOf = (callId, type) =>
      receiver.taken.filter(({ event }) => event.data.callId === callId && event.type === type);
    const complete = () =>
      [...expected].every(
        ([callId, ended]) =>
          idsOf(callId, 'call.callee_offline').length > 0 &&
          (!ended || idsOf(callId, 'call.ended').length > 0),
      );
    await receiver.until(complete);

    const bodies = new Map();
    for (const { id, body } of receiver.received) {
      assert.equal(bodies.get(id) ?? body, body, `${id} was sent with two bodies`);
      bodies.set(id, body);
    }
    const told = new Map();
    for (const { id, event, status } of receiver.received) {
      const { callId } = event.data;
      if (event.type === 'call.ended')
        assert.ok(told.get(callId), `${callId} ended before its callee was told of`);
      if (status === 204 && event.type === 'call.callee_offline') told.set(callId, id);
    }
    for (const callId of expected.keys())
      for (const type of ['call.callee_offline', 'call.ended'])
        assert.ok(new Set(idsOf(callId, type).map(({ id }) => id)).size <= 1, `${type} has two ids`);
  });

  test('a receiver that is away is told later; one call does not wait for another', async (t) => {
    const bad = new Set();
    const { receiver, server } = await start(t, {
      answer: ({ event }) => (bad.has(event.data.callId) ? 500 : 200),
    });
    const first = await call(server);
    bad.add(first.callId);
    await first.end();
    const second = await call(server);
    await second.end();
    await receiver.next('call.ended', second.callId);
    const ofFirst = () => receiver.taken.filter(({ event }) => event.data.callId === first.callId);
    const before = ofFirst().length;
    bad.clear();
    await receiver.next('call.ended', first.callId);
    assert.ok(before < 2);
    const offline = receiver.received.find(({ event }) => event.data.callId === first.callId);
    assert.equal(offline.event.type, 'call.callee_offline');
    await server.logged(/a webhook was not taken \(HTTP 500\)/);
    await server.logged(/webhooks are taken again/);
  });

  test('what waits is sent after a stop and a start', async (t) => {
    let up = false;
    const { receiver, server } = await start(t, { answer: () => (up ? 200 : 503) });
    const { callId } = await call(server);
    await receiver.until(({ received }) => received.length >= 2);
    assert.equal((await server.terminate()).code, 0);
    up = true;
    await server.launch();
    await receiver.next('call.callee_offline', callId);
    assert.equal(new Set(receiver.received.map(({ id }) => id)).size, 1);
  });

  test('a receiver that asks for time is given it', async (t) => {
    let asked;
    const { receiver, server } = await start(t, {
      answer: () => {
        if (asked) return 200;
        asked = Date.now();
        return { status: 429, headers: { 'Retry-After': '1' } };
      },
    });
    await call(server);
    await receiver.until(({ taken }) => taken.length > 0);
    assert.ok(Date.now() - asked >= 990);
  });

  test('signaling notices nothing of a receiver that hangs', async (t) => {
    const { receiver, server } = await start(t, { answer: () => new Promise(() => {}) });
    for (let i = 0; i < 30; ++i) await (await call(server)).end();
    await receiver.until(({ received }) => received.length === 16);
    const { alice, bob, room } = await ringing(server);
    await bob.tell({ type: 'ACCEPTED', roomName: room });
    await alice.next('ACCEPTED');
    const pending = (families) => valueOf(families, 'callstate_webhooks_pending');
    let families = await metrics(server);
    for (let i = 0; i < 1_000 && pending(families) < 60; ++i) families = await metrics(server);
    assert.equal(pending(families), 60);
    assert.ok(valueOf(families, 'callstate_webhooks_oldest_pending_seconds') > 0);
  });
});

describe('by TLS', () => {
  const made = makeCertificate(directory, unique('receiver'));
  const tls = { cert: made.pem, key: readFileSync(made.key) };

  test('a receiver whom the given authority vouches for is told', async (t) => {
    const { receiver, server } = await start(t, { tls, flags: ['--webhook-ca-file', made.cert] });
    await call(server);
    await receiver.next('call.callee_offline');
  });

  test('another one is told nothing', async (t) => {
    const { receiver, server } = await start(t, { tls });
    await call(server);
    await server.logged(/a webhook was not taken \(.*certificate/);
    assert.equal(receiver.received.length, 0);
  });
});

describe('those that were given up', () => {
  const service = () => tokenFor(person('service', { role: 'SERVICE' }));
  const tool = (server, ...args) =>
    callstate(['webhooks', ...args, '--server', server.http, '--token', service()]);

  test('are listed, sent again and forgotten', async (t) => {
    let up = false;
    const { receiver, server } = await start(t, {
      answer: () => (up ? 200 : 500),
      flags: ['--webhook-give-up', '0s'],
    });
    const none = await tool(server, 'dead');
    assert.deepEqual([none.code, none.stdout], [0, 'No webhook was given up.\n']);
    const calls = [await call(server), await call(server), await call(server)];
    await receiver.until(({ received }) => received.length === 3);
    const list = async () => JSON.parse((await tool(server, 'dead', '--json')).stdout).webhooks;
    let dead = await list();
    while (dead.length < 3) dead = await list();
    assert.deepEqual(
      dead.map(({ callId, error, attempts, type }) => [callId, error, attempts, type]),
      calls.map(({ callId }) => [callId, 'HTTP 500', 1, 'call.callee_offline']),
    );
    assert.equal(dead[0].payload.data.callId, calls[0].callId);
    const page = await tool(server, 'dead');
    assert.match(page.stdout, /3 webhooks given up/);
    assert.match(page.stdout, /HTTP 500/);
    const families = await metrics(server);
    assert.equal(valueOf(families, 'callstate_webhooks_dead'), 3);
    assert.equal(valueOf(families, 'callstate_webhooks_given_up_total'), 3);

    await server.kill(); // they survive it
    await server.launch();
    up = true;
    const retried = await tool(server, 'retry', dead[0].id);
    assert.deepEqual([retried.code, retried.stdout], [0, '1 webhook to be sent again\n']);
    await receiver.until(({ taken }) => taken.length === 1);
    assert.equal(receiver.taken[0].id, dead[0].id);
    const dropped = await tool(server, 'drop', dead[1].id);
    assert.deepEqual([dropped.code, dropped.stdout], [0, '1 webhook forgotten\n']);
    assert.deepEqual((await list()).map(({ id }) => id), [dead[2].id]);
    const gone = await tool(server, 'drop', dead[1].id);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /No webhook of the id/);
    const all = await tool(server, 'retry', '--all');
    assert.deepEqual([all.code, all.stdout], [0, '1 webhook to be sent again\n']);
    await receiver.until(({ taken }) => taken.length === 2);
    assert.deepEqual(await list(), []);
    assert.equal((await tool(server, 'drop')).code, 2);
  });

  test('are there for their tenant and for no other', async (t) => {
    const { server } = await start(t, { answer: () => 410 });
    await call(server);
    const list = async (tenant) => {
      const token = tokenFor(person('service', { role: 'SERVICE', tenant }));
      return (await request(server, 'GET', '/v1/webhooks/dead', { token })).json;
    };
    let own = await list('acme');
    while (own.total < 1) own = await list('acme');
    const { id } = own.webhooks[0];
    assert.deepEqual(await list('umbrella'), { total: 0, webhooks: [] });
    const token = tokenFor(person('service', { role: 'SERVICE', tenant: 'umbrella' }));
    for (const [method, below] of [['POST', `${id}/retry`], ['DELETE', id]])
      assert.equal((await request(server, method, `/v1/webhooks/dead/${below}`, { token })).status, 404);
    assert.deepEqual(await list('acme'), own);
  });

  test('need somebody to say whose', async () => {
    const { code, stderr } = await callstate(['webhooks', 'dead', '--server', 'http://127.0.0.1:1']);
    assert.equal(code, 2);
    assert.match(stderr, /Say whose webhooks/);
  });

  test('are nobody else’s to see', async (t) => {
    const { server } = await start(t);
    for (const role of ['CRM_USER', 'AUDITOR']) {
      const token = tokenFor(person('user', { role }));
      const args = ['webhooks', 'dead', '--server', server.http, '--token', token];
      const { code, stderr } = await callstate(args);
      assert.equal(code, 2);
      assert.match(stderr, /role SERVICE/);
    }
  });

  test('of a server that sends none', async (t) => {
    const server = await Server.start();
    t.after(() => server.stop());
    const { code, stderr } = await tool(server, 'dead');
    assert.equal(code, 2);
    assert.match(stderr, /runs without --webhook-url/);
    const families = await metrics(server);
    assert.ok(!families.has('callstate_webhooks_pending'));
  });
});

describe('settings', () => {
  const refused = async (...flags) => {
    const dataDir = join(directory, unique('data'));
    const args = ['serve', '--dev', '--listen', '127.0.0.1:0', '--data-dir', dataDir, ...flags];
    const { code, stderr } = await callstate(args);
    assert.equal(code, 2, stderr);
    return stderr;
  };

  test('that would carry names unencrypted, or unsigned, are refused', async () => {
    const url = ['--webhook-url', 'https://hooks.example.com/'];
    const http = await refused('--webhook-url', 'http://hooks.example.com/', '--webhook-secret', SECRET);
    assert.match(http, /--webhook-allow-http/);
    assert.match(await refused(...url), /signed: give --webhook-secret-file/);
    assert.match(await refused(...url, '--webhook-secret', 'abc'), /begins with whsec_/);
    assert.match(
      await refused(...url, '--webhook-secret', SECRET, '--webhook-secret-file', 'f'),
      /not both/,
    );
    assert.match(await refused(...url, '--webhook-secret-file', '/no/file'), /cannot read \/no\/file/);
    assert.match(
      await refused(...url, '--webhook-secret', SECRET, '--webhook-ca-file', '/no/file'),
      /cannot read certificate authorities/,
    );
    assert.match(await refused('--webhook-url', 'hooks', '--webhook-secret', SECRET), /no http/);
    assert.match(
      await refused(...url, '--webhook-secret', SECRET, '--webhook-retry-min', '1h'),
      /longer than --webhook-retry-max/,
    );
  });

  test('given to a log that is there begin with what happens from now on', async () => {
    const dataDir = join(directory, unique('data'));
    const before = await Server.start({ dataDir });
    const old = await call(before);
    await old.end();
    await before.stop();
    const receiver = await Receiver.start();
    const server = await Server.start({ dataDir, flags: receiver.flags });
    await server.logged(/webhooks begin after position \d+, where the log ended/);
    const { callId } = await call(server);
    await receiver.next('call.callee_offline', callId);
    assert.equal(receiver.received.length, 1);
    await server.stop();
    await receiver.stop();
  });
});
