// Long polls and server-sent events: what they give, when they end, and who is
// online by them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import PartySocket from 'partysocket';
import WebSocket from 'ws';

import { connected, person, ringing } from './calls.mjs';
import { isRoomEvent, unique } from './client.mjs';
import { Server } from './server.mjs';
import { as, assertProblem, connect, request, Station } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

let server;
before(async () => (server = await Server.start({ flags: ['--log-level', 'debug'] })));
after(() => server.stop());

const types = ({ messages }) => messages.map((each) => each.type);
const signal = (room, to, n) => ({ type: 'SIGNAL', roomName: room, to, data: { n } });

/** The text of a stream until it matches, or to its end. */
async function streamed(who, path, pattern, headers = {}) {
  const cut = new AbortController();
  const options = { token: tokenFor(who), headers, streams: true, signal: cut.signal };
  const { status, response, ...more } = await request(server, 'GET', path, options);
  if (status !== 200) return { status, ...more };
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    if (pattern?.test(text)) break;
  }
  cut.abort();
  return { status, text, ...more };
}

describe('a poll', () => {
  test('without a cursor gives the live calls, the invitation that rings, and the cursor', async () => {
    const call = await ringing(server);
    const { get } = as(server, call.callee);
    const { json } = await get('/v1/messages?device=phone');
    assert.deepEqual(types(json), ['ROOM_STATE', 'CALL_STARTED']);
    await call.alice.tell({ type: 'ENDED', roomName: call.room });
    const next = await get(`/v1/messages?since=${json.cursor}&device=phone`);
    assert.deepEqual(types(next.json), ['ENDED']);
    assert.equal(next.headers['cache-control'], 'no-store');
    const idle = await get(`/v1/messages?device=phone`);
    assert.deepEqual(types(idle.json), []);
    assert.ok(idle.json.cursor >= next.json.cursor);
  });

  test('is woken by what it waits for', async () => {
    const { room, callee, alice, started } = await connected(server);
    const { get } = as(server, callee);
    const { cursor } = (await get(`/v1/messages?since=${started.pos}`)).json;
    for (let n = 0; n < 3; ++n) {
      const waiting = Array.from({ length: 4 }, (_, i) =>
        get(`/v1/messages?since=${cursor}&wait=55&device=${i}&room=${room}`),
      );
      if (n === 0) await alice.tell(signal(room, callee.user, n));
      for (const answer of await Promise.all(waiting))
        assert.equal(answer.json.messages[0].type, 'SIGNAL');
    }
  });

  test('gives nothing, and a cursor to go on from, when nothing comes', async () => {
    const { get } = as(server, person('user'));
    const { cursor } = (await get('/v1/messages')).json;
    const { status, json } = await get(`/v1/messages?since=${cursor}&wait=1`);
    assert.deepEqual([status, json.messages], [200, []]);
    assert.ok(json.cursor >= cursor);
  });

  test('gives as much as it is asked for, and goes on from there', async () => {
    const { room, callee, alice, started } = await connected(server);
    for (let n = 0; n < 20; ++n) await alice.tell(signal(room, callee.user, n));
    await alice.tell({ type: 'ENDED', roomName: room });
    await alice.next('ENDED');
    for (const limit of [1, 2, 7, 1000]) {
      const heard = [];
      let since = started.pos - 1;
      while (heard.at(-1)?.type !== 'ENDED') {
        const path = `/v1/messages?since=${since}&limit=${limit}&device=late&room=${room}`;
        const { json } = await as(server, callee).get(path);
        assert.ok(json.messages.filter((each) => 'by' in each).length <= limit);
        heard.push(...json.messages);
        since = json.cursor;
      }
      const [elsewhere] = heard.splice(2, 1);
      assert.equal(elsewhere.type, 'ANSWERED_ELSEWHERE');
      assert.deepEqual(
        heard.map((each) => each.pos),
        alice.events(room).map((each) => each.pos),
      );
    }
  });

  test('of one room gives nothing of another, and to a customer its own calls', async () => {
    const { room, caller, callee, started } = await connected(server);
    const second = unique('room');
    const alice = await server.join(second, caller);
    await alice.tell({ type: 'CALL_STARTED', roomName: second, calleeId: callee.user });
    const get = async (who, name) => {
      const path = `/v1/messages?since=${started.pos - 1}&device=late&room=${name}`;
      return (await as(server, who).get(path)).json.messages;
    };
    for (const who of [callee, { ...callee, role: 'PORTAL_CUSTOMER' }, person('listener')]) {
      const heard = await get(who, second);
      assert.deepEqual(
        heard.map((each) => [each.type, each.roomName]),
        [['CALL_STARTED', second]],
      );
    }
    const stranger = person('stranger', { role: 'PORTAL_CUSTOMER' });
    assert.deepEqual(await get(stranger, room), []);
    const now = await as(server, stranger).get(`/v1/messages?room=${room}`);
    assertProblem(now, 403, 'FORBIDDEN');
    const other = await as(server, { ...callee, tenant: 'umbrella' }).get(
      `/v1/messages?since=0&room=${room}`,
    );
    assert.deepEqual(other.json.messages, []);
  });

  const wrong = {
    'since=-1': /since/,
    'since=': /since/,
    'since=1.5': /since/,
    'since=1e3': /since/,
    'since=%2B1': /since/,
    'since=0x1': /since/,
    'since=%00': /since/,
    'since=18446744073709551616': /since/,
    'since=99999999999': /since/,
    'since=0&wait=56': /wait/,
    'since=0&wait=-1': /wait/,
    'since=0&wait=soon': /wait/,
    'since=0&limit=0': /limit/,
    'since=0&limit=1001': /limit/,
    'since=0&limit=': /limit/,
    'room=': /room/,
    'room=a%2Fb': /room/,
    'room=%25zz': /room/,
    'room=%00': /room/,
    [`room=${'x'.repeat(129)}`]: /room/,
  };
  for (const [query, sentence] of Object.entries(wrong)) {
    test(`and a stream refuse ?${query.slice(0, 40)}`, async () => {
      const { get } = as(server, person('user'));
      for (const path of ['/v1/messages', '/v1/stream']) {
        const { detail } = assertProblem(await get(`${path}?${query}`), 400, 'INVALID_MESSAGE');
        assert.match(detail, sentence);
      }
    });
  }

  test('is answered when the server goes, and its client misses nothing', async (t) => {
    const other = await Server.start();
    t.after(() => other.stop());
    const { room, caller, callee, alice, started } = await connected(other);
    const bob = await Station.open(other, { ...callee, device: 'phone' }, 'poll', {
      since: started.pos,
    });
    await bob.next('ANSWERED_ELSEWHERE');
    const user = person('user');
    const idle = as(other, user);
    const { cursor } = (await idle.get('/v1/messages')).json;
    const waiting = idle.get(`/v1/messages?since=${cursor}&wait=55&device=waits`);
    waiting.catch(() => {}); // told of below
    const devices = async () =>
      (await idle.get(`/v1/users/${user.user}/presence`)).json.devices.includes('waits');
    while (!(await devices()));
    assert.equal((await other.terminate()).code, 0);
    const answer = await waiting;
    assert.ok([200, 503].includes(answer.status), answer.text);
    await other.launch();
    const ann = await other.join(room, caller);
    await ann.tell(signal(room, callee.user, 1));
    await bob.returns();
    t.after(() => bob.client.close());
    await bob.next('SIGNAL');
    await ann.tell({ type: 'ENDED', roomName: room });
    await bob.next('ENDED');
  });
});

