// What is made from the log, with a real PostgreSQL: rows that are what the log says,
// each once, whatever happens, and what an operator does with them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import {
  ask,
  assertRows,
  callsOf,
  eventsOf,
  level,
  makeCalls,
  many,
  projections,
  SERVICE,
  until,
} from './history_rows.mjs';
import { parse, valueOf } from './metrics.mjs';
import { PASSWORD, Postgres } from './postgres.mjs';
import { Asker } from './spec.mjs';
import { BINARY, callstate, Server } from './server.mjs';
import { request } from './stations.mjs';
import { confidential, tokenFor } from './tokens.mjs';

const FLAGS = ['--rate-calls', '100000/s', '--rate-messages', '100000/s', '--ring-timeout', '10m'];
const KILLS = 20;

let cluster;
before(async () => (cluster = await Postgres.start()));
after(() => cluster?.remove());

const serve = (database, more = {}) =>
  Server.start({
    ...more,
    flags: [...FLAGS, ...(more.flags ?? [])],
    env: { ...(database ? { CALLSTATE_POSTGRES: cluster.url(database) } : {}), ...more.env },
  });

/** `callstate projection …` against the server. */
const tool = (server, ...args) =>
  callstate(['projection', ...args, '--server', server.http, '--token', tokenFor(SERVICE)]);

async function exits(code, running) {
  const made = await running;
  assert.equal(made.code, code, made.stdout + made.stderr);
  return made;
}

const count = async (database, table = 'CallLog') =>
  Number(await cluster.query(`SELECT count(*) FROM callstate."${table}"`, database));

/** Signaling goes on, and so does readiness. */
async function serves(server) {
  assert.equal((await makeCalls(server, 3)).length, 3);
  assert.equal((await request(server, 'GET', '/readyz')).status, 200);
}

