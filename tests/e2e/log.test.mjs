// The log for auditors, by HTTP and in the terminal: what they see, and as it happens.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { unique } from './client.mjs';
import { BINARY, callstate, Server } from './server.mjs';
import { as, assertProblem, request } from './stations.mjs';
import { seconds, tokenFor } from './tokens.mjs';

let server;
before(async () => (server = await Server.start({ flags: ['--ping-every', '200ms'] })));
after(() => server.stop());

const auditor = () => person('auditor', { role: 'AUDITOR' });
const service = () => person('service', { role: 'SERVICE' });

/** Reads a stream of the log, a record at a time. */
class Tail {
  static async open(who, query = '', headers = {}) {
    const tail = new Tail();
    tail.cut = new AbortController();
    const options = { token: tokenFor(who), headers, streams: true, signal: tail.cut.signal };
    const answer = await request(server, 'GET', `/v1/log/stream?${query}`, options);
    assert.equal(answer.status, 200, answer.text);
    tail.chunks = answer.response[Symbol.asyncIterator]();
    tail.text = '';
    assert.match(await tail.block(), /^retry/);
    tail.cursor = Number(/^id: (\d+)$/.exec(await tail.block())[1]);
    return tail;
  }

  /** The next lines up to an empty one; nothing at the end. */
  async block() {
    while (!this.text.includes('\n\n')) {
      const { value, done } = await this.chunks.next();
      if (done) return undefined;
      this.text += value;
    }
    const end = this.text.indexOf('\n\n');
    const block = this.text.slice(0, end);
    this.text = this.text.slice(end + 2);
    return block;
  }

  /** The next record; nothing at the end. */
  async next() {
    for (;;) {
      const block = await this.block();
      if (block === undefined) return undefined;
      const [, id] = /^id: (\d+)$/m.exec(block);
      this.cursor = Number(id);
      const data = /^data: (.*)$/m.exec(block);
      if (!data) continue;
      const record = JSON.parse(data[1]);
      assert.equal(record.pos, this.cursor);
      return record;
    }
  }

  close() {
    this.cut.abort();
  }
}

describe('the log by HTTP', () => {
  test('tells of a call while it happens, and of what was refused in it', async (t) => {
    const room = unique('room');
    const tail = await Tail.open(auditor(), `room=${room}`);
    t.after(() => tail.close());
    const [ann, bob] = [person('ann'), person('bob')];
    const alice = await server.join(room, ann);
    const phone = await server.join(room, { ...bob, device: 'phone' });
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: bob.user, id: 'm-1' });
    const started = await tail.next();
    assert.equal(started.type, 'CALL_STARTED');
    assert.deepEqual([started.stream, started.outcome, started.messageId], ['room', 'applied', 'm-1']);
    assert.deepEqual([started.actor.userId, started.actor.role], [ann.user, 'CRM_USER']);
    await phone.tell({ type: 'ACCEPTED', roomName: room });
    assert.equal((await tail.next()).actor.deviceId, 'phone');
    await phone.refused({ type: 'CALL_STARTED', roomName: room, calleeId: 'x' }, 'WRONG_STATE', /./);
    const refused = await tail.next();
    assert.deepEqual([refused.outcome, refused.code, refused.calleeId], ['refused', 'WRONG_STATE', 'x']);
    assert.match(refused.message, /place/);
    await alice.tell({ type: 'ENDED', roomName: room });
    assert.deepEqual([(await tail.next()).type, started.callId], ['ENDED', started.callId]);
  });

  test('a reader that comes back goes on with its position', async (t) => {
    const call = await connected(server);
    const all = await as(server, auditor()).get(`/v1/log?room=${call.room}`);
    const types = ({ events }) => events.map(({ type }) => type);
    assert.deepEqual(types(all.json), ['CALL_STARTED', 'ACCEPTED']);
    const { pos } = all.json.events[0];
    const tail = await Tail.open(auditor(), `room=${call.room}`, { 'Last-Event-ID': String(pos) });
    t.after(() => tail.close());
    assert.equal(tail.cursor, pos);
    assert.equal((await tail.next()).type, 'ACCEPTED');
    await call.alice.tell({ type: 'ENDED', roomName: call.room });
    assert.equal((await tail.next()).type, 'ENDED');
    const page = await as(server, service()).get(`/v1/log?room=${call.room}&after=${pos}&limit=1`);
    assert.deepEqual(types(page.json), ['ACCEPTED']);
    const rest = await as(server, service()).get(
      `/v1/log?room=${call.room}&after=${page.json.cursor}`,
    );
    assert.deepEqual(types(rest.json), ['ENDED']);
    assert.equal(rest.json.cursor, rest.json.pos);
  });

  test('nothing of another tenant is seen, and no token', async () => {
    const call = await connected(server);
    const other = await as(server, { ...auditor(), tenant: 'other' }).get('/v1/log?limit=1000');
    assert.ok(!other.text.includes(call.room));
    assert.ok(other.json.events.every(({ stream }) => stream === 'server'));
    const own = await as(server, auditor()).get(`/v1/log?user=${call.callee.user}&limit=1000`);
    assert.ok(own.json.events.length >= 2);
    for (const word of ['Token', 'eyJ', 'previous']) assert.ok(!own.text.includes(word), word);
  });

  test('nobody else may see it', async () => {
    for (const role of ['CRM_USER', 'PORTAL_CUSTOMER']) {
      for (const path of ['/v1/log', '/v1/log/stream'])
        assertProblem(await as(server, person('user', { role })).get(path), 403, 'FORBIDDEN');
    }
  });

  test('a stream ends when its reader is revoked, and a newer token opens it again', async () => {
    const who = auditor();
    const token = tokenFor(who); // times of tokens are seconds: one made later may be newer
    const tail = await Tail.open(who);
    const by = { token: tokenFor(service()) };
    await request(server, 'POST', `/v1/users/${who.user}/revoke`, by);
    while (await tail.next()); // to its end
    const late = await request(server, 'GET', '/v1/log/stream', { token });
    assert.equal(late.status, 401);
    const again = await Tail.open({ ...who, iat: seconds() + 1 });
    again.close();
  });
});