describe('who polls is online:', () => {
  test('between the polls as well, and nobody hears that it has gone', async () => {
    const room = unique('room');
    const kim = person('kim', { device: 'phone' });
    const alice = await server.join(room, person('caller'));
    const { get, post } = as(server, kim);
    const presence = async () => (await get(`/v1/users/${kim.user}/presence`)).json;
    assert.deepEqual(await presence(), {
      userId: kim.user,
      online: false,
      devices: [],
      roomName: null,
      rooms: [],
    });
    let { cursor } = (await get('/v1/messages?device=phone')).json;
    assert.deepEqual((await presence()).devices, ['phone']);
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: kim.user });
    const poll = async () => {
      const { json } = await get(`/v1/messages?device=phone&wait=55&since=${cursor}`);
      ({ cursor } = json);
      return json.messages;
    };
    assert.equal((await poll()).at(-1).type, 'CALL_STARTED');
    await post('/v1/messages?device=phone', { type: 'ACCEPTED', roomName: room });
    await alice.next('ACCEPTED');
    for (let n = 0; n < 5; ++n) {
      await alice.tell(signal(room, kim.user, n));
      await poll();
    }
    assert.deepEqual(await presence(), {
      userId: kim.user,
      online: true,
      devices: ['phone'],
      roomName: room,
      rooms: [room],
    });
    assert.deepEqual(alice.types(room).slice(0, 3), ['CALL_STARTED', 'ACCEPTED', 'SIGNAL']);
    assert.ok(!alice.has('PARTICIPANT_LEFT') && !alice.has('CALLEE_OFFLINE'));
  });

  test('a customer is told of itself, and of those in a call with it', async () => {
    const customer = person('kim', { role: 'PORTAL_CUSTOMER' });
    const [ann, other] = [person('ann'), person('other')];
    const bob = await server.inbox(customer);
    const { get } = as(server, customer);
    const presence = (who) => get(`/v1/users/${encodeURIComponent(who.user)}/presence`);
    assert.equal((await presence(customer)).json.online, true);
    assertProblem(await presence(ann), 403, 'FORBIDDEN');
    await bob.tell({ type: 'CALL_STARTED', roomName: unique('room'), calleeId: ann.user });
    assert.equal((await presence(ann)).json.online, false);
    assertProblem(await presence(other), 403, 'FORBIDDEN');
    for (const id of ['%00', '%FF', 'a%0Ab', 'x'.repeat(256)])
      assertProblem(await get(`/v1/users/${id}/presence`), 400, 'INVALID_MESSAGE');
  });
});