describe('a thousand random calls', () => {
  let server;
  let database;
  before(async () => {
    database = await cluster.database();
    server = await serve(database);
    await makeCalls(server, 1_000, { seed: 7 });
  });
  after(() => server.stop());

  test('are rows, and their events, as the server says', async () => {
    assert.equal((await assertRows(server, cluster, database)).size, 1_000);
  });

  test('are shown, with how far they have come', async () => {
    const { index, postgres } = await projections(server);
    for (const each of [index, postgres]) {
      assert.equal(each.state, 'following');
      assert.equal(each.lagRecords, 0);
      assert.equal(each.position, each.head);
      assert.deepEqual(each.skipped, []);
    }
    const { stdout } = await exits(0, tool(server, 'status'));
    assert.match(stdout, /postgres +following/);
    const json = JSON.parse((await exits(0, tool(server, 'status', 'postgres', '--json'))).stdout);
    assert.deepEqual(json.projections.map(({ name }) => name), ['postgres']);
    const families = parse((await request(server, 'GET', '/metrics')).text);
    const labels = { projection: 'postgres' };
    assert.equal(valueOf(families, 'callstate_projection_lag_records', labels), 0);
    assert.equal(valueOf(families, 'callstate_projection_position', labels), postgres.position);
  });

  test('are verified, and drift is named, mended and gone', async () => {
    for (const name of ['index', 'postgres']) {
      const { stdout } = await exits(0, tool(server, 'verify', name));
      assert.match(stdout, /is as the log says: 1,000 calls and [\d,]+ events/);
    }
    const [one, other] = [...(await callsOf(server)).keys()];
    await cluster.query(
      `UPDATE callstate."CallLog" SET "callerName" = 'Mallory' WHERE id = '${one}';
       DELETE FROM callstate."CallEvent" WHERE "callId" = '${other}' AND "eventType" = 'CALL_STARTED'`,
      database,
    );
    const found = await exits(1, tool(server, 'verify', 'postgres'));
    assert.match(found.stdout, new RegExp(`differs +CallLog +${one} +callerName`));
    assert.match(found.stdout, new RegExp(`missing +CallEvent +${other}`));
    assert.match(found.stdout, /Mallory/);
    const json = JSON.parse((await exits(1, tool(server, 'verify', 'postgres', '--json'))).stdout);
    const { drift } = json.projections[0].verify;
    assert.deepEqual(
      drift.map(({ kind, table, callId, column }) => [kind, table, callId, column]),
      [
        ['differs', 'CallLog', one, 'callerName'],
        ['missing', 'CallEvent', other, undefined],
      ],
    );
    const mended = await exits(0, tool(server, 'verify', 'postgres', '--repair'));
    assert.match(mended.stdout, /2 rows mended/);
    await exits(0, tool(server, 'verify', 'postgres'));
    await assertRows(server, cluster, database);
  });

  test('are made anew under load, and no reader sees a half', async () => {
    const known = [...(await callsOf(server)).keys()];
    let over = false;
    const load = (async () => {
      for (let seed = 100; !over; ++seed) {
        await makeCalls(server, 50, { seed });
        await level(server); // or the log outruns them all
      }
    })();
    const never = (less, than) => assert.ok(less >= than, `${less} calls after ${than}`);
    const watch = (look) => {
      const watched = { looks: 0, ended: undefined };
      watched.ended = (async () => {
        for (let last = 0; !over; watched.looks += 1) {
          const found = await look();
          never(found, last);
          last = found;
        }
      })();
      return watched;
    };
    const rows = watch(() => count(database));
    const index = watch(async () => {
      const calls = await callsOf(server);
      for (const id of known) assert.ok(calls.has(id), id);
      return calls.size;
    });
    try {
      // Until each reader has looked often enough in the middle of one.
      while (rows.looks < 50 || index.looks < 5) {
        const { stdout } = await exits(0, tool(server, 'rebuild'));
        assert.match(stdout, /index is made anew/);
        assert.match(stdout, /postgres is made anew/);
      }
    } finally {
      over = true;
      await Promise.all([load, rows.ended, index.ended]);
    }
    await assertRows(server, cluster, database);
    await exits(0, tool(server, 'verify'));
  });

  test('are refused to others than the back end, and what makes no sense is said to', async () => {
    const auditor = tokenFor({ user: 'audit', role: 'AUDITOR' });
    const user = tokenFor({ user: 'somebody' });
    assert.equal((await request(server, 'GET', '/v1/projections', { token: user })).status, 403);
    assert.equal((await request(server, 'GET', '/v1/projections', { token: auditor })).status, 200);
    for (const verb of ['rebuild', 'verify', 'skip']) {
      const path = `/v1/projections/index/${verb}`;
      assert.equal((await request(server, 'POST', path, { token: auditor })).status, 403, verb);
    }
    for (const [verb, body, status] of [
      ['verify', { repair: 'yes' }, 400],
      ['rebuild', { force: true }, 400],
      ['skip', {}, 400],
      ['skip', { position: 3 }, 400],
      ['skip', { position: 3, reason: 'just so' }, 409],
    ])
      await ask(server, 'POST', `/v1/projections/postgres/${verb}`, { body, status });
    await ask(server, 'POST', '/v1/projections/nothing/rebuild', { status: 404 });
    await ask(server, 'DELETE', '/v1/projections/postgres/rebuild', { status: 404 });
    await exits(2, tool(server, 'rebuild', 'webhooks'));
    const { stderr } = await exits(2, tool(server, 'skip', 'postgres', '3', '--reason', 'why not'));
    assert.match(stderr, /not stopped by record 3/);
  });

  test('a rebuild is stopped by Ctrl-C, and goes on where it was', async () => {
    await level(server);
    // Whoever makes the rows anew waits for this row before it begins.
    const lock = cluster.session(database);
    await lock.run(
      `BEGIN; SELECT "position" FROM callstate."ProjectionCheckpoint" FOR UPDATE;`,
    );
    const args = ['projection', 'rebuild', 'postgres', '--server', server.http];
    const child = spawn(BINARY, [...args, '--token', tokenFor(SERVICE)]);
    let stderr = '';
    child.stderr.on('data', (text) => (stderr += text));
    const exited = new Promise((done) => child.on('close', done));
    await until(server, 'postgres', ({ rebuild }) => rebuild?.state === 'running');
    await ask(server, 'POST', '/v1/projections/index/verify', { status: 409 });
    child.kill('SIGINT');
    await until(server, 'postgres', ({ rebuild }) => rebuild.state === 'stopping');
    await lock.run('ROLLBACK;');
    assert.equal(await exited, 2, stderr);
    assert.match(stderr, /stopped: postgres is as it was.*go on from position \d+/s);
    const { rebuild } = (await projections(server)).postgres;
    assert.equal(rebuild.state, 'stopped');
    const left = await cluster.query(
      'SELECT "position" FROM callstate."ProjectionCheckpoint_rebuild"',
      database,
    );
    assert.equal(Number(left), rebuild.progress.done);
    assert.ok(rebuild.progress.done > 0);
    await exits(0, tool(server, 'rebuild', 'postgres'));
    await lock.end();
    await assertRows(server, cluster, database);
  });

  test('are the same over HTTP without PostgreSQL, and looked after without a server', async () => {
    const calls = await callsOf(server);
    const ended = [...calls.values()].filter(({ endedAt }) => endedAt);
    const events = new Map();
    await many(200, async (i) =>
      events.set(ended[i].callId, await eventsOf(server, ended[i].callId)),
    );
    await level(server);
    await server.terminate();

    const stopped = ['--data-dir', server.dataDir, '--postgres', cluster.url(database)];
    const offline = (...args) => callstate(['projection', ...args, ...stopped]);
    await exits(0, offline('status'));
    await exits(0, offline('verify'));
    await cluster.query(`UPDATE callstate."CallLog" SET status = 'MISSED' WHERE id = '${ended[0].callId}'`, database);
    await exits(1, offline('verify', 'postgres'));
    await exits(0, offline('rebuild'));
    await exits(0, offline('verify'));

    const without = await serve(undefined, { dataDir: server.dataDir });
    try {
      assert.deepEqual(Object.keys(await projections(without)), ['index']);
      const again = await callsOf(without);
      for (const call of ended) assert.deepEqual(again.get(call.callId), call);
      await many(200, async (i) =>
        assert.deepEqual(await eventsOf(without, ended[i].callId), events.get(ended[i].callId)),
      );
    } finally {
      await without.stop();
    }
    await server.launch();
  });
});

