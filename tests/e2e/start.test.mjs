// Whether the server starts, by which settings, and what it says when it does not.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { person } from './calls.mjs';
import { makeCertificate } from './certificates.mjs';
import { unique } from './client.mjs';
import { callstate, Server, temporaryDirectory } from './server.mjs';
import { SECRET } from './tokens.mjs';

const directory = temporaryDirectory();
after(() => rmSync(directory, { recursive: true }));
const fresh = () => join(directory, unique('data'));
const write = (name, text) => {
  const path = join(directory, unique(name));
  writeFileSync(path, text);
  return path;
};

async function refuses(args, sentence, { env = {}, code = 2 } = {}) {
  const defaults = { CALLSTATE_LISTEN: '127.0.0.1:0', CALLSTATE_DATA_DIR: fresh() };
  const result = await callstate(['serve', ...args], {
    env: { ...defaults, ...env },
    timeout: 20_000,
  });
  assert.equal(result.code, code, result.stdout + result.stderr);
  assert.match(result.stderr, sentence);
  assert.equal(result.stdout, '', 'it said that it was ready');
}

describe('refuses to start', { concurrency: 4 }, () => {
  test('without a secret or keys', () => refuses([], /--jwt-secret-file.*--jwks.*--dev/s));
  test('with --dev for all the world', () =>
    refuses(['--dev', '--listen', '0.0.0.0:0'], /loopback only.*0\.0\.0\.0/));
  test('with the secret of --dev, which everybody knows', () =>
    refuses([], /development secret/, {
      env: { CALLSTATE_JWT_SECRET: 'callstate-development-secret-not-for-production' },
    }));
  test('with a secret file that is not there, or empty', async () => {
    await refuses(['--jwt-secret-file', join(directory, 'none')], /cannot read/);
    await refuses(['--jwt-secret-file', write('empty', '\n')], /empty/);
  });
  test('with two secrets', () =>
    refuses(['--jwt-secret', 'x', '--jwt-secret-file', write('secret', SECRET)], /not both/));
  test('with a JWKS file that is none', async () => {
    await refuses(['--jwks', join(directory, 'none')], /--jwks/);
    await refuses(['--jwks', write('jwks', '{"keys": 7}')], /--jwks/);
  });
  test('with an address that is none', async () => {
    for (const address of ['127.0.0.1', 'localhost:x', '127.0.0.1:70000', ':1']) {
      await refuses(['--jwt-secret', SECRET, '--listen', address], /--listen/);
    }
  });
  test('with a data directory that cannot be one', () =>
    refuses(['--jwt-secret', SECRET, '--data-dir', write('file', 'x')], /file-/));

  test('with a certificate and no key, or the other way round', async () => {
    const { cert, key } = makeCertificate(directory, unique('alone'));
    await refuses(['--jwt-secret', SECRET, '--tls-cert', cert], /both --tls-cert and --tls-key/);
    await refuses(['--jwt-secret', SECRET, '--tls-key', key], /both --tls-cert and --tls-key/);
  });
  test('with a certificate or a key that cannot be used', async () => {
    const { cert, key } = makeCertificate(directory, unique('first'));
    const other = makeCertificate(directory, unique('other'));
    const tls = (chain, of, sentence) =>
      refuses(['--jwt-secret', SECRET, '--tls-cert', chain, '--tls-key', of], sentence);
    await tls(join(directory, 'none'), key, /--tls-cert.*cannot read the certificate.*none/);
    await tls(cert, write('key', 'nothing'), /--tls-key.*holds no whole private key/);
    await tls(write('cert', 'nothing'), key, /holds no whole certificate chain/);
    await tls(cert, other.key, /does not belong to the certificate.*made together/);
  });

  const usage = (args, sentence, env) =>
    callstate(['serve', '--jwt-secret', SECRET, ...args], { env }).then((result) => {
      assert.notEqual(result.code, 0);
      assert.equal(result.stdout, '');
      assert.match(result.stderr, sentence);
      assert.ok(!result.stderr.includes(SECRET));
    });
  test('with a value that is none, in a flag, the environment or the file', async () => {
    await usage(['--ring-timeout', 'soon'], /--ring-timeout.*soon/);
    await usage(['--rate-messages', '100'], /--rate-messages/);
    await usage(['--sessions-per-user', '0'], /sessions-per-user/);
    await usage(['--colour', 'blue'], /colour/);
    await usage([], /ring-timeout.*-5s/, { CALLSTATE_RING_TIMEOUT: '-5s' });
    await usage(['--config', write('toml', 'ring-timeout = "soon"\n')], /ring-timeout.*soon/);
  });
  test('with a settings file that is not there, or has a setting that nobody knows', async () => {
    await usage(['--config', join(directory, 'none.toml')], /none\.toml/);
    await usage(['--config', write('toml', 'ringtimeout = "1s"\n')], /ringtimeout/);
  });
});