describe('server-sent events', () => {
  test('have a cursor as their id, from which a client goes on', async () => {
    const { room, callee, alice, started } = await connected(server);
    await alice.tell({ type: 'ENDED', roomName: room });
    const since = started.pos - 1;
    const path = `/v1/stream?device=late&room=${room}`;
    const all = await streamed(callee, `${path}&since=${since}`, /"ENDED".*\n\n/);
    assert.equal(all.headers['content-type'], 'text/event-stream');
    assert.equal(all.headers['cache-control'], 'no-store');
    assert.match(all.text, /^retry: \d+\n\n/);
    const events = [...all.text.matchAll(/(?:id: (\d+)\n)?data: (.*)\n\n/g)];
    const heard = events.map(([, id, data]) => [id, JSON.parse(data)]);
    assert.deepEqual(
      heard.map(([, { type }]) => type),
      ['CALL_STARTED', 'ACCEPTED', 'ANSWERED_ELSEWHERE', 'ENDED'],
    );
    // An ACCEPTED has none where more of its position follows.
    assert.deepEqual(
      heard.map(([id, { pos }]) => id === String(pos)),
      [true, false, true, true],
    );
    for (const [index, [id]] of heard.entries()) {
      if (id === undefined || index === 3) continue;
      const headers = { 'Last-Event-ID': id };
      // The header is newer than the address.
      const rest = await streamed(callee, `${path}&since=${since}`, /"ENDED"/, headers);
      assert.equal(rest.text.match(/data: /g).length, heard.length - index - 1);
    }
    const wrong = await streamed(callee, path, /x/, { 'Last-Event-ID': 'x' });
    assertProblem(wrong, 400, 'INVALID_MESSAGE');
  });

  test('end with the token', async () => {
    const who = person('brief', { lifetime: 2 });
    const { text } = await streamed(who, '/v1/stream');
    assert.match(text, /^retry: .*id: \d+\n\n$/s);
  });

  test('are kept alive by comments, which move the cursor on', async (t) => {
    const other = await Server.start({ flags: ['--ping-every', '100ms'] });
    t.after(() => other.stop());
    const kim = person('kim');
    const cut = new AbortController();
    t.after(() => cut.abort());
    const options = { token: tokenFor(kim), streams: true, signal: cut.signal };
    const began = Date.now();
    const { response } = await request(other, 'GET', '/v1/stream', options);
    let text = '';
    const cursors = () => [...text.matchAll(/^:\nid: (\d+)\n\n/gm)].map(([, id]) => Number(id));
    for await (const chunk of response) {
      text += chunk;
      // What concerns others moves it on, too.
      if (cursors().length === 1) await connected(other);
      if (cursors().length >= 4) break;
    }
    const took = Date.now() - began;
    assert.ok(took >= 390 && took < 8_000, `four of them in ${took} ms`);
    assert.ok(cursors().at(-1) > cursors()[0], `${cursors()}`);
    assert.ok(!text.includes('data:'), text);
    const since = cursors().at(-1);
    const { json } = await as(other, kim).get(`/v1/messages?since=${since}&device=x`);
    assert.ok(json.cursor >= since);
  });

  test('come as they happen, and are the presence of their client', async (t) => {
    const kim = person('kim', { device: 'phone' });
    const stream = await connect(server, kim, 'sse');
    t.after(() => stream.close());
    const presence = await as(server, kim).get(`/v1/users/${kim.user}/presence`);
    assert.deepEqual(presence.json.devices, ['phone']);
    const room = unique('room');
    const alice = await server.join(room, person('caller'));
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: kim.user });
    await stream.next('CALL_STARTED');
    await alice.tell({ type: 'ENDED', roomName: room });
    await stream.next('ENDED', { reason: 'cancelled' });
    assert.ok(!alice.has('CALLEE_OFFLINE'));
  });
});