/** `callstate tail` as a process. */
class Terminal {
  constructor(...args) {
    this.out = '';
    this.err = '';
    this.child = spawn(BINARY, ['tail', ...args], { env: { ...process.env, NO_COLOR: '1' } });
    this.child.stdout.on('data', (data) => (this.out += data));
    this.child.stderr.on('data', (data) => (this.err += data));
    this.exited = new Promise((done) => this.child.on('exit', (code, signal) => done({ code, signal })));
  }

  async shows(pattern) {
    const deadline = Date.now() + 10_000;
    while (!pattern.test(this.out + this.err)) {
      assert.ok(Date.now() < deadline, `nothing matches ${pattern}:\n${this.out}${this.err}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }
}

describe('callstate tail', () => {
  const by = () => ['--server', server.http, '--token', tokenFor(auditor())];

  test('shows the last lines of a running server, and of a stopped log', async () => {
    const own = await Server.start();
    const room = (await connected(own)).room;
    const there = ['--server', own.http, '--token', tokenFor(auditor())];
    const live = await callstate(['tail', '-n', '2', ...there, '--room', room]);
    assert.equal(live.code, 0, live.stderr);
    assert.match(live.stdout, /^\d{4}-.* CALL_STARTED .*\n.* ACCEPTED .*applied.*\n$/);
    const json = await callstate(['tail', ...there, '--room', room, '--json', '--type', 'ACCEPTED']);
    assert.equal(JSON.parse(json.stdout).type, 'ACCEPTED');
    await own.terminate();
    // The stop itself is there, too.
    const said = ['--room', room, '--type', 'CALL_STARTED,ACCEPTED'];
    const still = await callstate(['tail', '-n', '2', '--data-dir', own.dataDir, ...said]);
    assert.equal(still.code, 0, still.stderr);
    assert.equal(still.stdout, live.stdout);
    const follows = await callstate(['tail', '-f', '--data-dir', own.dataDir]);
    assert.equal(follows.code, 2);
    assert.match(follows.stderr, /--server/);
    await own.stop();
  });

  test('follows, also over a restart of the server, and ends on Ctrl-C', async () => {
    const own = await Server.start();
    const there = ['--server', own.http, '--token', tokenFor(auditor())];
    const terminal = new Terminal('-f', '-n', '0', ...there);
    await terminal.shows(/following/);
    const call = await connected(own);
    await terminal.shows(new RegExp(`CALL_STARTED.*${call.caller.user}`));
    await own.kill();
    await terminal.shows(/trying again/);
    own.args[own.args.indexOf('--listen') + 1] = new URL(own.http).host;
    await own.launch();
    await terminal.shows(/SERVER_STARTED/);
    terminal.child.kill('SIGINT');
    assert.deepEqual(await terminal.exited, { code: 0, signal: null });
    const lines = terminal.out.split('\n').filter((line) => line.includes(call.room));
    assert.equal(lines.filter((line) => line.includes('CALL_STARTED')).length, 1, 'no line twice');
    await own.stop();
  });

  test('says what is wrong with what it is asked, and with who asks', async () => {
    const type = await callstate(['tail', ...by(), '--type', 'NONE']);
    assert.equal(type.code, 2);
    assert.match(type.stderr, /type must be/);
    const token = tokenFor(person('user'));
    const nobody = await callstate(['tail', '--server', server.http, '--token', token]);
    assert.equal(nobody.code, 2);
    assert.match(nobody.stderr, /AUDITOR or SERVICE/);
    // Nobody's log is shown as another's.
    const other = await callstate(['tail', ...by(), '--tenant', 'other']);
    assert.equal(other.code, 2, other.stdout);
    assert.match(other.stderr, /the token says whose log it reads/);
    const none = await callstate(['tail', ...by(), '--room', 'nowhere']);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /no record of that/);
  });
});
