// The server speaks TLS itself, and its certificate is renewed while it serves.
import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';

import { connected, person } from './calls.mjs';
import { makeCertificate } from './certificates.mjs';
import { unique } from './client.mjs';
import { callstate, Server, temporaryDirectory } from './server.mjs';
import { as, assertProblem, request, Station } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

const directory = temporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

const cert = join(directory, 'cert.pem');
const key = join(directory, 'key.pem');
const certificates = ['first', 'second', 'third'].map((name) => makeCertificate(directory, name));
const [first, second, third] = certificates;
const ca = certificates.map(({ pem }) => pem);

/** Puts the files of a certificate in the place of the server's. */
function install(certificate) {
  for (const [from, to] of [
    [certificate.cert, cert],
    [certificate.key, key],
  ]) {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  }
}

async function startServer(more = {}) {
  const flags = ['--tls-cert', cert, '--tls-key', key];
  const server = await Server.start({ flags, ...more });
  server.ca = ca;
  return server;
}

/** The name in the certificate that a new connection is shown. */
function shown(server) {
  const { hostname: host, port } = new URL(server.url);
  return new Promise((done, fail) => {
    const socket = connect({ host, port, ca }, () => {
      done(socket.getPeerCertificate().subject.CN);
      socket.end();
    });
    socket.on('error', fail);
  });
}

describe('with --tls-cert and --tls-key', () => {
  let server;
  before(async () => {
    install(first);
    server = await startServer();
  });
  after(() => server.stop());

  test('a call over wss', async () => {
    assert.match(server.url, /^wss:/);
    const call = await connected(server);
    await call.alice.tell({ type: 'ENDED', roomName: call.room });
    await call.bob.next('ENDED');
    await call.alice.close();
    await call.bob.close();
  });

  test('health over https, verified', async () => {
    const { status, text } = await request(server, 'GET', '/healthz');
    assert.deepEqual([status, text], [200, 'ok']);
    const doubting = request({ http: server.http }, 'GET', '/healthz');
    await assert.rejects(doubting, /self-signed/);
  });

  test('a call of a back end, polls and a stream over https', async (t) => {
    const [ann, kim] = [person('ann'), person('kim', { device: 'phone' })];
    const stations = await Promise.all([
      Station.open(server, ann, 'poll'),
      Station.open(server, kim, 'sse'),
      Station.open(server, { ...kim, device: 'tablet' }, 'party'),
    ]);
    t.after(() => stations.forEach(({ client }) => client.close()));
    const [alice, bob, tablet] = stations;
    const started = await as(server, ann).post('/voip/start', { calleeId: kim.user });
    assert.equal(started.status, 201, started.text);
    const { roomName: room } = started.json;
    for (const each of stations) await each.next('CALL_STARTED', { roomName: room });
    await bob.tell({ type: 'ACCEPTED', roomName: room });
    await tablet.next('ANSWERED_ELSEWHERE');
    await alice.next('ACCEPTED');
    // Many at once, of which none fits into one record of TLS.
    const data = { sdp: 'v'.repeat(7_000) };
    const signal = { type: 'SIGNAL', roomName: room, to: kim.user, data };
    const { json } = await as(server, ann).post('/v1/messages', Array(8).fill(signal));
    for (const { type } of json.results) assert.equal(type, 'ACK');
    for (let i = 0; i < 8; ++i) assert.deepEqual((await bob.next('SIGNAL')).data, data);
    const state = await as(server, ann).get(`/v1/rooms/${room}/state`);
    assert.equal(state.json.callState, 'CONNECTED');
    await alice.tell({ type: 'ENDED', roomName: room });
    for (const each of stations) await each.next('ENDED', { reason: 'hangup' });
    assert.deepEqual(bob.events(room), tablet.events(room));
    const stranger = await request(server, 'POST', '/v1/messages', { body: signal });
    assertProblem(stranger, 401, 'UNAUTHENTICATED');
  });

  test('whoever speaks plain HTTP is told', async () => {
    const response = await fetch(server.http.replace('https', 'http'));
    assert.equal(response.status, 400);
    assert.equal((await response.json()).detail, 'this port speaks https');
  });

  test('the tools speak it too, and trust nobody unknown', async () => {
    const { room } = await connected(server);
    const token = tokenFor({ ...person('audit'), role: 'AUDITOR' });
    const ask = (url, ...more) =>
      callstate(['timeline', room, '--server', url, '--token', token, ...more]);
    const trusting = await ask(server.http, '--ca-file', first.cert);
    assert.equal(trusting.code, 0, trusting.stderr);
    assert.match(trusting.stdout, /CALL_STARTED/);
    const [doubting, wrong, absent, plain] = await Promise.all([
      ask(server.http),
      ask(server.http, '--ca-file', second.cert),
      ask(server.http, '--ca-file', join(directory, 'none')),
      ask(server.http.replace('https', 'http')),
    ]);
    for (const each of [doubting, wrong, absent, plain]) assert.equal(each.code, 2);
    assert.match(doubting.stderr, /certificate verify failed.*--ca-file/);
    assert.match(wrong.stderr, /certificate verify failed/);
    assert.match(absent.stderr, /--ca-file.*none/);
    assert.match(plain.stderr, /this port speaks https/);
  });

  test('the demo plays over it', async () => {
    const [caller, callee] = ['caller', 'callee'].map((user) => tokenFor(person(user)));
    const tokens = ['--token-caller', caller, '--token-callee', callee];
    const address = ['--server', server.http, '--ca-file', first.cert];
    const played = await callstate(['demo', '--pause', '0', ...address, ...tokens]);
    assert.equal(played.code, 0, played.stderr);
    assert.match(played.stdout, /The call is in the log.*--ca-file/s);
  });
});

describe('a certificate is renewed', { concurrency: false }, () => {
  let server;
  let client;
  const replaced = /new connections get the certificate that is valid until/;
  const kept = /the present certificate stays in use: .*does not belong to the certificate/;
  before(async () => {
    install(first);
    server = await startServer();
    client = await server.inbox(person('user'));
    assert.equal(await shown(server), 'first');
  });
  after(() => server.stop());

  test('by replacing its files', async () => {
    const from = server.log.length;
    install(second);
    await server.logged(replaced, { from, within: 20_000 });
    assert.equal(await shown(server), 'second');
    await client.settled();
  });

  test('by SIGHUP', async () => {
    const from = server.log.length;
    install(third);
    server.child.kill('SIGHUP');
    await server.logged(replaced, { from });
    assert.equal(await shown(server), 'third');
    await client.settled();
  });

  test('not by a bad one', async () => {
    for (const [asked, within] of [
      [true, 5_000],
      [false, 20_000],
    ]) {
      const from = server.log.length;
      copyFileSync(first.key, `${key}.new`);
      renameSync(`${key}.new`, key);
      if (asked) server.child.kill('SIGHUP');
      await server.logged(kept, { from, within });
      assert.equal(await shown(server), 'third');
    }
    await client.settled();
    await (await server.inbox(person('user'))).close();
  });
});

test('without TLS a SIGHUP ends the server, as that of a closing terminal should', async () => {
  const server = await Server.start();
  server.child.kill('SIGHUP');
  assert.equal((await server.exited).signal, 'SIGHUP');
  await server.stop();
});
