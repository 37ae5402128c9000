// What the console finds in evidence, and in what is shown beside it.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';

import { model } from './model.mjs';
import { evidenceOf, recordOf, sha } from './sealing.mjs';

const take = [12, 15, 16, 30];
const make = (more) => evidenceOf({ count: 40, size: 7, take, ...more });
const faults = async ({ evidence, shown }) => (await model.check(evidence, shown)).faults;

test('evidence holds, for trees of every shape and each of their records', async () => {
  for (let size = 1; size <= 17; ++size) {
    const all = Array.from({ length: size }, (_, i) => 11 + i);
    const { evidence, shown, id } = evidenceOf({ count: size, size, take: all });
    assert.deepEqual(await model.check(evidence, shown), {
      records: size,
      unsealed: 0,
      seals: 1,
      signed: { [id]: 1 },
      unknown: {},
      unsigned: 0,
      unchecked: 0,
      faults: [],
    });
  }
});

const other = recordOf({ seq: 1, at: 1, type: 2, own: [] });
/** One's own seal for another's, with all that the file says of it. */
const exchange = (seals, at, by) => (seals[at] = { ...by, position: seals[at].position });

test('whatever is altered in evidence is found', async () => {
  assert.deepEqual(await faults(make()), []);
  const alterations = {
    'a record': (all) => (all.records[1].record = other.toString('base64')),
    'a record and its hash': ({ records: [, each] }) =>
      Object.assign(each, { record: other.toString('base64'), hash: sha(other).toString('hex') }),
    'a position': (all) => (all.records[1].position = 14),
    'a path': (all) => all.records[2].path.reverse(),
    'the end of a path': (all) => all.records[2].path.pop(),
    'another seal': (all) => (all.records[3].seal = all.seals[0].position),
    'no seal': (all) => Object.assign(all.records[1], { seal: null, path: [] }),
    'a statement': ({ seals: [each] }) =>
      (each.statement = each.statement.replace('last 17', 'last 18')),
    'a signature': ({ seals }) => (seals[0].signature = seals[1].signature),
    'a signature that is taken off': ({ seals }) => (seals[0].signature = null),
    'a seal': (all) => (all.seals[1].record = other.toString('base64')),
    'a seal of another log': (all) => (all.log = all.call),
    'a seal that is gone': (all) => all.seals.splice(1, 1),
    'a record that is gone': (all) => all.records.splice(1, 1),
    'the last record': (all) => all.records.pop(),
    'the call': (all) => (all.call = all.log),
    'the room': (all) => (all.room = 'support'),
    'the tenant': (all) => (all.tenant = 'other'),
    'a key’s id': ({ keys: [each] }) => (each.id = '0'.repeat(32)),
  };
  for (const [what, alter] of Object.entries(alterations)) {
    const all = make();
    alter(all.evidence);
    assert.notDeepEqual(await faults(all), [], what);
  }
});

test('a statement and its signature are those of the seal’s record', async () => {
  const key = generateKeyPairSync('ed25519');
  const right = make({ key });
  // Somebody with the key seals other records, and lays that over the seal.
  const forged = make({ key, take: [12, 15, 17, 30] }).evidence.seals[0];
  const { seals } = right.evidence;
  Object.assign(seals[0], { statement: forged.statement, signature: forged.signature });
  assert.match((await faults(right)).join(), /the statement of the seal at 1000 is not its record/);

  const whole = make({ key });
  exchange(whole.evidence.seals, 0, forged);
  assert.match((await faults(whole)).join(), /the seal at 1007 does not follow the one before/);
});

test('a key’s id is that of the key', async () => {
  const mine = generateKeyPairSync('ed25519');
  const right = make();
  const forged = make({ key: mine });
  // The id of a key that is trusted, with another key: it would sign whatever it likes.
  forged.evidence.keys[0].id = right.id;
  assert.match((await faults(forged)).join(), /the key .* is in truth/);
});

test('what is not signed, or by a key that is not there, is told apart', async () => {
  const unsigned = make({ key: null });
  const said = await model.check(unsigned.evidence, unsigned.shown);
  assert.deepEqual([said.signed, said.unsigned, said.faults], [{}, 6, []]);
  const keyless = make();
  keyless.evidence.keys = [];
  const { signed, unknown, faults: found } = await model.check(keyless.evidence, keyless.shown);
  assert.deepEqual([signed, unknown, found], [{}, { [keyless.id]: 6 }, []]);
});

test('what is shown otherwise than it was sealed is found', async () => {
  const alterations = {
    'code is "FORBIDDEN" on this page, and "WRONG_STATE" in the record': ({ events }) =>
      (events[1].code = 'FORBIDDEN'),
    'outcome is nothing on this page': ({ events }) => delete events[1].outcome,
    'type is "RINGING"': ({ events }) => (events[2].type = 'RINGING'),
    'by is "eve"': ({ events }) => (events[2].by = 'eve'),
    'at is ': ({ events }) => (events[2].at = events[1].at),
    'seq is 9': ({ events }) => (events[2].seq = 9),
    'callId is null': ({ events }) => (events[2].callId = null),
    'deviceId is "tablet"': ({ events }) => (events[2].deviceId = 'tablet'),
    'data is {"i":3}': ({ events }) => (events[2].data = { i: 3 }),
    'reason is "because"': ({ events }) => (events[2].reason = 'because'),
    'the event at 13 is shown, and not in the evidence': ({ events }) =>
      events.push({ ...events[1], pos: 13 }),
    'the event at 15 is in the evidence, and not shown': ({ events }) => events.splice(1, 1),
    'callerName is "Eve"': ({ call }) => (call.callerName = 'Eve'),
    'status is "ENDED"': ({ call }) => (call.status = 'ENDED'),
    'endReason is "hangup"': ({ call }) => (call.endReason = 'hangup'),
    'metadata is {}': ({ call }) => (call.metadata = {}),
    'participants is [["ann","caller","CRM_USER"]]': ({ call }) => call.participants.pop(),
  };
  for (const [what, alter] of Object.entries(alterations)) {
    const all = make();
    alter(all.shown);
    const found = await faults(all);
    assert.ok(found.join().includes(what), `${what}: ${found.join('; ')}`);
  }
});

test('what came after all that is shown is no fault', async () => {
  const all = make();
  all.shown.events.pop();
  assert.deepEqual(await faults(all), []);
});

test('bytes that are no record are none, wherever they are cut', () => {
  const bytes = Uint8Array.from(Buffer.from(make().evidence.records[0].record, 'base64'));
  assert.equal(model.stored(bytes, 12).event.callerName, 'Ann Ö');
  for (let length = 0; length < bytes.length; ++length) {
    const read = model.stored(bytes.slice(0, length), 12);
    // Only the end of a text that nothing is asked of may be missing.
    assert.ok(read === undefined || read.event.callerName === 'Ann Ö', `${length}`);
  }
  assert.equal(model.stored(Uint8Array.from([...bytes].reverse()), 12), undefined);
});

test('times of records keep their microseconds', () => {
  assert.equal(model.timeOf(1_790_000_000_123_456n), '2026-09-21T14:13:20.123456Z');
  assert.equal(model.timeOf(-1n), '1969-12-31T23:59:59.999999Z');
});
