// GET /metrics: what the documentation says of it, and who may read it.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { networkInterfaces } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';

import { connected, person, ringing } from './calls.mjs';
import { makeCertificate } from './certificates.mjs';
import { unique } from './client.mjs';
import { parse, selectors, valueOf } from './metrics.mjs';
import { SECRET } from './receiver.mjs';
import { Server, temporaryDirectory } from './server.mjs';
import { as as asked } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (path) => readFileSync(join(root, path), 'utf8');

const directory = temporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

/** With TLS and webhooks, so that all there is to show is shown. */
async function startServer() {
  const made = makeCertificate(directory, unique('metrics'));
  const nobody = ['--webhook-url', 'http://127.0.0.1:1/', '--webhook-secret', SECRET];
  const server = await Server.start({
    flags: ['--tls-cert', made.cert, '--tls-key', made.key, ...nobody],
  });
  server.ca = [made.pem];
  return server;
}

async function textOf(server) {
  if (!server.ca) return (await fetch(`${server.http}/metrics`)).text();
  return new Promise((done, fail) => {
    get(`${server.http}/metrics`, { ca: server.ca, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => done(text));
    }).on('error', fail);
  });
}
const scrape = async (server) => parse(await textOf(server));

/** Scrapes until it holds: some numbers follow a little later. */
async function until(server, holds) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const families = await scrape(server);
    if (holds(families)) return families;
    assert.ok(Date.now() < deadline, `does not come to hold: ${holds}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe('what is shown', () => {
  let server;
  let families;
  before(async () => {
    server = await startServer();
    const call = await connected(server);
    await call.bob.tell({ type: 'ENDED', roomName: call.room });
    families = await scrape(server);
  });
  after(() => server.stop());

  test('is what docs/metrics.md lists, with these kinds and labels', () => {
    const cells = /^\| `((?:callstate|process)_[a-z_]+)` \| (\w+) \|([^|]*)\|/gm;
    const listed = [...read('docs/metrics.md').matchAll(cells)].map(([, name, type, labels]) =>
      [name, type, ...(labels.match(/[a-z_]+/g) ?? []).sort()].join(' '),
    );
    const exposed = [...families].map(([name, { type, samples }]) => {
      assert.ok(samples.length > 0, `${name} has no sample`);
      const labels = Object.keys(samples[0].labels).filter((label) => label !== 'le');
      return [name, type, ...labels.sort()].join(' ');
    });
    assert.deepEqual(listed.sort(), exposed.sort());
  });

  const queries = [];
  JSON.parse(read('docs/grafana-dashboard.json'), (key, value) => {
    if (key === 'expr' || key === 'definition') queries.push(value);
    return value;
  });
  const asked = {
    'docs/alerts.yaml': read('docs/alerts.yaml'),
    'docs/grafana-dashboard.json': queries.join('\n'),
  };
  for (const [file, text] of Object.entries(asked)) {
    test(`is all that ${file} asks for`, () => {
      const all = selectors(text);
      assert.ok(all.length > 10, 'nothing was found to compare');
      for (const { name, picked } of all) {
        const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
        const samples = family?.samples.filter((sample) => sample.name === name) ?? [];
        assert.ok(samples.length > 0, `there is no ${name}`);
        for (const [label, value] of picked) {
          if (label === 'job' || label === 'instance') continue; // of Prometheus itself
          assert.ok(
            samples.some((sample) => sample.labels[label] === value),
            `no ${name} has ${label}="${value}"`,
          );
        }
      }
    });
  }

  test('names nobody: no tenant, user or room', async () => {
    const call = await ringing(server);
    const text = await textOf(server);
    for (const name of ['acme', call.room, call.caller.user, call.callee.user])
      assert.ok(!text.includes(name), `${name} is shown`);
  });

  test('says when the certificate expires', () => {
    const name = 'callstate_tls_certificate_expiry_timestamp_seconds';
    const left = valueOf(families, name) - Date.now() / 1000;
    assert.ok(left > 80_000 && left < 87_000, `${left} s`);
  });

  test('counts handshakes that fail', async () => {
    const { hostname: host, port } = new URL(server.url);
    const name = 'callstate_tls_handshake_failures_total';
    const earlier = valueOf(families, name);
    await new Promise((done) =>
      connect({ host, port, ca: server.ca, ALPNProtocols: ['h2'] }).on('error', done),
    );
    await until(server, (now) => valueOf(now, name) > earlier);
  });
});

describe('the numbers', () => {
  let server;
  before(async () => {
    server = await Server.start({ flags: ['--presence-grace', '100ms'] });
  });
  after(() => server.stop());

  test('follow a call from its start to its end', async () => {
    const calls = (families) => [
      valueOf(families, 'callstate_calls', { state: 'ringing' }),
      valueOf(families, 'callstate_calls', { state: 'connected' }),
    ];
    const { room, alice, bob } = await ringing(server);
    assert.deepEqual(calls(await scrape(server)), [1, 0]);
    await bob.tell({ type: 'ACCEPTED', roomName: room });
    const during = await until(server, (now) => calls(now)[1] === 1);
    assert.deepEqual(calls(during), [0, 1]);
    assert.equal(valueOf(during, 'callstate_users_online'), 2);
    assert.equal(valueOf(during, 'callstate_sessions'), 2);
    assert.equal(valueOf(during, 'callstate_connections', { transport: 'websocket' }), 2);
    assert.ok(valueOf(during, 'callstate_connections', { transport: 'http' }) >= 1);
    assert.equal(valueOf(during, 'callstate_ready'), 1);

    await bob.tell({ type: 'ENDED', roomName: room });
    await alice.breaks();
    await bob.close();
    const afterwards = await until(
      server,
      (now) =>
        calls(now).every((count) => count === 0) &&
        valueOf(now, 'callstate_users_online') === 0 &&
        valueOf(now, 'callstate_sessions') === 0 &&
        valueOf(now, 'callstate_connections', { transport: 'websocket' }) === 0,
    );
    assert.equal(valueOf(afterwards, 'callstate_calls_ended_total', { reason: 'hangup' }), 1);
    for (const type of ['CALL_STARTED', 'ACCEPTED', 'ENDED'])
      assert.equal(
        valueOf(afterwards, 'callstate_messages_total', { type, outcome: 'applied' }),
        1,
        type,
      );
    assert.equal(valueOf(afterwards, 'callstate_append_seconds_count'), 3);
    assert.equal(valueOf(afterwards, 'callstate_hop_seconds_count'), 3);
    assert.ok(valueOf(afterwards, 'callstate_delivery_seconds_count') >= 3);
    const records = valueOf(afterwards, 'callstate_log_records_total');
    assert.equal(valueOf(afterwards, 'callstate_batch_records_sum'), records);
    // The first position is the start's own.
    assert.equal(valueOf(afterwards, 'callstate_log_position'), records + 1);
  });

  test('count what is refused', async () => {
    const client = await server.inbox(person('user'));
    await client.refused({ type: 'ACCEPTED', roomName: unique('room') }, 'WRONG_STATE');
    client.send('no message');
    await client.next('ERROR');
    const refused = await server.open('/v1/ws', { ...person('late'), lifetime: -100 });
    await refused.closed(1008);
    const families = await scrape(server);
    const messages = (type, outcome) =>
      valueOf(families, 'callstate_messages_total', { type, outcome });
    assert.equal(messages('ACCEPTED', 'refused'), 1);
    assert.equal(messages('unknown', 'invalid'), 1);
    assert.equal(valueOf(families, 'callstate_auth_failures_total', { reason: 'time' }), 1);
    const closed = { reason: 'unauthenticated' };
    assert.equal(valueOf(families, 'callstate_sessions_closed_total', closed), 1);
  });
});

describe('messages by HTTP', () => {
  test('count like those of a session', async (t) => {
    const server = await Server.start({ flags: ['--rate-messages', '1/h:12'] });
    t.after(() => server.stop());
    const { post } = asked(server, person('user'));
    const roomName = unique('room');
    const bodies = [
      { type: 'PING' },
      [{ type: 'PING' }, { type: 'DANCE' }, { type: 'JOIN', roomName }, { type: 'LEAVE', roomName }],
      { type: 'AUTH', token: 'x' },
      'no message',
      '7',
      [],
      { type: 'RINGING' }, // of no room
      { type: 'ACCEPTED', roomName },
      { type: 'CALL_STARTED', roomName, calleeId: 'x' },
    ];
    for (const body of bodies) await post('/v1/messages', body);
    // None is left of the twelve.
    for (const body of [{ type: 'PING' }, 'no message', [{ type: 'ENDED', roomName }]])
      await post('/v1/messages', body);
    const families = await scrape(server);
    const counted = families
      .get('callstate_messages_total')
      .samples.filter(({ value }) => value > 0)
      .map(({ labels: { type, outcome }, value }) => [type, outcome, value].join(' '));
    assert.deepEqual(counted.sort(), [
      'ACCEPTED refused 1',
      'AUTH refused 1',
      'CALL_STARTED applied 1',
      'ENDED rate_limited 1',
      'JOIN refused 1',
      'LEAVE refused 1',
      'PING applied 2',
      'PING rate_limited 1',
      'unknown invalid 5',
      'unknown rate_limited 1',
    ]);
    const limited = { limit: 'messages' };
    assert.equal(valueOf(families, 'callstate_rate_limited_total', limited), 3);
  });
});

describe('who may read them', () => {
  const status = async (url, init) => (await fetch(url, init)).status;
  const as = (role) => ({
    headers: { Authorization: `Bearer ${tokenFor({ ...person('reader'), role })}` },
  });

  test('by default this machine, and back ends and auditors from anywhere', async (t) => {
    const server = await Server.start({ listen: '0.0.0.0:0' });
    t.after(() => server.stop());
    const { port } = new URL(server.http);
    const here = `http://127.0.0.1:${port}/metrics`;
    assert.equal(await status(here), 200);
    assert.equal(await status(here, { method: 'POST' }), 405);
    assert.equal(await status(here, { method: 'DELETE' }), 405);

    const outside = Object.values(networkInterfaces())
      .flat()
      .find(({ family, internal }) => family === 'IPv4' && !internal);
    const passedOn = { 'X-Forwarded-For': '192.0.2.1' };
    // A machine without a network has no other address than loopback's.
    const elsewhere = outside ? `http://${outside.address}:${port}/metrics` : here;
    const from = ({ headers } = {}) => ({ headers: { ...headers, ...(outside ? {} : passedOn) } });
    const refused = await fetch(elsewhere, from());
    assert.equal(refused.status, 403);
    assert.match(refused.headers.get('content-type'), /problem\+json/);
    assert.match((await refused.json()).detail, /--metrics open/);
    assert.equal(await status(here, { headers: passedOn }), 403);
    assert.equal(await status(elsewhere, from(as('CRM_USER'))), 403);
    assert.equal(await status(elsewhere, from(as('AUDITOR'))), 200);
    assert.equal(await status(elsewhere, from(as('SERVICE'))), 200);
  });

  test('everybody with --metrics open, nobody with off', async (t) => {
    const open = await Server.start({ flags: ['--metrics', 'open'] });
    t.after(() => open.stop());
    const passedOn = { headers: { Via: '1.1 proxy' } };
    assert.equal(await status(`${open.http}/metrics`, passedOn), 200);
    const off = await Server.start({ env: { CALLSTATE_METRICS: 'off' } });
    t.after(() => off.stop());
    assert.equal(await status(`${off.http}/metrics`), 404);
    assert.equal(await status(`${off.http}/metrics`, as('SERVICE')), 404);
  });
});
