// Users from a real PostgreSQL: who they are, what the call log says of them, and who
// gets in while it is away.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { unique } from './client.mjs';
import { level } from './history_rows.mjs';
import { parse, valueOf } from './metrics.mjs';
import { PASSWORD, Postgres } from './postgres.mjs';
import { callstate, Server, temporaryDirectory } from './server.mjs';
import { request } from './stations.mjs';
import { confidential, jwt, seconds, tokenFor } from './tokens.mjs';

const SCHEMA = `
  CREATE TABLE users (supabase_user_id uuid PRIMARY KEY, tenant_id text NOT NULL, name text);
  CREATE TABLE portal_customers (LIKE users INCLUDING ALL);
  CREATE ROLE guarded LOGIN PASSWORD '${PASSWORD}';
  GRANT SELECT ON users, portal_customers TO guarded;`;

const directory = temporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

/** What an identity provider says of a user: an id, and nothing of ours. */
const bare = (id, more = {}) =>
  jwt(
    { alg: 'HS256', typ: 'JWT' },
    { sub: id, exp: seconds() + 3600, iat: seconds(), role: 'authenticated', ...more },
  );

let cluster;
let database;
let server;
before(async () => {
  cluster = await Postgres.start();
  database = await cluster.database();
  await cluster.query(SCHEMA, database);
  const file = join(directory, 'connection');
  writeFileSync(file, `${cluster.url(database, { user: 'guarded', password: confidential(PASSWORD) })}\n`);
  server = await Server.start({
    // Asked anew each time: whoever is let in while it is away is remembered, not fresh.
    flags: ['--directory-postgres-file', file, '--directory-fresh', '1ms', '--failed-logins', '1'],
    env: { CALLSTATE_POSTGRES: cluster.url(database) },
  });
});
after(async () => {
  await server?.stop();
  await cluster?.remove();
});

/** Somebody new in a table. */
async function enter(table, name, tenant = 'acme') {
  const id = randomUUID();
  confidential(name);
  await cluster.query(`INSERT INTO ${table} VALUES ('${id}', '${tenant}', '${name}')`, database);
  return id;
}
const crmUser = (name = unique('Zenobia Crm'), tenant) => enter('users', name, tenant);
const customer = (name = unique('Zenobia Customer'), tenant) => enter('portal_customers', name, tenant);

async function connect(path, id, more) {
  const client = server.dial(`${path}?token=${bare(id, more)}`);
  await client.opened();
  return client;
}
async function session(id) {
  const client = await connect('/v1/ws', id);
  await client.settled();
  return client;
}
const poll = (id, more) => request(server, 'GET', '/v1/messages', { token: bare(id, more) });
const metric = async (name) =>
  valueOf(parse((await request(server, 'GET', '/metrics')).text), `callstate_directory_${name}`);
const rowOf = async (call) => {
  await level(server);
  const [row] = await cluster.rows(
    `SELECT * FROM callstate."CallLog" WHERE id = '${call}'`,
    database,
  );
  return row;
};

describe('while it can be asked', () => {
  test('a user and a customer of its tables call each other, and the log has each in its column', async () => {
    const [anna, carl] = [await crmUser('Zenobia Anna'), await customer('Zenobia Carl')];
    const [alice, bob] = [await session(anna), await session(carl)];
    const room = unique('room');
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: carl });
    await alice.next('CALL_STARTED'); // her own
    const started = await bob.next('CALL_STARTED');
    assert.equal(started.callerName, 'Zenobia Anna');
    const rings = await rowOf(started.callId);
    assert.equal(rings.status, 'RINGING');
    assert.deepEqual(
      [rings.fromUserId, rings.fromPortalCustomerId, rings.toUserId, rings.toPortalCustomerId],
      [anna, null, null, carl],
    );
    await bob.tell({ type: 'ACCEPTED', roomName: room });
    await bob.tell({ type: 'ENDED', roomName: room });
    assert.equal((await rowOf(started.callId)).status, 'ENDED');

    const back = unique('room');
    await bob.tell({ type: 'CALL_STARTED', roomName: back, calleeId: anna });
    const returned = await rowOf((await alice.next('CALL_STARTED')).callId);
    assert.deepEqual(
      [returned.fromUserId, returned.fromPortalCustomerId, returned.toUserId, returned.toPortalCustomerId],
      [null, carl, anna, null],
    );
    await alice.close();
    await bob.close();
  });

  test('a back end calls a customer who was here once and is away, in another one\'s name', async () => {
    const [caller, callee] = [await customer(), await customer()];
    for (const id of [caller, callee]) assert.equal((await poll(id)).status, 200);
    const { status, json, text } = await request(server, 'POST', '/voip/start', {
      token: tokenFor({ user: 'crm', role: 'SERVICE' }),
      body: { callerId: caller, calleeId: callee },
    });
    assert.equal(status, 201, text);
    const row = await rowOf(json.callLogId);
    assert.deepEqual(
      [row.fromUserId, row.fromPortalCustomerId, row.toUserId, row.toPortalCustomerId],
      [null, caller, null, callee],
    );
  });

  test('tenants are those of its tables', async () => {
    const [ours, theirs] = [await crmUser(), await crmUser(undefined, 'globex')];
    const room = unique('room');
    const [here, there] = [await session(ours), await session(theirs)];
    await here.tell({ type: 'CALL_STARTED', roomName: room, calleeId: theirs });
    assert.equal(
      (await request(server, 'GET', `/v1/rooms/${room}/state`, { token: bare(theirs) })).status,
      404,
    );
    assert.ok(!there.received.some(({ type }) => type === 'CALL_STARTED'));
    await here.close();
    await there.close();
  });

  test('whom it does not know, and a tenant that it does not say, is refused and has failed', async () => {
    const id = await crmUser();
    const lying = { app_metadata: { tenant_id: 'globex' } };
    assert.equal((await poll(id, { app_metadata: { tenant_id: 'acme' } })).status, 200);
    const refused = [await poll(randomUUID()), await poll(id, lying), await poll('no uuid')];
    assert.equal(refused[0].status, 401);
    assert.ok(refused.some(({ status }) => status === 429), 'failures were not counted');
    const client = await connect('/v1/ws', id, lying);
    assert.ok([1008, 4429].includes((await client.closed()).code));
    assert.equal((await poll(id)).status, 200, 'a good token is let in all the same');
  });
});