test(
  "partysocket's client comes back by itself, with its cursor, after a kill -9",
  { timeout: 60_000 },
  async (t) => {
    const other = await Server.start();
    t.after(() => other.stop());
    const { host, port } = new URL(other.http);
    other.args[other.args.indexOf('127.0.0.1:0')] = `127.0.0.1:${port}`;
    const room = unique('room');
    const [ann, kim] = [person('ann'), person('kim')];
    let cursor;
    const socket = new PartySocket({
      host,
      protocol: 'ws',
      room,
      id: 'phone',
      query: () => ({ token: tokenFor(kim), ...(cursor === undefined ? {} : { since: cursor }) }),
      WebSocket,
      minReconnectionDelay: 10,
      maxReconnectionDelay: 100,
    });
    t.after(() => socket.close());
    const heard = [];
    let look = () => {};
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data);
      if (isRoomEvent(message)) {
        heard.push(message);
        cursor = message.pos;
      }
      look(message);
    });
    const hears = (type) =>
      new Promise((done) => {
        look = (message) => message.type === type && done();
      });
    await hears('ROOM_STATE');
    let alice = await other.join(room, ann);
    const invited = hears('CALL_STARTED');
    await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: kim.user });
    await invited;
    const accepted = hears('ACCEPTED');
    socket.send(JSON.stringify({ type: 'ACCEPTED', roomName: room }));
    await accepted;
    const returned = hears('SIGNAL');
    await other.kill();
    await other.launch();
    alice = await other.open(`/party/${room}`, ann);
    await alice.tell(signal(room, kim.user, 1));
    await returned;
    const ended = hears('ENDED');
    await alice.tell({ type: 'ENDED', roomName: room });
    await ended;
    await other.terminate();
    const log = (await other.timeline(room)).filter((each) => each.roomName === room);
    assert.deepEqual(
      heard.map((each) => each.pos),
      log
        .filter(isRoomEvent)
        .filter((each) => each.outcome === 'applied')
        .map((each) => each.pos),
    );
  },
);
