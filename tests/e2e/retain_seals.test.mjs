// A log with seals from which old calls are dropped: it stays provable and serves on, and
// every tool says of it what is so, or that it cannot.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { sealKey } from './seals.mjs';
import { callstate, Server, temporaryDirectory } from './server.mjs';
import { as, assertProblem } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

const directory = temporaryDirectory();
const at = (name) => join(directory, name);
const auditor = person('auditor', { role: 'AUDITOR' });
const service = person('service', { role: 'SERVICE' });

const key = sealKey(directory);
let server;
let live; // over all of it
const calls = []; // over, in this order
let first; // where the log begins

const on = (command, ...more) => callstate([...command, '--data-dir', server.dataDir, ...more]);
const good = async (answer) => {
  const { code, stdout, stderr } = await answer;
  assert.equal(code, 0, stdout + stderr);
  return stdout;
};
const json = async (answer) => JSON.parse(await good(answer));
const verified = async (dataDir = server.dataDir) =>
  json(callstate(['verify', '--data-dir', dataDir, '--public-key', key.pub, '--json']));
const retain = (...more) => json(on(['retain', '--older-than', '0s', '--json'], ...more));

async function call() {
  const made = await connected(server);
  await made.alice.tell({ type: 'ENDED', roomName: made.room });
  made.id = made.alice.events(made.room)[0].callId;
  calls.push(made);
  return made;
}