describe('while it is away', () => {
  let known;
  let stranger;
  before(async () => {
    [known, stranger] = [await crmUser(), await customer()];
    await (await session(known)).close();
    await cluster.stop();
  });

  test('whom it has told of is let in, and a back end', async () => {
    await (await session(known)).close();
    assert.equal((await poll(known)).status, 200);
    const back = await request(server, 'GET', '/v1/calls', {
      token: tokenFor({ user: 'crm', role: 'SERVICE' }),
    });
    assert.equal(back.status, 200);
    assert.ok((await metric('stale_total')) >= 2);
    assert.ok((await metric('users')) >= 1);
  });

  test('others are told to come back, as often as they try', async () => {
    for (let i = 0; i < 10; ++i) {
      const answer = await poll(stranger);
      assert.equal(answer.status, 503, answer.text);
      assert.equal(answer.json.code, 'DIRECTORY_UNAVAILABLE');
      assert.ok(answer.json.retryAfterMs > 0);
      assert.equal(answer.headers['retry-after'], '5');
    }
    const client = await connect('/party/somewhere', stranger);
    const error = await client.next('ERROR');
    assert.equal(error.code, 'DIRECTORY_UNAVAILABLE');
    assert.equal((await client.closed()).code, 1013);
    assert.ok((await metric('unavailable_total')) >= 11);
    assert.ok((await metric('troubles_total')) >= 1);
    await server.logged(/could not be authenticated: the directory cannot be asked/);
  });

  test('a server that starts then serves whoever needs no directory', async () => {
    const other = await Server.start({ env: { CALLSTATE_DIRECTORY_POSTGRES: cluster.url(database) } });
    const get = (token) => request(other, 'GET', '/v1/messages', { token });
    assert.equal((await get(bare(known))).status, 503, 'it has never seen the user');
    assert.equal((await get(tokenFor({ user: 'crm', role: 'SERVICE' }))).status, 200);
    assert.equal((await request(other, 'GET', '/readyz')).status, 200);
    await other.stop();
  });

  test('it comes back, and others get in', async () => {
    await cluster.launch();
    const deadline = Date.now() + 30_000;
    let answer = await poll(stranger);
    while (answer.status === 503 && Date.now() < deadline) answer = await poll(stranger);
    assert.equal(answer.status, 200, answer.text);
    await (await session(stranger)).close();
  });
});

describe('settings', () => {
  const TABLE = `CREATE TABLE people (id text, org text, kind text);
    INSERT INTO people VALUES ('ann', 'acme', 'CRM_USER'), ('pat', 'acme', 'PORTAL_CUSTOMER')`;

  test('queries of one\'s own, in the order given, from a settings file', async () => {
    const own = await cluster.database();
    await cluster.query(TABLE, own);
    const config = join(directory, 'callstate.toml');
    writeFileSync(
      config,
      [
        `directory-postgres = "${cluster.url(own)}"`,
        `directory-query = ["SELECT org, kind, NULL FROM people WHERE id = $1 AND kind = 'CRM_USER'", "SELECT org, kind, id FROM people WHERE id = $1"]`,
        'directory-connections = 1',
        'directory-cache = 10',
        '',
      ].join('\n'),
    );
    const other = await Server.start({ flags: ['--config', config] });
    for (const [id, status] of [['ann', 200], ['pat', 200], ['eve', 401]])
      assert.equal((await request(other, 'GET', '/v1/messages', { token: bare(id) })).status, status, id);
    await other.stop();
  });

  test('that make no sense stop the start, and are named without the password', async () => {
    const secret = `postgresql://u:${PASSWORD}@127.0.0.1/db`;
    for (const [flags, says] of [
      [['--directory-query', 'SELECT 1'], /--directory-query needs --directory-postgres/],
      [['--directory-postgres', secret, '--directory-query', 'SELECT 1'], /has no \$1/],
      [['--directory-postgres', `nonsense ${PASSWORD}`], /--directory-postgres: /],
      [['--directory-postgres', secret, '--directory-postgres-file', '/none'], /not both/],
      [['--directory-postgres-file', '/none'], /cannot read \/none/],
      [['--directory-postgres', secret, '--directory-stale', '1s'], /--directory-stale/],
    ]) {
      const made = await callstate(['serve', '--dev', '--data-dir', join(directory, 'none'), ...flags]);
      assert.equal(made.code, 2, made.stderr);
      assert.match(made.stderr, says);
      assert.ok(!made.stderr.includes(PASSWORD), made.stderr);
    }
  });
});
