// Calls made at random by HTTP, and the rows in PostgreSQL held against what the
// server says of them.
import assert from 'node:assert/strict';
import http from 'node:http';

import { Random } from '../crash/random.mjs';
import { unique } from './client.mjs';
import { request } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

const LEVEL_WITHIN_MS = 30_000;
const WORKERS = 24;
const METADATA = [
  undefined,
  { lead: 7, note: 'ünïcode "quoted" \\ back' },
  { zero: '\u0000', deep: { list: [1, -0.5, null, true] } },
  { $json: 'not ours' },
];

export const SERVICE = { user: 'crm', role: 'SERVICE' };
const agent = new http.Agent({ keepAlive: true, maxSockets: WORKERS });

/** Asks as the back end; the answer has to have that status. */
export async function ask(server, method, path, { body, status = 200 } = {}) {
  const token = tokenFor(SERVICE);
  const answer = await request(server, method, path, { token, body, agent });
  if (status) assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
  return answer.json;
}

/** Runs `each` with 0 … count - 1, several at a time. */
export async function many(count, each) {
  let next = 0;
  const worker = async () => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

async function makeCall(server, random) {
  const body = {
    callerId: `user-${random.whole(1, 40)}`,
    calleeId: `user-${random.whole(41, 80)}`,
    roomName: unique('room'),
    metadata: METADATA[random.whole(0, METADATA.length - 1)],
  };
  const step = (verb, userId, reason) =>
    ask(server, 'POST', `/voip/${body.roomName}/${verb}`, { body: { userId, reason } });
  const { callLogId } = await ask(server, 'POST', '/voip/start', { body, status: 201 });
  if (random.chance(0.5)) await step('ringing', body.calleeId);
  if (random.chance(0.1)) return callLogId; // it rings on
  if (random.chance(0.3)) {
    if (random.chance(0.5)) await step('reject', body.calleeId, 'busy');
    else await step('end', body.callerId);
    return callLogId;
  }
  await step('accept', body.calleeId);
  if (random.chance(0.9)) await step('end', body.callerId, random.chance(0.5) ? 'done' : undefined);
  return callLogId;
}

/** Makes calls; gives their ids. Those that the server could not take are left out. */
export async function makeCalls(server, count, { seed = 1, mayFail = false } = {}) {
  const random = new Random(seed);
  const ids = [];
  await many(count, async () => {
    try {
      ids.push(await makeCall(server, random.fork()));
    } catch (error) {
      if (!mayFail) throw error;
    }
  });
  return ids;
}

export const projections = async (server) =>
  Object.fromEntries(
    (await ask(server, 'GET', '/v1/projections')).projections.map((each) => [each.name, each]),
  );

/** Waits until a projection is as `test` says; gives it. */
export async function until(server, name, test, within = LEVEL_WITHIN_MS) {
  const deadline = Date.now() + within;
  for (;;) {
    const projection = (await projections(server))[name];
    if (test(projection)) return projection;
    assert.ok(Date.now() < deadline, `it is still ${JSON.stringify(projection)}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Waits until all that has happened by now is in it. */
export async function level(server, name = 'postgres') {
  const { head } = (await projections(server))[name];
  return until(server, name, ({ position, state }) => position >= head && state === 'following');
}

/** The calls of all pages, by id. */
export async function callsOf(server) {
  const calls = new Map();
  let after = '';
  do {
    const page = await ask(server, 'GET', `/v1/calls?limit=200${after && `&after=${after}`}`);
    for (const call of page.calls) calls.set(call.callId, call);
    after = page.next;
  } while (after);
  return calls;
}

export const eventsOf = async (server, id) =>
  (await ask(server, 'GET', `/v1/calls/${id}/events?limit=200`)).events;

/** jsonb, where it could not hold the text, has it as text. */
const carried = (value) =>
  value !== null && typeof value === 'object' && Object.keys(value).join() === '$json'
    ? JSON.parse(value.$json)
    : value;

const time = (text) => (text == null ? undefined : Date.parse(text.replace(/(\d{3})\d{3}/, '$1')));
const orNothing = (value) => (value === null || value === '' ? undefined : value);

/** A row in the words of GET /v1/calls. */
const callOfRow = (row) => ({
  callId: row.id,
  roomName: row.roomName,
  status: row.status,
  callerId: row.fromUserId ?? row.fromPortalCustomerId,
  calleeId: row.toUserId ?? row.toPortalCustomerId,
  metadata: carried(row.metadata) ?? {},
  startedAt: time(row.startedAt),
  answeredAt: time(row.answeredAt),
  endedAt: time(row.endedAt),
  duration: orNothing(row.duration),
  endReason: orNothing(row.endReason),
  detail: orNothing(row.endDetail),
  startedPos: row.position,
  pos: row.changedPosition,
});
const callOfAnswer = (call) => ({
  callId: call.callId,
  roomName: call.roomName,
  status: call.status,
  callerId: call.callerId,
  calleeId: call.calleeId,
  metadata: call.metadata,
  startedAt: time(call.startedAt),
  answeredAt: time(call.answeredAt),
  endedAt: time(call.endedAt),
  duration: call.duration,
  endReason: call.endReason,
  detail: orNothing(call.detail),
  startedPos: call.startedPos,
  pos: call.pos,
});

/**
 * Every call and every event that the server has is a row, once, and there is no
 * other. Gives the calls.
 */
export async function assertRows(server, cluster, database, schema = 'callstate') {
  await level(server);
  const calls = await callsOf(server);
  const rows = await cluster.rows(`SELECT * FROM "${schema}"."CallLog"`, database);
  assert.equal(rows.length, calls.size);
  for (const row of rows)
    assert.deepEqual(callOfRow(row), callOfAnswer(calls.get(row.id) ?? {}), row.id);
  const events = await cluster.rows(
    `SELECT "callId", "position", "payload" FROM "${schema}"."CallEvent" ORDER BY "position"`,
    database,
  );
  assert.equal(new Set(events.map(({ position }) => position)).size, events.length);
  const byCall = Map.groupBy
    ? Map.groupBy(events, ({ callId }) => callId)
    : events.reduce((map, each) => map.set(each.callId, [...(map.get(each.callId) ?? []), each]), new Map());
  await many(rows.length, async (i) => {
    const { id } = rows[i];
    assert.deepEqual(
      (byCall.get(id) ?? []).map(({ payload }) => carried(payload)),
      await eventsOf(server, id),
      id,
    );
  });
  return calls;
}
