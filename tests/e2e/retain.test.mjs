// Dropping old calls from a stopped log, and what everybody is told afterwards.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { callstate, Server, temporaryDirectory } from './server.mjs';
import { as, assertProblem } from './stations.mjs';

const directory = temporaryDirectory();
after(() => rmSync(directory, { recursive: true }));
const auditor = () => person('auditor', { role: 'AUDITOR' });

test('old calls go, what goes on stays, and everybody is told', async () => {
  const server = await Server.start({ flags: ['--reconnect-grace', '1h'] });
  const old = await connected(server);
  await old.alice.tell({ type: 'ENDED', roomName: old.room });
  await old.alice.next('ENDED');
  const live = await connected(server);
  const calls = async (who) => (await as(server, who).get('/v1/calls')).json.calls;
  const ids = (await calls(auditor())).map(({ callId, roomName }) => [roomName, callId]);
  const callIds = Object.fromEntries(ids);

  const retain = (...more) =>
    callstate(['retain', '--older-than', '0s', '--data-dir', server.dataDir, '--json', ...more]);
  const served = await retain();
  assert.equal(served.code, 2);
  assert.match(served.stderr, /is in use by process \d+; stop the server first: a log that is served/);
  await server.terminate();

  const dry = await retain('--dry-run');
  assert.equal(dry.code, 0, dry.stderr);
  const would = JSON.parse(dry.stdout);
  assert.deepEqual([would.calls, would.liveCallsKept], [1, 1]);
  assert.ok(existsSync(join(server.dataDir, 'index', 'CURRENT')));
  const done = await retain('--archive', directory);
  assert.equal(done.code, 0, done.stderr);
  const said = JSON.parse(done.stdout);
  assert.equal(said.first, would.first);
  assert.equal(said.records, would.records);
  assert.ok(!existsSync(join(server.dataDir, 'index', 'CURRENT')), 'calls that went are in it');
  const [name] = readdirSync(directory);
  assert.equal(said.archive, join(directory, name));
  const archived = readFileSync(said.archive, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(archived.length, 2 + said.first - 1, 'with its first line and its last');
  const types = archived.filter(({ name }) => name === old.room).map(({ type }) => type);
  assert.deepEqual(types, ['CALL_STARTED', 'ACCEPTED', 'ENDED']);
  const copy = join(directory, 'copy');
  const imported = await callstate(['import', said.archive, '--data-dir', copy]);
  assert.equal(imported.code, 0, imported.stderr);
  const shown = await callstate(['timeline', old.room, '--data-dir', copy, '--json']);
  assert.equal(shown.code, 0, shown.stderr);

  const again = JSON.parse((await retain()).stdout);
  assert.equal(again.first, said.first, 'the last record stays');
  assert.equal(again.records, 0);
  const verified = await callstate(['verify', '--data-dir', server.dataDir]);
  assert.equal(verified.code, 0, verified.stdout);
  assert.match(verified.stdout, /begins with position/);
  const gone = await callstate(['timeline', old.room, '--data-dir', server.dataDir]);
  assert.equal(gone.code, 1);
  const kept = (await server.timeline(live.room)).map(({ type }) => type);
  assert.deepEqual(kept.slice(0, 2), ['CALL_STARTED', 'ACCEPTED']);

  await server.launch();
  const audit = as(server, auditor());
  assertProblem(await audit.get('/v1/log?after=1'), 410, 'CURSOR_EXPIRED');
  assertProblem(await audit.get(`/v1/rooms/${live.room}/state?at=1`), 410, 'CURSOR_EXPIRED');
  assertProblem(await audit.get(`/v1/rooms/${live.room}/state?at=2001-01-01T00:00:00Z`), 410, 'CURSOR_EXPIRED');
  assertProblem(await audit.get(`/v1/rooms/${old.room}/state?at=${said.first}`), 404, 'ROOM_NOT_FOUND');
  const then = await audit.get(`/v1/rooms/${live.room}/state?at=${said.first}`);
  assert.equal(then.json.callState, 'CONNECTED');
  const page = (await audit.get('/v1/log')).json;
  assert.equal(page.first, said.first);
  const poll = await as(server, live.callee).get('/v1/messages?since=1');
  assert.equal(poll.json.messages[0].code, 'CURSOR_EXPIRED');
  assert.equal(poll.json.messages[1].callState, 'CONNECTED');
  const back = await server.open('/v1/ws', { ...live.caller });
  await back.next('ROOM_STATE', { roomName: live.room, callState: 'CONNECTED' });
  assert.deepEqual((await calls(auditor())).map(({ roomName }) => roomName), [live.room]);
  assertProblem(await audit.get(`/v1/calls/${callIds[old.room]}`), 404, undefined);
  const events = (await audit.get(`/v1/calls/${callIds[live.room]}/events`)).json.events;
  assert.deepEqual(
    events.slice(0, 2).map(({ type }) => type),
    ['CALL_STARTED', 'ACCEPTED'],
  );
  await back.tell({ type: 'ENDED', roomName: live.room });
  await server.terminate();
  const sound = await callstate(['verify', '--data-dir', server.dataDir]);
  assert.equal(sound.code, 0, sound.stdout);
  await server.stop();
});

test('what makes no sense is refused, and changes nothing', async () => {
  const nowhere = await callstate(['retain', '--older-than', '1d', '--data-dir', join(directory, 'no')]);
  assert.equal(nowhere.code, 2);
  const age = await callstate(['retain', '--older-than', 'long', '--data-dir', directory]);
  assert.equal(age.code, 2);
  assert.match(age.stderr, /--older-than/);
});