test('a port that is taken', async (t) => {
  const server = await Server.start();
  t.after(() => server.stop());
  const port = server.url.split(':').at(-1);
  await refuses(['--jwt-secret', SECRET, '--listen', `127.0.0.1:${port}`], /--listen/);
});

test('a directory that another server uses', async (t) => {
  const server = await Server.start();
  t.after(() => server.stop());
  const args = [
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--data-dir',
    server.dataDir,
    '--jwt-secret',
    SECRET,
  ];
  const second = await callstate(args, { timeout: 20_000 });
  assert.equal(second.code, 2);
  assert.match(second.stderr, new RegExp(`is in use by process ${server.child.pid}`));
  // And the first one minds nothing of it.
  await (await server.inbox(person('user'))).settled();
});

// How long a call rings, by what the invitation says.
async function ringsFor({ flags = [], env = {} } = {}) {
  const server = await Server.start({ flags, env });
  const room = unique('room');
  const client = await server.join(room, person('user'));
  await client.tell({ type: 'CALL_STARTED', roomName: room, calleeId: 'x' });
  const { at, ringDeadline } = await client.next('CALL_STARTED');
  await server.stop();
  return Date.parse(ringDeadline) - Date.parse(at);
}

describe('settings', { concurrency: 4 }, () => {
  const config = write('toml', '# of the tests\nring-timeout = "31s"\nrate-messages = "50/s"\n');
  const env = { CALLSTATE_RING_TIMEOUT: '32s' };

  test('from the file', async () =>
    assert.equal(await ringsFor({ flags: ['--config', config] }), 31_000));
  test('the file named by the environment', async () =>
    assert.equal(await ringsFor({ env: { CALLSTATE_CONFIG: config } }), 31_000));
  test('the environment wins over the file', async () =>
    assert.equal(await ringsFor({ flags: ['--config', config], env }), 32_000));
  test('a flag wins over both', async () =>
    assert.equal(
      await ringsFor({ flags: ['--config', config, '--ring-timeout', '33s'], env }),
      33_000,
    ));

  test('everything may come from the file, the addresses too', async () => {
    const file = write(
      'toml',
      `listen = ["127.0.0.1:0", "[::1]:0"]\njwt-secret = "${SECRET}"\ndata-dir = "${fresh()}"\nsessions-per-user = 1\n`,
    );
    const server = new Server();
    Object.assign(server, {
      args: ['serve', '--config', file],
      env: { PATH: process.env.PATH },
      log: '',
    });
    await server.launch();
    const who = person('user');
    await server.inbox(who);
    await (await server.open('/v1/ws', who)).closed(4429);
    await server.stop();
  });

  test('a secret from a file, with a newline at its end', async () => {
    const server = await Server.start({
      secret: null,
      flags: ['--jwt-secret-file', write('secret', `${SECRET}\n`)],
    });
    await server.inbox(person('user'));
    await server.stop();
  });

  test('the log as JSON lines', async () => {
    const server = await Server.start({ flags: ['--log-format', 'json'] });
    await server.dial('/v1/ws?token=x').closed(1008);
    await server.stop();
    const lines = server.log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.ok(lines.some((line) => line.level === 'info' && /ready/.test(line.message)));
    assert.ok(lines.every((line) => !Number.isNaN(Date.parse(line.time))));
  });
});

describe('callstate token', () => {
  for (const [what, env, start] of [
    ['with the secret of the server', { CALLSTATE_JWT_SECRET: SECRET }, {}],
    ['with --dev', { CALLSTATE_DEV: 'true' }, { secret: null, flags: ['--dev'] }],
  ]) {
    test(`makes a token that the server takes, ${what}`, async (t) => {
      const server = await Server.start(start);
      t.after(() => server.stop());
      const made = await callstate(['token', '--user', unique('user'), '--tenant', 'acme'], {
        env,
      });
      assert.equal(made.code, 0, made.stderr);
      const client = server.dial(`/v1/ws?token=${made.stdout.trim()}`);
      await client.opened();
      await client.settled();
    });
  }
});

test('a directory that is not there yet is made', async () => {
  const server = await Server.start({ dataDir: join(fresh(), 'a', 'b') });
  await server.stop();
});