test(`no row is lost or doubled by ${KILLS} kills of the server and of PostgreSQL`, async () => {
  const database = await cluster.database();
  const server = await serve(database);
  let over = false;
  const load = (async () => {
    for (let seed = 1; !over; ++seed) await makeCalls(server, 30, { seed, mayFail: true });
  })();
  try {
    for (let i = 0; i < KILLS; ++i) {
      const from = (await projections(server)).postgres.head;
      await until(server, 'postgres', ({ head }) => head > from); // in the middle of it
      const victim = i % 2 === 0 ? server : cluster;
      await victim.kill();
      await victim.launch();
    }
  } finally {
    over = true;
    await load;
  }
  const calls = await assertRows(server, cluster, database);
  assert.ok(calls.size > 0);
  await exits(0, tool(server, 'verify'));
  await server.stop();
});

describe('whatever PostgreSQL does, calls go on', () => {
  const trouble = (server, pattern) =>
    until(server, 'postgres', (each) => pattern.test(each.trouble?.message ?? ''));

  test('it is down at the start, starts, and goes away', async () => {
    const own = await Postgres.start();
    try {
      const database = await own.database();
      await own.stop();
      const server = await serve(undefined, { env: { CALLSTATE_POSTGRES: own.url(database) } });
      await serves(server);
      const { state, retries } = await trouble(server, /cannot be reached: see that it runs/);
      assert.equal(state, 'retrying');
      assert.ok(retries > 0);
      const { stdout } = await exits(1, tool(server, 'status'));
      assert.match(stdout, /cannot be reached/);
      await exits(2, tool(server, 'rebuild', 'postgres'));
      await own.launch();
      await assertRows(server, own, database);
      await own.stop();
      await serves(server);
      await trouble(server, /PostgreSQL/);
      await own.launch();
      await assertRows(server, own, database);
      await server.stop();
    } finally {
      await own.remove();
    }
  });

  test('it answers nothing any more, which holds up no stop', async () => {
    const own = await Postgres.start();
    try {
      const database = await own.database();
      const server = await serve(undefined, { env: { CALLSTATE_POSTGRES: own.url(database) } });
      await makeCalls(server, 3);
      await level(server);
      own.hush();
      await serves(server);
      const how = await server.terminate();
      own.speak();
      assert.equal(how.code, 0, server.log);
      await server.launch();
      await assertRows(server, own, database);
      await server.stop();
    } finally {
      await own.remove();
    }
  });

  test('it is read-only for a while', async () => {
    const database = await cluster.database();
    const server = await serve(database);
    const readOnly = (how) =>
      cluster.query(
        `ALTER DATABASE ${database} SET default_transaction_read_only = ${how};
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
        'postgres',
      );
    await level(server);
    await readOnly('on');
    await serves(server);
    await trouble(server, /takes no writes here: connect to the primary/);
    await readOnly('off');
    await assertRows(server, cluster, database);
    await server.stop();
  });

  test('it does not take the password, which nobody is told', async () => {
    const database = await cluster.database();
    confidential(PASSWORD);
    confidential('wrong-horse-battery-staple');
    await cluster.query(
      `CREATE ROLE guarded LOGIN PASSWORD '${PASSWORD}'; ALTER DATABASE ${database} OWNER TO guarded`,
      'postgres',
    );
    const url = (password) => cluster.url(database, { user: 'guarded', password });
    const server = await serve(undefined, {
      flags: ['--postgres', url('wrong-horse-battery-staple')],
    });
    await serves(server);
    const { trouble: said } = await trouble(server, /refuses the user or the password/);
    assert.equal(said.kind, 'lasting');
    assert.doesNotMatch(JSON.stringify(await projections(server)), /battery/);
    await server.terminate();

    const file = join(server.directory, 'database-url');
    writeFileSync(file, `${url(PASSWORD)}\n`);
    const right = await serve(undefined, {
      dataDir: server.dataDir,
      flags: ['--postgres-file', file, '--postgres-schema', 'calls of the crm'],
    });
    await assertRows(right, cluster, database, 'calls of the crm');
    await right.stop();
    await server.stop();
  });

  test('a table is changed, and put back', async () => {
    const database = await cluster.database();
    const server = await serve(database);
    await serves(server);
    await level(server);
    await cluster.query('ALTER TABLE callstate."CallLog" RENAME "status" TO "state"', database);
    await serves(server);
    const { trouble: said } = await trouble(server, /./);
    assert.equal(said.kind, 'lasting');
    assert.match(said.message, /status/);
    await cluster.query('ALTER TABLE callstate."CallLog" RENAME "state" TO "status"', database);
    await exits(0, tool(server, 'rebuild', 'postgres')); // also has it look again at once
    await assertRows(server, cluster, database);
    await server.stop();
  });

  test('it has the rows of another log, which are left alone until they are to be replaced', async () => {
    const database = await cluster.database();
    const first = await serve(database);
    await serves(first);
    await level(first);
    await first.stop();
    const rows = await count(database);
    const server = await serve(database);
    await serves(server);
    await trouble(server, /of another log/);
    const { stderr } = await exits(2, tool(server, 'rebuild', 'postgres'));
    assert.match(stderr, /of another log.*--take-over/s);
    assert.equal(await count(database), rows);
    await exits(0, tool(server, 'rebuild', 'postgres', '--take-over'));
    await assertRows(server, cluster, database);
    await server.stop();
  });

  test('it cannot hold one record, which is skipped on purpose', async () => {
    const database = await cluster.database();
    const server = await serve(database);
    await level(server);
    await cluster.query(
      `CREATE FUNCTION callstate.picky() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = '22023'; END $$;
       CREATE TRIGGER picky BEFORE INSERT ON callstate."CallEvent" FOR EACH ROW
       WHEN (NEW."roomName" = 'picked' AND NEW."eventType" = 'CALL_STARTED') EXECUTE FUNCTION callstate.picky()`,
      database,
    );
    const body = { callerId: 'a', calleeId: 'b', roomName: 'picked' };
    await ask(server, 'POST', '/voip/start', { body, status: 201 });
    await serves(server);
    const stopped = await until(server, 'postgres', ({ state }) => state === 'stopped_by_poison');
    const { position } = stopped.trouble;
    assert.match(stopped.trouble.message, /CALL_STARTED in room picked/);
    const { stdout } = await exits(1, tool(server, 'status', 'postgres'));
    assert.match(stdout, new RegExp(`projection skip postgres ${position} --reason`));
    const asker = new Asker(server); // holds the answers against openapi.yaml
    const skip = (body) =>
      asker.ask('POST', '/v1/projections/{projection}/skip', {
        params: { projection: 'postgres' },
        token: tokenFor(SERVICE),
        body,
      });
    assert.equal((await skip({ position: position + 1, reason: 'not that one' })).status, 409);
    assert.equal((await skip({ position, reason: 'a test' })).status, 204);
    await asker.ask('GET', '/v1/projections', { token: tokenFor(SERVICE) });
    // Whoever sees one tenant is told that there was trouble, and not with whose call.
    const auditor = tokenFor({ user: 'audit', role: 'AUDITOR' });
    const { text } = await asker.ask('GET', '/v1/projections', { token: auditor });
    assert.match(text, /"kind":"poison"/);
    assert.match(text, new RegExp(`"skipped":\\[\\{"position":${position},"at"`));
    assert.doesNotMatch(text, /picked|a test/);
    const { skipped } = await level(server);
    assert.deepEqual(
      skipped.map((each) => [each.position, each.reason]),
      [[position, 'a test']],
    );
    assert.equal(await count(database), 3);
    await server.kill(); // it is known to whoever comes next
    await server.launch();
    assert.deepEqual((await level(server)).skipped, skipped);
    await exits(0, tool(server, 'verify', 'postgres'));
    await server.stop();
  });
});
