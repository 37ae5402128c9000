// What whoever runs the server meets: tools beside it, signals, a full disk, and
// a system that allows it little.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { unique } from './client.mjs';
import { BINARY, callstate, Server, temporaryDirectory } from './server.mjs';
import { as, assertProblem } from './stations.mjs';
import { SECRET, tokenFor } from './tokens.mjs';

const directory = temporaryDirectory();
after(() => rmSync(directory, { recursive: true }));
const fresh = () => join(directory, unique('data'));

describe('tools beside a running server', () => {
  let server;
  let call;
  const room = unique('shared');
  const ask = (command, who, ...more) =>
    callstate([...command, '--server', server.http, '--token', tokenFor(who), ...more]);
  const auditor = { ...person('audit'), role: 'AUDITOR' };
  const stranger = { ...person('audit'), role: 'AUDITOR', tenant: 'other' };

  test('a call of each of two tenants in a room of the same name', async () => {
    server = await Server.start();
    call = await connected(server);
    for (const tenant of ['acme', 'other']) {
      const client = await server.join(room, person('user', { tenant }));
      await client.tell({ type: 'CALL_STARTED', roomName: room, calleeId: `callee-of-${tenant}` });
    }
  });

  test('timeline and state show the call while it goes on', async () => {
    const timeline = await ask(['timeline', call.room], auditor, '--json');
    assert.equal(timeline.code, 0, timeline.stderr);
    const types = timeline.stdout.trim().split('\n').map((line) => JSON.parse(line).type);
    assert.deepEqual(types, ['CALL_STARTED', 'ACCEPTED']);
    const state = await ask(['state', call.room], auditor, '--json');
    assert.equal(JSON.parse(state.stdout).callState, 'CONNECTED');
    assert.equal((await ask(['verify'], auditor)).code, 0);
    assert.equal((await ask(['stats'], auditor)).code, 0);
    await call.alice.settled(); // nobody was disturbed
  });

  test('an auditor reads its own tenant and no other', async () => {
    for (const [who, tenant] of [
      [auditor, 'acme'],
      [stranger, 'other'],
    ]) {
      const { stdout, stderr } = await ask(['timeline', room], who, '--json');
      const record = JSON.parse(stdout.split('\n')[0] || assert.fail(stderr));
      assert.equal(record.calleeId, `callee-of-${tenant}`);
    }
    const other = await ask(['timeline', call.room], stranger);
    assert.notEqual(other.code, 0);
    assert.equal(other.stdout, '');
    const asked = await ask(['state', call.room], stranger, '--tenant', 'acme');
    assert.equal(asked.code, 2);
    assert.match(asked.stderr, /own tenant, other/);
  });

  test('a service reads every tenant', async () => {
    const service = { ...person('crm'), role: 'SERVICE' };
    const { code } = await ask(['timeline', room], service, '--tenant', 'other');
    assert.equal(code, 0);
    assert.equal((await ask(['timeline', room], service)).code, 2); // which of the two?
  });

  test('nobody else reads', async () => {
    const { code, stderr } = await ask(['timeline', call.room], person('user'));
    assert.equal(code, 2);
    assert.match(stderr, /only AUDITOR or SERVICE/);
    await server.stop();
  });
});

test('a start removes old checkpoints, and nothing that is not one', async () => {
  const dataDir = fresh();
  const theirs = join(dataDir, 'checkpoints', 'theirs');
  mkdirSync(theirs, { recursive: true });
  writeFileSync(join(theirs, 'weights'), 'x');
  const made = join(dataDir, 'checkpoints', '7');
  mkdirSync(made);
  writeFileSync(join(made, 'CURRENT'), 'x');
  const server = await Server.start({ dataDir });
  assert.ok(existsSync(join(theirs, 'weights')));
  assert.ok(!existsSync(made));
  await server.stop();
});

test('checkpoints are of their tenant, and none takes another its own away', async () => {
  const server = await Server.start({ dataDir: fresh() });
  const asked = (method, path, tenant) =>
    fetch(`${server.http}${path}`, {
      method,
      headers: { authorization: `Bearer ${tokenFor(person('audit', { role: 'AUDITOR', tenant }))}` },
    });
  const make = async (tenant) => (await asked('POST', '/v1/checkpoints', tenant)).json();
  const theirs = await make('globex');
  assert.equal((await asked('DELETE', `/v1/checkpoints/${theirs.name}`, 'acme')).status, 404);
  const ours = [];
  for (let i = 0; i < 6; ++i) ours.push(await make('acme'));
  assert.ok(existsSync(theirs.path));
  assert.deepEqual(ours.map(({ path }) => existsSync(path)), [false, false, true, true, true, true]);
  assert.equal((await asked('DELETE', `/v1/checkpoints/${theirs.name}`, 'globex')).status, 204);
  assert.ok(!existsSync(theirs.path));
  await server.stop();
});

