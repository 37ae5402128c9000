// Seals and evidence, as whoever runs a server and whoever doubts it meet them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { callstate, Server, temporaryDirectory } from './server.mjs';
import { sealKey } from './seals.mjs';
import { tokenFor } from './tokens.mjs';

const directory = temporaryDirectory();
after(() => rmSync(directory, { recursive: true }));
const at = (name) => join(directory, name);
const auditor = { ...person('audit'), role: 'AUDITOR' };

describe('evidence of a call', () => {
  const mine = sealKey(directory);
  const other = sealKey(directory, 'other');
  let server;
  let call;
  let callId;
  const file = at('call.json');
  const verify = (...more) => callstate(['verify', file, ...more]);

  test('is sealed when a running server is asked for it', async () => {
    server = await Server.start({ flags: ['--seal-key', mine.key, '--seal-every', '1h'] });
    call = await connected(server);
    callId = call.alice.events(call.room)[0].callId;
    await call.alice.tell({ type: 'ENDED', roomName: call.room });
    const made = await callstate([
      ...['evidence', callId, '--out', file],
      ...['--server', server.http, '--token', tokenFor(auditor)],
    ]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /written to .*: \d+ records, 1 seal\.$/m);
    const { code, stdout, stderr } = await verify('--public-key', mine.pub, '--json');
    assert.equal(code, 0, stdout + stderr);
    const found = JSON.parse(stdout);
    assert.deepEqual([found.unsealed, found.ended, found.problems], [0, true, []]);
    assert.ok(found.signaturesOfGivenKeys > 0);
  });

  test('is checked by hand with openssl', () => {
    const [seal] = JSON.parse(readFileSync(file, 'utf8')).seals;
    writeFileSync(at('statement'), seal.statement);
    writeFileSync(at('signature'), Buffer.from(seal.signature, 'base64'));
    const said = execFileSync('openssl', [
      ...['pkeyutl', '-verify', '-pubin', '-inkey', mine.pub, '-rawin'],
      ...['-in', at('statement'), '-sigfile', at('signature')],
    ]);
    assert.match(String(said), /Verified Successfully/);
  });

  test('by another key, altered or none at all is not good', async () => {
    assert.equal((await verify('--public-key', other.pub)).code, 1);
    const right = readFileSync(file, 'utf8');
    writeFileSync(file, right.replace('"outcome":"applied"', '"outcome":"refused"'));
    const altered = await verify('--public-key', mine.pub);
    assert.equal(altered.code, 1);
    assert.match(altered.stdout, /line 9, "outcome"/);
    writeFileSync(file, right.slice(0, -2));
    assert.equal((await verify()).code, 2);
    assert.equal((await callstate(['verify', at('none.json')])).code, 2);
    writeFileSync(file, right);
  });

  test('is none of other tenants, nor for those who take part', async () => {
    const ask = (who) =>
      callstate(['evidence', callId, '--server', server.http, '--token', tokenFor(who)]);
    assert.equal((await ask({ ...auditor, tenant: 'other' })).code, 1);
    assert.equal((await ask(person('user'))).code, 2);
    // Asked for as another tenant's, it is none of it.
    const token = ['--server', server.http, '--token', tokenFor(auditor)];
    const other = await callstate(['evidence', callId, ...token, '--tenant', 'other']);
    assert.equal(other.code, 1);
    assert.equal(other.stdout, '');
  });

  test('goes on after a kill, with another key', async () => {
    await server.kill();
    server.args.splice(server.args.indexOf(mine.key), 1, other.key);
    await server.launch();
    await server.terminate();
    const keys = [mine.pub, other.pub].flatMap((key) => ['--public-key', key]);
    const log = ['--data-dir', server.dataDir];
    const sound = await callstate(['verify', ...log, ...keys, '--json']);
    assert.equal(sound.code, 0, sound.stdout);
    const { head, seals } = JSON.parse(sound.stdout);
    assert.equal(seals.sealedUpTo, head - 1, 'a stop seals what there is');
    assert.equal(seals.signaturesChecked, seals.count);
    assert.equal((await callstate(['verify', ...log, '--public-key', mine.pub])).code, 1);
    const again = await callstate(['evidence', callId, '--out', file, ...log, ...keys]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /exists already/);
    rmSync(file);
    const made = await callstate(['evidence', callId, '--out', file, '--json', ...log, ...keys]);
    assert.equal(made.code, 0, made.stderr);
    const said = JSON.parse(made.stdout);
    assert.deepEqual([said.call, said.unsealed, said.seals], [callId, 0, 1]);
    assert.equal((await verify(...keys)).code, 0);
  });

  test('of a stopped log says what is not sealed', async () => {
    await server.launch();
    const late = await connected(server);
    const id = late.alice.events(late.room)[0].callId;
    await server.kill();
    const log = ['--data-dir', server.dataDir];
    rmSync(file);
    const made = await callstate(['evidence', id, '--out', file, ...log]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /not sealed yet: \d records/);
    const { code, stdout } = await verify();
    assert.equal(code, 1, stdout);
    assert.match(stdout, /none of its records is sealed: nothing vouches for them/);
    await server.launch();
    await server.stop();
  });
});

test('a key that is none keeps the server from starting, with what to do', async () => {
  writeFileSync(at('no.key'), 'no key');
  const { code, stderr } = await callstate([
    ...['serve', '--dev', '--listen', '127.0.0.1:0', '--data-dir', at('data')],
    ...['--seal-key', at('no.key')],
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /--seal-key: .*no private key.*openssl genpkey -algorithm ed25519/);
});