before(async () => {
  const flags = ['--seal-records', '8', '--seal-every', '1h', '--seal-key', key.key];
  server = await Server.start({ flags: [...flags, '--reconnect-grace', '1h'] });
});
after(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

test('old calls go, all seals stay, and the log is sound', async () => {
  for (let i = 0; i < 4; ++i) await call();
  live = await connected(server);
  live.id = live.alice.events(live.room)[0].callId;
  await call();
  await server.terminate();
  const whole = await verified();
  assert.ok(whole.seals.count > 3);

  const would = await retain('--dry-run');
  assert.equal((await verified()).records, whole.records, 'a dry run drops nothing');
  const done = await retain('--archive', at('archive.jsonl'));
  assert.equal(done.records, would.records);
  assert.deepEqual([done.calls, done.liveCallsKept, done.heldBySeals], [5, 1, 0]);
  first = done.first;
  const archived = readFileSync(at('archive.jsonl'), 'utf8').trim().split('\n');
  assert.equal(archived.length, first - 1 + 2, 'its first line, all records of before, its last');
  assert.ok(archived.some((line) => JSON.parse(line).type === 'SEALED'), 'with the seals over them');

  const left = await verified();
  assert.equal(left.first, first);
  assert.equal(left.records + done.records, whole.records);
  assert.deepEqual(left.seals, { ...whole.seals, outlived: whole.seals.count });
  const gone = await on(['evidence', live.id]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /dropped with `callstate retain`/);
});

test('a server goes on sealing, and proves what it can', async () => {
  await server.launch();
  const audit = as(server, auditor);
  const problem = await audit.get(`/v1/calls/${live.id}/evidence`);
  assertProblem(problem, 410, 'CURSOR_EXPIRED');
  assertProblem(await audit.get(`/v1/calls/${calls[0].id}/evidence`), 404, undefined);
  await call();
  const later = await call();
  const ask = ['--server', server.http, '--token', tokenFor(service)];
  await good(callstate(['evidence', later.id, '--out', at('call.json'), ...ask]));
  await good(callstate(['verify', at('call.json'), '--public-key', key.pub]));
  const back = await server.open('/v1/ws', { ...live.caller });
  await back.next('ROOM_STATE', { roomName: live.room, callState: 'CONNECTED' });
  await server.terminate();

  const found = await verified();
  assert.equal(found.first, first);
  assert.equal(found.seals.sealedUpTo, found.head - 1);
  assert.equal(found.seals.signaturesChecked, found.seals.count);
  assert.ok(found.seals.outlived > 0 && found.seals.outlived < found.seals.count);
  await good(on(['evidence', later.id, '--out', at('stopped.json'), '--public-key', key.pub]));
  assert.equal(readFileSync(at('stopped.json'), 'utf8'), readFileSync(at('call.json'), 'utf8'));
});

test('the tools say what is so', async () => {
  const stats = await json(on(['stats', '--json']));
  assert.equal(stats.first, first);
  assert.match(await good(on(['stats'])), /older calls were dropped/);
  const { head } = stats;

  const recheck = await json(on(['recheck', '--json']));
  assert.deepEqual(recheck.differences, []);
  const replayed = await json(on(['replay', '--summary', '--json']));
  assert.equal(replayed.last, head);
  const room = await json(on(['replay', live.room, '--summary', '--json']));
  assert.deepEqual(room.callsByStatus, { CONNECTED: 1 });

  const state = await json(on(['state', live.room, '--json']));
  assert.equal(state.callState, 'CONNECTED');
  const [started, accepted] = await server.timeline(live.room);
  assert.deepEqual([started.type, accepted.type], ['CALL_STARTED', 'ACCEPTED']);
  assert.ok(accepted.pos < first);
  const then = await json(on(['state', live.room, '--json', '--at', String(accepted.pos - 1)]));
  assert.equal(then.callState, 'RINGING');
  const why = await json(on(['why', live.room, String(accepted.pos), '--json']));
  assert.equal(why.decidedTheSameToday, true);
  assert.match(await good(on(['timeline', live.room, '--ladder'])), /ACCEPTED/);
  const change = await json(on(['diff', live.room, String(started.pos), String(head), '--json']));
  assert.ok(JSON.stringify(change).includes('CONNECTED'));

  const lost = [
    ['state', live.room, '--at', '1'],
    ['state', live.room, '--at', '2001-01-01T00:00:00Z'],
    ['diff', live.room, '1', String(head)],
    ['why', live.room, '1'],
  ];
  for (const command of lost) {
    const { code, stderr } = await on(command);
    assert.equal(code, 1, command.join(' '));
    assert.match(stderr, /begins with position \d+: what was there before was dropped/);
  }
  const none = await on(['timeline', calls[0].room]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /older calls were dropped/);
});

test('it is carried as a part, backed up and repaired as a whole', async () => {
  const exported = await json(on(['export', '--output', at('log.jsonl'), '--json']));
  assert.equal(exported.part, true);
  await good(callstate(['import', at('log.jsonl'), '--data-dir', at('part')]));
  const again = await good(callstate(['export', '--data-dir', at('part')]));
  assert.equal(again, readFileSync(at('log.jsonl'), 'utf8'));
  const recheck = await json(callstate(['recheck', '--data-dir', at('part'), '--json']));
  assert.deepEqual(recheck.differences, []);
  await good(on(['export', '--anonymise', '--output', at('problem.jsonl')]));
  await good(callstate(['import', at('problem.jsonl'), '--data-dir', at('problem')]));

  await good(on(['backup', at('backup')]));
  await good(callstate(['restore', at('backup'), '--data-dir', at('restored')]));
  assert.equal((await verified(at('restored'))).first, first);

  assert.match(await good(on(['repair', '--out', at('never')])), /sound/);
  rmSync(join(at('restored'), 'CURRENT'));
  const repaired = await callstate([
    ...['repair', '--data-dir', at('restored'), '--out', at('repaired'), '--json'],
  ]);
  assert.equal(repaired.code, 1, repaired.stderr);
  assert.deepEqual(
    [JSON.parse(repaired.stdout).first, JSON.parse(repaired.stdout).cut],
    [first, 0],
  );
  const { records } = await verified();
  assert.equal((await verified(at('repaired'))).records, records);
});

test('the index is of what is left', async () => {
  const projection = (...args) => on(['projection', ...args]);
  await good(projection('verify', 'index'));
  await good(projection('rebuild', 'index'));
  await good(projection('verify', 'index'));
});

test('it is done again, and a change of what is left is found', async () => {
  const before = await verified();
  const done = await retain();
  assert.ok(done.first > first);
  assert.equal(done.calls, 2);
  const after = await verified();
  assert.equal(after.seals.count, before.seals.count, 'the seals stay');
  await server.launch();
  await call();
  await server.terminate();
  const found = await verified();
  assert.equal(found.first, done.first);
  assert.equal(found.seals.sealedUpTo, found.head - 1);

  cpSync(server.dataDir, at('altered'), { recursive: true });
  const [largest] = readdirSync(at('altered'))
    .filter((name) => name.endsWith('.sst'))
    .map((name) => join(at('altered'), name))
    .sort((one, other) => statSync(other).size - statSync(one).size);
  const bytes = readFileSync(largest);
  bytes[Math.floor(bytes.length / 3)] ^= 1;
  writeFileSync(largest, bytes);
  assert.equal((await callstate(['verify', '--data-dir', at('altered')])).code, 1);
});
