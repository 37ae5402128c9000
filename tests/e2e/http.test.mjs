// The HTTP API: how connections behave, what is refused, and the back end's calls.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { unique } from './client.mjs';
import { exchange, packet } from './raw.mjs';
import { Server } from './server.mjs';
import { operations } from './spec.mjs';
import { as, assertProblem, request } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

const ORIGIN = 'https://app.example.com';
let server;
before(async () => {
  const flags = ['--log-level', 'debug', '--failed-logins', '1000', '--rate-calls', '1000/s'];
  server = await Server.start({ flags: [...flags, '--cors-origin', ORIGIN] });
});
after(() => server.stop());

const text = (characters) => 'x'.repeat(characters);
const user = (more) => person('user', more);
const service = () => as(server, person('crm', { role: 'SERVICE' }));
const start = (more) => ({ type: 'CALL_STARTED', roomName: 'r', calleeId: 'bob', ...more });

/** A request as text; the token is good. */
const raw = (line, fields, body) => packet(line, { token: tokenFor(user()), fields, body });
const json = (body) => ['Content-Type: application/json', `Content-Length: ${body.length}`];

describe('a connection', () => {
  test('is kept for further requests', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set();
    agent.on('free', (socket) => ports.add(socket.localPort));
    const { get, post } = as(server, user());
    for (let i = 0; i < 5; ++i) {
      assert.equal((await get('/v1/messages', { agent })).status, 200);
      assert.equal((await post('/v1/messages', { type: 'PING' }, { agent })).status, 200);
      assertProblem(await get('/v1/messages?since=x', { agent }), 400, 'INVALID_MESSAGE');
    }
    agent.destroy();
    assert.equal(ports.size, 1);
  });

  test('answers requests that came in one packet, in their order', async () => {
    const room = unique('room');
    const message = JSON.stringify(start({ roomName: room, id: 'm' }));
    const packet = [
      raw('POST /v1/messages', json(message), message),
      raw(`GET /v1/rooms/${room}/state`),
      raw('GET /healthz'),
      raw('GET /v1/rooms/none/state'),
      raw('POST /v1/messages', json('{"type":"PING"}'), '{"type":"PING"}'),
    ];
    const { responses } = await exchange(server, packet.join(''), { count: 5 });
    const [posted, state, health, none, ping] = responses;
    assert.equal(posted.json.results[0].type, 'ACK');
    assert.equal(state.json.callState, 'RINGING');
    assert.equal(health.text, 'ok');
    assertProblem(none, 404, 'ROOM_NOT_FOUND');
    assert.equal(ping.json.results[0].type, 'PONG');
  });

  test('takes a body in chunks, and one that is sent after 100 Continue', async () => {
    const chunked = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const body = '7\r\n{"type"\r\n8\r\n:"PING"}\r\n0\r\n\r\n';
    const one = await exchange(server, raw('POST /v1/messages', chunked, body), { count: 1 });
    assert.equal(one.responses[0].json.results[0].type, 'PONG');
    const expects = [...json('{"type":"PING"}'), 'Expect: 100-continue'];
    const text = raw('POST /v1/messages', expects, '{"type":"PING"}');
    const { responses } = await exchange(server, text, { count: 2 });
    assert.deepEqual([responses[0].status, responses[1].status], [100, 200]);
  });

  test('HEAD is answered like GET, without a body', async () => {
    const { room } = await connected(server);
    const paths = ['/v1/messages', `/v1/rooms/${room}/state`, '/v1/users/u/presence'];
    for (const path of paths) {
      const packet = raw(`HEAD ${path}`) + raw('GET /healthz');
      const { responses } = await exchange(server, packet, { count: 2, bodiless: 1 });
      assert.equal(responses[0].status, 200, path);
      assert.equal(responses[0].headers['content-type'], 'application/json');
      assert.ok(Number(responses[0].headers['content-length']) > 0);
      assert.equal(responses[1].text, 'ok');
    }
    const head = await request(server, 'HEAD', '/v1/stream', { token: tokenFor(user()) });
    assert.equal(head.headers['content-type'], 'text/event-stream');
    assert.equal(head.headers['cache-control'], 'no-store');
  });

  test('HEAD of a stream is refused as GET is', async () => {
    const gone = user();
    const revoked = tokenFor(gone);
    const customer = { ...user(), role: 'PORTAL_CUSTOMER' };
    const { room } = await connected(server);
    await as(server, person('crm', { role: 'SERVICE' })).post(`/v1/users/${gone.user}/revoke`);
    const refusals = [
      [revoked, '', 401],
      [tokenFor(user()), '?since=x', 400],
      [tokenFor(user()), '?since=99999999', 400],
      [tokenFor(customer), `?room=${room}`, 403],
    ];
    for (const [token, query, status] of refusals) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await request(server, method, `/v1/stream${query}`, { token });
        assert.equal(answer.status, status, `${method} ${query}`);
        assert.equal(answer.headers['content-type'], 'application/problem+json');
      }
    }
  });
});

