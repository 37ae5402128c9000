// A log is carried, kept and tried while a server serves it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { callstate, Server } from './server.mjs';
import { tokenFor } from './tokens.mjs';

const directory = mkdtempSync(join(tmpdir(), 'callstate-carrying-'));
const at = (name) => join(directory, name);
const service = { ...person('backup'), role: 'SERVICE' };

let server;
let call;
const ask = (...args) =>
  callstate([...args, '--server', server.http, '--token', tokenFor(service)]);
const good = async (answer) => {
  const { code, stdout, stderr } = await answer;
  assert.equal(code, 0, stderr);
  return stdout;
};

before(async () => {
  server = await Server.start();
  call = await connected(server);
});
after(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

test('an export of a running server makes the same log elsewhere', async () => {
  await good(ask('export', '--output', at('log.jsonl')));
  await good(callstate(['import', at('log.jsonl'), '--data-dir', at('log')]));
  const again = await good(callstate(['export', '--data-dir', at('log')]));
  assert.equal(again, readFileSync(at('log.jsonl'), 'utf8'));
  const timeline = (...where) => good(callstate(['timeline', call.room, '--json', ...where]));
  assert.equal(
    await timeline('--data-dir', at('log')),
    await timeline('--server', server.http, '--token', tokenFor(service)),
  );
});

test('a call can be taken home without its names', async () => {
  const args = ['--room', call.room, '--anonymise', '--output', at('problem.jsonl'), '--json'];
  const said = JSON.parse(await good(ask('export', ...args)));
  assert.equal(said.anonymised, true);
  assert.equal(said.part, true);
  const text = readFileSync(at('problem.jsonl'), 'utf8');
  for (const name of [call.room, call.caller.user, call.callee.user, 'acme']) {
    assert.ok(name.length > 3 && !text.includes(name), name);
  }
  await good(callstate(['import', at('problem.jsonl'), '--data-dir', at('problem')]));
  const room = JSON.parse(text.split('\n').find((line) => line.includes('CALL_STARTED'))).name;
  const state = JSON.parse(
    await good(callstate(['state', room, '--json', '--data-dir', at('problem')])),
  );
  assert.equal(state.callState, 'CONNECTED');
  const served = await callstate(['serve', '--dev', '--data-dir', at('problem')]);
  assert.equal(served.code, 2);
  assert.match(served.stderr, /is a part of the log/);
});

test('an altered export is refused by line and field, and leaves nothing', async () => {
  const text = readFileSync(at('log.jsonl'), 'utf8');
  writeFileSync(at('altered.jsonl'), text.replace('"type":"ACCEPTED"', '"type":"HUMMING"'));
  const { code, stderr } = await callstate([
    'import',
    at('altered.jsonl'),
    '--data-dir',
    at('altered'),
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /line \d+, field type: is HUMMING/);
});

test('the rules decide what a running server has recorded as it did', async () => {
  const found = JSON.parse(await good(ask('recheck', '--json')));
  assert.equal(found.good, true);
  assert.ok(found.messages >= 2, JSON.stringify(found));
});

test('a backup beside a running server is verified, restored and served', async () => {
  assert.match(await good(ask('backup', at('backup'))), /backed up to .* and verified/);
  await good(callstate(['backup', '--verify', at('backup')]));
  const restored = await good(
    callstate(['restore', at('backup'), '--data-dir', at('restored')]),
  );
  assert.match(restored, /is not in it/);
  const other = await Server.start({ dataDir: at('restored') });
  try {
    const state = await callstate([
      ...['state', call.room, '--json', '--server', other.http],
      ...['--token', tokenFor(service)],
    ]);
    assert.equal(JSON.parse(state.stdout).callState, 'CONNECTED');
  } finally {
    await other.stop();
  }
});

test('an auditor of one tenant copies none of the others', async () => {
  const auditor = tokenFor({ ...person('audit'), role: 'AUDITOR' });
  const args = ['backup', at('theirs'), '--server', server.http, '--token', auditor];
  const { code, stderr } = await callstate(args);
  assert.equal(code, 2);
  assert.match(stderr, /reads every tenant's calls/);
  assert.ok(!existsSync(at('theirs')));
});

test('a sound log has nothing to repair', async () => {
  const args = ['repair', '--data-dir', at('log'), '--out', at('copy'), '--json'];
  assert.equal(JSON.parse(await good(callstate(args))).sound, true);
});

test('what cannot be done is 2', async () => {
  for (const args of [
    ['export', '--call', 'x', '--data-dir', at('log')],
    ['export', '--shift', '1d', '--data-dir', at('log')],
    ['import', at('nowhere'), '--data-dir', at('new')],
    ['import', at('log.jsonl'), '--data-dir', at('log')],
    ['restore', at('log'), '--data-dir', at('new')],
    ['repair', '--data-dir', at('nowhere'), '--out', at('new')],
    ['backup', at('new'), '--data-dir', at('nowhere')],
    ['verify', '--data-dir', at('problem')],
  ]) {
    const { code, stderr } = await callstate(args);
    assert.equal(code, 2, `${args.join(' ')}\n${stderr}`);
  }
});