test('below the reserve of free space messages are refused and the state is still shown', async () => {
  const dataDir = fresh();
  const first = await Server.start({ dataDir });
  const call = await connected(first);
  await first.stop();
  const server = await Server.start({
    dataDir,
    flags: ['--disk-reserve', String(2 ** 62), '--reconnect-grace', '1h'],
  });
  const alice = await server.open('/v1/ws', call.caller);
  const state = await alice.next('ROOM_STATE');
  assert.equal(state.callState, 'CONNECTED');
  alice.send({ type: 'ENDED', id: 'e', roomName: call.room });
  const error = await alice.next('ERROR');
  assert.equal(error.code, 'STORAGE_UNAVAILABLE');
  assert.equal(error.id, 'e');
  assert.equal((await fetch(`${server.http}/readyz`)).status, 503);
  assert.equal((await fetch(`${server.http}/healthz`)).status, 200);
  await server.stop();
});

describe('signals', () => {
  // Accepts connections and says nothing: a key set that does not come.
  const silent = createServer(() => {});
  after(() => silent.close());

  test('one that comes while it starts ends it', async () => {
    await new Promise((done) => silent.listen(0, '127.0.0.1', done));
    silent.unref();
    const asked = new Promise((done) => silent.once('connection', done));
    const child = spawn(
      BINARY,
      [
        ...['serve', '--data-dir', fresh(), '--listen', '127.0.0.1:0'],
        ...['--jwks', `http://127.0.0.1:${silent.address().port}/keys`],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
    const ended = new Promise((done) => child.on('close', done));
    (await asked).unref();
    child.kill('SIGTERM');
    assert.equal(await ended, 128 + 15);
    assert.match(log, /asked to stop while starting/);
  });

  test('while it waits for sessions to go, probes are told that it is not ready', async () => {
    const server = await Server.start({ flags: ['--drain-timeout', '1h'] });
    const deaf = await server.inbox(person('user'));
    deaf.socket.pause();
    server.child.kill('SIGTERM');
    await server.logged(/stopping/);
    const status = async (path) => (await fetch(server.http + path)).status;
    assert.deepEqual(
      [await status('/readyz'), await status('/healthz'), await status('/metrics')],
      [503, 200, 200],
    );
    const late = server.dial(`/v1/ws?token=${tokenFor(person('late'))}`);
    await late.closed(1001);
    const { get } = as(server, person('late'));
    assertProblem(await get('/v1/messages'), 503, 'OVERLOADED');
    deaf.socket.resume();
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    await assert.rejects(fetch(`${server.http}/readyz`));
    await server.stop();
  });

  test('a second one ends it without waiting for anybody', async () => {
    const server = await Server.start({ flags: ['--drain-timeout', '1h'] });
    const deaf = await server.inbox(person('user'));
    deaf.socket.pause();
    server.child.kill('SIGTERM');
    await server.logged(/stopping/);
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.exited, { code: 128 + 15, signal: null });
    await server.logged(/second time/);
  });
});

const limited = (files, args) =>
  new Promise((done) => {
    const command = 'ulimit -n "$0" && exec "$@"';
    const child = execFile('sh', ['-c', command, files, BINARY, ...args], {}, (_, __, stderr) =>
      done({ code: child.exitCode, stderr }),
    );
  });

test('with fewer open files than the log needs it does not start', async () => {
  const args = ['serve', '--data-dir', fresh(), '--listen', '127.0.0.1:0', '--jwt-secret', SECRET];
  const { code, stderr } = await limited('64', args);
  assert.equal(code, 2);
  assert.match(stderr, /64 open files .* needed/);
});

test('addresses in the environment are separated by commas', async () => {
  const server = await Server.start({
    listen: null,
    env: { CALLSTATE_LISTEN: '127.0.0.1:0,[::1]:0' },
  });
  await server.inbox(person('user'));
  await server.stop();
});

test('numbers below zero are refused', async () => {
  for (const flag of ['--disk-reserve', '--unauthenticated', '--failed-logins', '--connections']) {
    const args = ['serve', '--jwt-secret', SECRET, '--data-dir', fresh(), flag, '-1'];
    const { code, stdout, stderr } = await callstate(args, { timeout: 10_000 });
    assert.notEqual(code, 0);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(flag));
  }
});

test("callstate token takes the secret from the server's settings file", async () => {
  const config = join(directory, 'callstate.toml');
  writeFileSync(config, `jwt-secret = "${SECRET}"\nring-timeout = "31s"\n`);
  const made = await callstate([
    ...['token', '--config', config, '--user', unique('user'), '--tenant', 'acme'],
  ]);
  assert.equal(made.code, 0, made.stderr);
  const server = await Server.start();
  const client = server.dial(`/v1/ws?token=${made.stdout.trim()}`);
  await client.opened();
  await client.settled();
  await server.stop();
});