describe('what may be taken for two requests is refused, and the connection ends:', () => {
  const hidden = JSON.stringify(start({ roomName: 'hidden' }));
  const smuggled = raw('POST /v1/messages', json(hidden), hidden);
  const framings = {
    'a length and chunks': ['Content-Length: 4', 'Transfer-Encoding: chunked'],
    'chunks and a length': ['Transfer-Encoding: chunked', `Content-Length: ${smuggled.length}`],
    'two lengths': ['Content-Length: 0', `Content-Length: ${smuggled.length}`],
    'a list of lengths': [`Content-Length: 0, ${smuggled.length}`],
    'two equal lengths': ['Content-Length: 0', 'Content-Length: 0'],
    'a list of equal lengths': ['Content-Length: 0, 0'],
    'a signed length': ['Content-Length: +0'],
    'a negative length': ['Content-Length: -1'],
    'a length beyond 64 bits': ['Content-Length: 18446744073709551616'],
    'a hexadecimal length': ['Content-Length: 0x0'],
    'an unknown encoding': ['Transfer-Encoding: xchunked'],
    'chunks that are not the last encoding': ['Transfer-Encoding: chunked, identity'],
    'chunks of another encoding': ['Transfer-Encoding: gzip, chunked'],
    'chunks of none': ['Transfer-Encoding: identity, chunked'],
    'two encodings': ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    'a folded line': ['X-Folded: a', ' Content-Length: 0'],
    'a space before the colon': ['Content-Length : 0'],
  };
  for (const [what, fields] of Object.entries(framings)) {
    for (const { method, target } of operations) {
      test(`${what}, on ${method} ${target}`, async () => {
        const head = raw(`${method} ${target}`, ['Content-Type: application/json', ...fields]);
        const { responses, closed } = await exchange(server, `${head}0\r\n\r\n${smuggled}`);
        assert.deepEqual(
          responses.map((each) => [each.status, each.headers['content-type']]),
          [[400, 'application/problem+json']],
        );
        assert.ok(closed);
      });
    }
  }

  test('a body of a WebSocket handshake', async () => {
    const handshake = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    for (const target of ['/v1/ws', '/party/r', '/parties/p/r']) {
      for (const framing of [`Content-Length: ${smuggled.length}`, 'Transfer-Encoding: chunked']) {
        const text = raw(`GET ${target}`, [...handshake, framing], smuggled);
        const { responses, closed } = await exchange(server, text);
        assert.deepEqual(
          responses.map((each) => each.status),
          [400],
        );
        assert.ok(closed);
      }
    }
  });

  test('nothing that was hidden came in', async () => {
    assertProblem(await service().get('/v1/rooms/hidden/state'), 404, 'ROOM_NOT_FOUND');
  });
});

describe('too much is refused:', () => {
  test('a body beyond 64 KiB, announced or in chunks', async () => {
    const { post } = as(server, user());
    const body = JSON.stringify({ type: 'PING', x: text(64 * 1024) });
    for (const path of ['/v1/messages', '/voip/start', '/voip/r/end']) {
      assertProblem(await post(path, body), 413, 'TOO_LARGE');
    }
    const fields = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const chunk = `10000\r\n${text(65_536)}\r\n`;
    const { responses } = await exchange(server, raw('POST /v1/messages', fields, chunk + chunk));
    assertProblem(responses[0], 413, 'TOO_LARGE');
  });

  test('a million header lines', async () => {
    const fields = 'X: y\r\n'.repeat(1_000_000);
    const { responses } = await exchange(server, `GET /v1/messages HTTP/1.1\r\n${fields}\r\n`, {
      count: 1,
    });
    assertProblem(responses[0], 431, 'TOO_LARGE');
  });
});

test('the wrong method is told which are right', async () => {
  const paths = {
    '/v1/messages': 'GET, HEAD, POST',
    '/v1/stream': 'GET, HEAD',
    '/v1/rooms/r/state': 'GET, HEAD',
    '/v1/users/u/presence': 'GET, HEAD',
    '/v1/users/u/revoke': 'POST',
    '/v1/calls': 'GET, HEAD',
    '/v1/calls/c': 'GET, HEAD',
    '/v1/calls/c/events': 'GET, HEAD',
    '/voip/start': 'POST',
    '/voip/r/accept': 'POST',
  };
  for (const [path, allowed] of Object.entries(paths)) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      if (allowed.split(', ').includes(method)) continue;
      const answer = await request(server, method, path, { token: tokenFor(user()) });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.headers.allow, allowed);
      if (method !== 'HEAD') assertProblem(answer, 405, 'INVALID_MESSAGE');
    }
  }
});

test('without a good token nothing is answered, whatever is asked', async () => {
  const calls = [
    ['GET', '/v1/messages?since=x'],
    ['POST', '/v1/messages'],
    ['GET', '/v1/stream'],
    ['POST', '/voip/start'],
    ['POST', '/voip/r/what'],
    ['GET', '/v1/rooms/r/state'],
    ['GET', '/v1/users/u/presence'],
    ['POST', '/v1/users/u/revoke'],
    ['GET', '/v1/calls?limit=x'],
    ['GET', '/v1/calls/c'],
    ['GET', '/v1/calls/c/events'],
  ];
  for (const [method, path] of calls) {
    for (const token of [
      undefined,
      'x',
      `${tokenFor(user())}x`,
      tokenFor(user({ lifetime: -90 })),
    ]) {
      const answer = await request(server, method, path, { token });
      assertProblem(answer, 401, 'UNAUTHENTICATED');
      assert.equal(answer.headers['www-authenticate'], 'Bearer');
      // Who has one is not told to bring one.
      assert.match(answer.json.detail, token ? /not valid/ : /give a token/);
    }
  }
});

test('a body is JSON, and says so where it says what it is', async () => {
  const send = (type) =>
    as(server, user()).post('/v1/messages', '{"type":"PING"}', {
      headers: { 'Content-Type': type },
    });
  for (const type of [
    'application/json',
    'APPLICATION/JSON; charset=utf-8',
    'application/json ;x=y',
  ])
    assert.equal((await send(type)).status, 200, type);
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'json',
  ])
    assertProblem(await send(type), 415, 'INVALID_MESSAGE');
});

describe('POST /v1/messages', () => {
  const wrong = [
    ['nothing', '', 'INVALID_MESSAGE'],
    ['no JSON', '{"type":"PING"', 'INVALID_MESSAGE'],
    ['two', '{"type":"PING"}{"type":"PING"}', 'INVALID_MESSAGE'],
    ['text', '"PING"', 'INVALID_MESSAGE'],
    ['null', 'null', 'INVALID_MESSAGE'],
    ['a key twice', '{"type":"PING","type":"PING"}', 'INVALID_MESSAGE'],
    ['no UTF-8', Buffer.from('{"type":"\xff"}', 'latin1'), 'INVALID_MESSAGE'],
    ['no messages', [], 'INVALID_MESSAGE'],
    ['65 messages', Array(65).fill({ type: 'PING' }), 'INVALID_MESSAGE'],
    ['no type', {}, 'INVALID_MESSAGE', /type/],
    ['an unknown type', { type: 'HELLO' }, 'UNKNOWN_TYPE', /HELLO/],
    ['no room', { type: 'ENDED' }, 'INVALID_MESSAGE', /roomName/],
    ['a wrong room', start({ roomName: 'a/b' }), 'INVALID_MESSAGE', /roomName/],
    ['a long room', start({ roomName: text(129) }), 'INVALID_MESSAGE', /roomName/],
    ['a wrong callee', start({ calleeId: 7 }), 'INVALID_MESSAGE', /calleeId/],
    ['a long id', start({ id: text(65) }), 'INVALID_MESSAGE', /\bid\b/],
    ['large metadata', start({ metadata: { x: text(9_000) } }), 'INVALID_MESSAGE', /metadata/],
    ['JOIN', { type: 'JOIN', roomName: 'r' }, 'INVALID_MESSAGE', /JOIN/],
    ['AUTH', { type: 'AUTH', token: 'x' }, 'INVALID_MESSAGE', /AUTH/],
  ];
  for (const [what, body, code, sentence = /./] of wrong) {
    test(`refuses ${what}`, async () => {
      const sent = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
      const bytes = Buffer.from(sent);
      const head = raw('POST /v1/messages', json(bytes));
      const packet = Buffer.concat([Buffer.from(head), bytes]);
      const { responses } = await exchange(server, packet, { count: 1 });
      assert.match(assertProblem(responses[0], 400, code).detail, sentence);
    });
  }

  test('answers each of several in its place', async () => {
    const room = unique('room');
    const messages = [
      start({ roomName: room, id: 'a', unknown: [1] }),
      null,
      { type: 'PING', id: 'b' },
      { type: 'ENDED', roomName: room, id: 'c', reason: 7 },
      start({ roomName: room, id: 'd' }),
      { type: 'LEAVE', roomName: room, id: 'e' },
      { type: 'ENDED', roomName: room, id: 'f' },
    ];
    const { json } = await as(server, user()).post('/v1/messages', messages);
    assert.deepEqual(
      json.results.map((each) => [each.type, each.code ?? each.outcome, each.id]),
      [
        ['ACK', 'applied', 'a'],
        ['ERROR', 'INVALID_MESSAGE', undefined],
        ['PONG', undefined, 'b'],
        ['ERROR', 'INVALID_MESSAGE', 'c'],
        ['ERROR', 'WRONG_STATE', 'd'],
        ['ERROR', 'INVALID_MESSAGE', 'e'],
        ['ACK', 'applied', 'f'],
      ],
    );
  });
});
