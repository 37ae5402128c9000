// What is no message, or a wrong one: a sentence that names the field, or the
// close code, and the session goes on where it can.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { unique } from './client.mjs';
import { MEDIA } from './mediaserver.mjs';
import { exchange, packet } from './raw.mjs';
import { Server } from './server.mjs';
import { Receiver } from './receiver.mjs';
import { asyncapi, operations, propertiesOf, typesOf } from './spec.mjs';
import { assertProblem, request } from './stations.mjs';
import { tokenFor } from './tokens.mjs';

let server;
before(
  async () =>
    (server = await Server.start({ flags: ['--log-level', 'debug', '--rate-messages', '1000/s'] })),
);
after(() => server.stop());

const text = (characters) => 'x'.repeat(characters);
const signal = (more) => ({ type: 'SIGNAL', roomName: 'r', to: 'bob', data: {}, ...more });
const start = (more) => ({ type: 'CALL_STARTED', roomName: 'r', calleeId: 'bob', ...more });
const nested = (depth) =>
  `{"type":"SIGNAL","roomName":"r","to":"b","data":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;

// [what, the frame, the sentence]
const refusals = [
  ['an empty frame', '', /./],
  ['text', 'hello', /./],
  ['half an object', '{"type":"PING"', /./],
  ['two objects', '{"type":"PING"}{"type":"PING"}', /./],
  ['a comment', '{"type":"PING" /* why */}', /./],
  ['single quotes', "{'type':'PING'}", /./],
  ['a trailing comma', '{"type":"PING",}', /./],
  ['NaN', '{"type":"PING","x":NaN}', /./],
  ['an array', '[]', /object/],
  ['a string', '"PING"', /object/],
  ['null', 'null', /object/],
  ['a number', '7', /object/],
  ['an unpaired surrogate', '{"type":"PING","x":"\\ud800"}', /./],
  ['a raw control character', '{"type":"PI\u0001NG"}', /./],
  ['no type', {}, /type/],
  ['a type that is a number', { type: 7 }, /type/],
  ['a type that is an object', { type: {} }, /type/],
  ['a type that is null', { type: null }, /type/],
  ['an empty type', { type: '' }, /type/],
  ['a duplicate key', '{"type":"PING","type":"ENDED"}', /type/],
  [
    'a duplicate key inside',
    '{"type":"SIGNAL","roomName":"r","to":"b","data":{"sdp":1,"sdp":2}}',
    /sdp/,
  ],
  ['deep nesting', nested(64), /nest|deep/i],
  ['very deep nesting', nested(3_000).slice(0, 16_000), /nest|deep/i],
  ['an id that is a number', start({ id: 7 }), /\bid\b/],
  ['an id that is empty', start({ id: '' }), /\bid\b/],
  ['an id of 65 characters', start({ id: text(65) }), /\bid\b/],
  ['an id with a NUL', start({ id: 'a\0b' }), /\bid\b/],
  ['no room', { type: 'ENDED' }, /roomName/],
  ['a room that is a number', { type: 'ENDED', roomName: 7 }, /roomName/],
  ['a room that is empty', { type: 'ENDED', roomName: '' }, /roomName/],
  ['a room of 129 characters', { type: 'ENDED', roomName: text(129) }, /roomName/],
  ['a room with a space', { type: 'ENDED', roomName: 'a b' }, /roomName/],
  ['a room with a slash', { type: 'JOIN', roomName: '../a' }, /roomName/],
  ['a room with a letter beyond ASCII', { type: 'LEAVE', roomName: 'zoë' }, /roomName/],
  ['no callee', start({ calleeId: undefined }), /calleeId/],
  ['a callee that is a number', start({ calleeId: 7 }), /calleeId/],
  ['a callee that is empty', start({ calleeId: '' }), /calleeId/],
  ['a callee of 4 KiB', start({ calleeId: text(4096) }), /calleeId/],
  ['a callee with control characters', start({ calleeId: 'bob\n' }), /calleeId/],
  ['callees that are a string', start({ calleeIds: 'bob' }), /calleeIds/],
  ['no callees at all', start({ calleeIds: [] }), /calleeIds/],
  [
    '33 callees',
    start({ calleeId: undefined, calleeIds: [...Array(33).keys()].map(String) }),
    /calleeIds/,
  ],
  ['a callee twice', start({ calleeIds: ['bob', 'bob'] }), /calleeIds\[1\]/],
  ['a callee among callees that is an object', start({ calleeIds: ['bob', {}] }), /calleeIds\[1\]/],
  ['a caller that is a number', start({ callerId: 7 }), /callerId/],
  ['a name that is an array', start({ callerName: ['Ann'] }), /callerName/],
  ['a name of 4 KiB', start({ calleeName: text(4096) }), /calleeName/],
  ['metadata that is a string', start({ metadata: 'x' }), /metadata/],
  ['metadata that is an array', start({ metadata: [] }), /metadata/],
  ['metadata of 9 KiB', start({ metadata: { x: text(9 * 1024) } }), /metadata/],
  [
    'a number in it beyond a double',
    '{"type":"CALL_STARTED","roomName":"r","calleeId":"b","metadata":{"n":1e999}}',
    /number/,
  ],
  ['no one to signal to', signal({ to: undefined }), /\bto\b/],
  ['someone to signal to who is a boolean', signal({ to: true }), /\bto\b/],
  ['no data', signal({ data: undefined }), /data/],
  ['data that is a string', signal({ data: 'v=0' }), /data/],
  ['data of 9 KiB', signal({ data: { sdp: text(9 * 1024) } }), /data/],
  ['a reason that is a number', { type: 'REJECTED', roomName: 'r', reason: 7 }, /reason/],
  ['a reason of 4 KiB', { type: 'ENDED', roomName: 'r', reason: text(4096) }, /reason/],
  [
    'someone answering who is a list',
    { type: 'ACCEPTED', roomName: 'r', acceptedBy: [] },
    /acceptedBy/,
  ],
  ['a cursor that is negative', { type: 'JOIN', roomName: 'r', since: -1 }, /since/],
  ['a cursor with a fraction', { type: 'JOIN', roomName: 'r', since: 1.5 }, /since/],
  [
    'a cursor beyond 64 bits',
    '{"type":"JOIN","roomName":"r","since":18446744073709551616}',
    /since/,
  ],
  ['a cursor that is a string', { type: 'JOIN', roomName: 'r', since: '1' }, /since/],
  ['AUTH without a token', { type: 'AUTH' }, /token/],
  ['AUTH with a token that is a number', { type: 'AUTH', token: 7 }, /token/],
];

describe('refused INVALID_MESSAGE, and the session goes on:', () => {
  let client;
  before(async () => (client = await server.inbox(person('clumsy'))));

  for (const [what, frame, sentence] of refusals) {
    test(what, async () => {
      client.send(frame);
      const error = await client.next('ERROR');
      assert.equal(error.code, 'INVALID_MESSAGE', JSON.stringify(error));
      assert.match(error.message, sentence);
      assert.match(error.message, /^.{5,}$/, 'a sentence');
      client.send({ type: 'PING' });
      await client.next('PONG');
    });
  }

  test('and nothing of it came into the log of the room', async () => {
    client.send({ type: 'JOIN', roomName: 'r' });
    assert.equal((await client.next('ROOM_STATE', { roomName: 'r' })).pos, 0);
  });
});

test('an unknown type', async () => {
  const client = await server.inbox(person('clumsy'));
  const error = await client.refused({ type: 'HELLO', roomName: 'r' }, 'UNKNOWN_TYPE', /HELLO/);
  assert.equal(error.roomName, 'r');
  await client.refused({ type: 'ended', roomName: 'r' }, 'UNKNOWN_TYPE', /ended/);
  await client.settled();
});

test('an error says to what it answers', async () => {
  const client = await server.inbox(person('clumsy'));
  const error = await client.refused(
    { type: 'CALL_STARTED', roomName: 'some-room' },
    'INVALID_MESSAGE',
    /calleeId/,
  );
  assert.equal(error.roomName, 'some-room');
});

test('unknown fields are ignored, and names may hold any letter', async () => {
  const room = unique('room');
  const [caller, callee] = [person('caller'), person('callee')];
  const alice = await server.join(room, caller);
  const bob = await server.inbox(callee);
  await alice.tell({
    type: 'CALL_STARTED',
    roomName: room,
    calleeId: callee.user,
    callerName: 'Zoë "Ω" 🎈\n<b>\\',
    metadata: { deep: { er: [1e-7, -0, 12345678901234567890n.toString(), '\u0000\u2028'] } },
    colour: 'blue',
    since: -1,
  });
  const invitation = await bob.next('CALL_STARTED');
  assert.equal(invitation.callerName, 'Zoë "Ω" 🎈\n<b>\\');
  assert.deepEqual(invitation.metadata.deep.er[2], '12345678901234567890');
  assert.equal(invitation.metadata.deep.er[3], '\u0000\u2028');
  assert.ok(!('colour' in invitation));
});

test('numbers in opaque data come out as they went in', async () => {
  const { room, callee, alice, bob } = await connected(server);
  const numbers = '[0.1,1e2,-0,9007199254740993,1.0,123456789012345678901234567890]';
  alice.send(
    `{"type":"SIGNAL","roomName":"${room}","to":"${callee.user}","data":{"n":${numbers}}}`,
  );
  let raw;
  bob.socket.on('message', (data) => (raw = data.toString()));
  await bob.next('SIGNAL');
  assert.ok(raw.includes(numbers), raw);
});

describe('closes', () => {
  const cases = [
    [
      'a frame of 17 KiB',
      1009,
      (socket) => socket.send(JSON.stringify(start({ metadata: { x: text(17 * 1024) } }))),
    ],
    [
      'a message of 17 KiB in fragments',
      1009,
      (socket) => {
        for (let i = 0; i < 17; ++i) socket.send(text(1024), { fin: i === 16 });
      },
    ],
    ['a binary frame', 1003, (socket) => socket.send(Buffer.from('{"type":"PING"}'))],
    [
      'invalid UTF-8',
      1007,
      (socket) => socket.send(Buffer.from([0x7b, 0xc3, 0x28, 0x7d]), { binary: false }),
    ],
    [
      'an overlong form',
      1007,
      (socket) => socket.send(Buffer.from([0xc0, 0x80]), { binary: false }),
    ],
    [
      'a reserved opcode',
      1002,
      (socket) => socket._socket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0])),
    ],
    [
      'a frame without a mask',
      1002,
      (socket) => socket._socket.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d])),
    ],
  ];
  for (const [what, code, send] of cases) {
    test(`${what} with ${code}`, async () => {
      const who = person('rude');
      const client = await server.inbox(who);
      const other = await server.inbox(who);
      send(client.socket);
      await client.closed(code);
      await other.settled(); // that was this connection's business alone
    });
  }

  test('a frame of exactly 16 KiB is read', async () => {
    const client = await server.inbox(person('neat'));
    const frame = JSON.stringify({ type: 'PING', x: '' });
    client.send(JSON.stringify({ type: 'PING', x: text(16 * 1024 - frame.length) }));
    await client.next('PONG');
  });

  test('a message in fragments is read', async () => {
    const client = await server.inbox(person('neat'));
    for (const [part, fin] of [
      ['{"type"', false],
      [':', false],
      ['"PING"}', true],
    ])
      client.socket.send(part, { fin });
    await client.next('PONG');
  });

  for (const name of ['a b', 'zoë', text(129), 'a%00b', 'a/b']) {
    test(`a room path outside the grammar: ${name.slice(0, 8)}`, async () => {
      const path = `/party/${encodeURI(name).replace('%2500', '%00')}`;
      const client = await server.open(path, person('lost'));
      const how = await client.closed(4403);
      assert.match(how.reason, /room/);
    });
  }

  test('a room name of 128 of the allowed characters is taken', async () => {
    const name = 'A-z.0_9:~'.padEnd(128, 'x');
    const client = await server.join(name, person('user'));
    await client.close();
    await (await server.join(encodeURIComponent(name), person('user'))).close();
  });
});

describe('HTTP', () => {
  test('a path that is for WebSocket says so', async () => {
    for (const path of ['/v1/ws', '/party/r', '/parties/p/r']) {
      const answer = await fetch(server.http + path);
      assert.equal(answer.status, 426);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
      assert.equal(typeof (await answer.json()).detail, 'string');
    }
  });

  test('health and readiness', async () => {
    for (const path of ['/healthz', '/readyz'])
      assert.equal((await fetch(server.http + path)).status, 200);
  });

  test('a path that is not there', async () => {
    assert.equal((await fetch(`${server.http}/nothing`)).status, 404);
  });
});

// What is wrong, on every path of schemas/openapi.yaml on which it can be.
describe('by HTTP, on every path:', () => {
  let there;
  let token;
  let receiver;
  before(async () => {
    receiver = await Receiver.start({ answer: () => 410 });
    const rates = ['--rate-messages', '100000/s', '--rate-calls', '100000/s'];
    const flags = [...MEDIA.flags, ...receiver.flags, ...rates];
    there = await Server.start({ flags, env: MEDIA.env });
    token = tokenFor(person('clumsy', { role: 'SERVICE' }));
  });
  // Whatever it was, the same process goes on.
  after(async () => {
    assert.equal((await request(there, 'GET', '/healthz')).text, 'ok');
    await there.stop();
    await receiver.stop();
  });

  const ask = (method, target, options) => request(there, method, target, { token, ...options });
  const named = ({ method, target }) => `${method} ${target}`;
  const isPublic = ({ target }) => ['/healthz', '/readyz', '/metrics'].includes(target);
  // Its token is of the body: what is wrong with that is seen first.
  const isWebhook = ({ target }) => target === '/livekit/webhook';
  const taking = operations.filter((each) => each.body && !isWebhook(each));

  /** Checks a refusal: as a problem, with one of the statuses. */
  function assertRefused(answer, statuses, what) {
    assert.ok(statuses.includes(answer?.status), `${what}: ${answer?.status} ${answer?.text}`);
    assert.equal(answer.headers['content-type'], 'application/problem+json', what);
    if (answer.json) assert.equal(answer.json.status, answer.status, what);
  }
  /** One request as text, and its answer. */
  async function sends(text, options) {
    const { responses } = await exchange(there, text, { count: 1, ...options });
    return responses[0];
  }

  test('methods that nobody has', async () => {
    const strange = ['TRACE', 'PROPFIND', 'BREW', 'get', 'CONNECT', 'M'.repeat(1_000)];
    for (const each of operations) {
      const paths = operations.filter(({ path }) => path === each.path);
      const takes = paths.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
      for (const method of strange) {
        const answer = await sends(packet(`${method} ${each.target}`, { token }));
        const what = `${method.slice(0, 10)} ${each.target}`;
        assertRefused(answer, [405], what);
        assert.equal(answer.json.code, 'INVALID_MESSAGE', what);
        assert.deepEqual(answer.headers.allow.split(', ').sort(), takes.sort(), what);
      }
    }
  });

  test('bodies of other types', async () => {
    const types = ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'json', '/'];
    for (const each of taking) {
      assert.ok(each.responses[415], named(each));
      for (const type of types) {
        const headers = { 'Content-Type': type };
        const answer = await ask(each.method, each.target, { body: '{}', headers });
        assertRefused(answer, [415], `${named(each)} of ${type}`);
      }
      for (const coding of ['gzip', 'br', 'identity, gzip']) {
        const headers = { 'Content-Type': 'application/json', 'Content-Encoding': coding };
        const answer = await ask(each.method, each.target, { body: '{}', headers });
        assertRefused(answer, [415], `${named(each)} in ${coding}`);
      }
    }
  });

  test('bodies beyond 64 KiB, announced or in chunks', async () => {
    const chunk = `8000\r\n${text(0x8000)}\r\n`;
    for (const each of operations.filter((one) => !isPublic(one) && !isWebhook(one))) {
      const long = ['Content-Type: application/json', 'Content-Length: 65537'];
      const announced = packet(named(each), { token, fields: long });
      assertRefused(await sends(announced), [413], named(each));
      const chunked = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
      const body = `${chunk}${chunk}${chunk}0\r\n\r\n`;
      const pieces = packet(named(each), { token, fields: chunked, body });
      assertRefused(await sends(pieces), [413], `${named(each)} in chunks`);
    }
  });

  test('chunks that are none', async () => {
    const fields = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const bodies = ['x\r\n', '-1\r\n', '2\r\n{}x\r\n0\r\n\r\n', `${'f'.repeat(17)}\r\n`];
    for (const each of taking) {
      for (const body of bodies) {
        const answer = await sends(packet(named(each), { token, fields, body }));
        assertRefused(answer, [400, 413], `${named(each)} with ${JSON.stringify(body)}`);
      }
    }
  });

  test('what is no JSON, or no object', async () => {
    const bodies = ['{', 'x', '"x"', '7', 'null', '{}{}', '{"id":}', '{"id":"a","id":"b"}', '\0'];
    const deep = `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`;
    const latin = Buffer.from('{"id":"\xff"}', 'latin1').toString('latin1');
    for (const each of taking) {
      for (const body of [...bodies, deep]) {
        const answer = await ask(each.method, each.target, { body });
        assertRefused(answer, [400], `${named(each)} with ${body.slice(0, 20)}`);
      }
      const fields = ['Content-Type: application/json', `Content-Length: ${latin.length}`];
      const bytes = Buffer.from(packet(named(each), { token, fields, body: latin }), 'latin1');
      assertRefused(await sends(bytes), [400], `${named(each)} with no UTF-8`);
    }
  });

  test('fields of other kinds, too long, and missing ones', async () => {
    const messages = typesOf('client').filter(
      (type) => !['JOIN', 'LEAVE', 'AUTH', 'PING'].includes(type),
    );
    const good = Object.fromEntries(
      messages.map((type) => {
        const [{ payload }] = asyncapi.components.messages[`client.${type}`].examples;
        return [type, { roomName: 'r', ...payload }];
      }),
    );
    const whole = {
      '/voip/start': { calleeId: 'bob' },
      '/v1/projections/{projection}/skip': { position: 1, reason: 'so' },
    };
    const kinds = { number: 'integer', boolean: 'boolean' };
    const refused = async (each, body, field) => {
      const what = `${named(each)} with ${JSON.stringify(body).slice(0, 200)}`;
      const answer = await ask(each.method, each.target, { body });
      assertRefused(answer, [400], what);
      assert.match(answer.json.detail, new RegExp(`\\b${field}`), what);
    };
    for (const each of taking) {
      const shapes = each.path === '/v1/messages' ? messages : [undefined];
      for (const type of shapes) {
        const { properties, required } = propertiesOf(each.body, type);
        const body = type ? good[type] : (whole[each.path] ?? {});
        for (const field of Object.keys(properties).filter((name) => name !== 'type')) {
          const { type: kind } = properties[field];
          for (const value of [7, true, [[]], [{}], text(10_000)])
            if (kind !== kinds[typeof value]) await refused(each, { ...body, [field]: value }, field);
          if (kind !== 'object') await refused(each, { ...body, [field]: {} }, field);
          if (kind !== 'string') continue;
          // Labels may be empty.
          if (!/Name$|^reason$|^data$/.test(field) || field === 'roomName')
            await refused(each, { ...body, [field]: '' }, field);
        }
        for (const field of required.filter((name) => name !== 'type'))
          await refused(each, { ...body, [field]: undefined }, field);
      }
    }
  });

  const numbers = ['', '-1', '-0', '+1', '1.5', '1e3', '0x1', ' 1', '1 ', 'one', '1,2', 'NaN'];
  const tooLarge = ['99999999999', '9'.repeat(20), '18446744073709551616', '9'.repeat(200)];

  test('cursors and other numbers that are none', async () => {
    for (const each of operations) {
      for (const parameter of each.parameters) {
        const kinds = [parameter.schema, ...(parameter.schema.oneOf ?? [])];
        if (!kinds.some(({ type }) => type === 'integer')) continue;
        for (const value of [...numbers, ...tooLarge]) {
          const isField = parameter.in === 'header';
          // A field that says nothing, or has spaces around, is as good as without.
          if (isField && value.trim() !== value) continue;
          if (isField && value === '') continue;
          const headers = isField ? { [parameter.name]: value } : {};
          const query = isField ? '' : `?${parameter.name}=${encodeURIComponent(value)}`;
          for (const method of [each.method, 'HEAD']) {
            const answer = await ask(method, each.target + query, { headers });
            // Of a call that is not there no number is too large.
            const isCall = each.path.startsWith('/v1/calls/{') && tooLarge.includes(value);
            const what = `${method} ${each.target}${query} ${parameter.name}`;
            assertRefused(answer, isCall ? [400, 404] : [400], what);
          }
        }
      }
    }
  });

  const isStray = (text) => /%(?![0-9a-f]{2})/i.test(text);
  const bent = ['%', '%2', '%zz', '%00', '%ff', '%C3%28', '%0d%0a', '%u0041', '%%', '%2%66'];

  test('keys and names that are too long, or none', async () => {
    const names = {
      room: ['', 'a b', 'a%2Fb', 'zo%C3%AB', text(129)],
      user: ['', '%00', 'a%0Ab', '%FF', text(256)],
      name: ['', '-1', '1.5', 'a', '..', '%2e%2e%2fx', '1'.repeat(21), text(300)],
      call: ['', 'a', '1', '..%2f', text(36), `${'0'.repeat(8)}-${'0'.repeat(27)}`, text(300)],
      id: ['', '-1', 'a', '..', '%2e%2e%2fx', text(300)],
      projection: ['', '1', 'Index', '..', '%2e%2e%2fx', text(300)],
    };
    const unknown = ['name', 'id', 'projection'];
    for (const each of operations) {
      for (const { name, in: place, schema } of each.parameters) {
        if (place === 'header' && schema.maxLength) {
          const headers = { [name]: text(schema.maxLength + 1) };
          const answer = await ask(each.method, each.target, { headers, body: { calleeId: 'b' } });
          assertRefused(answer, [400], `${named(each)} with a long ${name}`);
        }
        if (place !== 'path') continue;
        for (const value of names[name]) {
          const target = each.path.replace(`{${name}}`, value);
          const answer = await sends(packet(`${each.method} ${target}`, { token }));
          const statuses = unknown.includes(name) ? [404] : [400];
          assertRefused(answer, statuses, `${each.method} ${target}`);
        }
      }
    }
  });

  test('percent signs that encode nothing, in paths', async () => {
    for (const each of operations) {
      for (const bit of bent) {
        const inside = each.path.replace(/\{\w+\}/g, `r${bit}`);
        const targets = [each.target + bit, each.target.replace('/', `/${bit}`)];
        if (inside !== each.path) targets.push(inside);
        for (const target of targets) {
          const answer = await sends(packet(`${each.method} ${target}`, { token }));
          const statuses = isStray(bit) ? [400] : [400, 404];
          assertRefused(answer, statuses, `${each.method} ${target}`);
        }
      }
    }
  });

  test('percent signs that encode nothing, in queries', async () => {
    for (const each of operations) {
      for (const { name, in: place, schema } of each.parameters) {
        if (place !== 'query' || name === 'device') continue;
        assert.ok(schema, name);
        for (const bit of bent) {
          const answer = await sends(packet(`${named(each)}?${name}=1${bit}`, { token }));
          assertRefused(answer, [400], `${named(each)}?${name}=1${bit}`);
        }
      }
      // What nobody reads is not looked at beyond that, and a token is no good with it.
      for (const bit of isPublic(each) || isWebhook(each) ? [] : bent) {
        const answer = await sends(packet(`${named(each)}?token=${bit}`));
        const statuses = isStray(bit) ? [400] : [401, 429];
        assertRefused(answer, statuses, `${named(each)}?token=${bit}`);
      }
    }
  });

  test('heads without end', async () => {
    const heads = {
      'a long field': { fields: [`X-Long: ${text(100_000)}`] },
      'a long name': { fields: [`${text(100_000)}: x`] },
      'very many fields': { fields: Array(20_000).fill('A: b') },
      'a long token': { fields: [`Authorization: Bearer ${text(100_000)}`] },
      'a long address': { more: `?x=${text(100_000)}` },
      'a long path': { more: `/${text(100_000)}` },
      'very many segments': { more: '/a'.repeat(50_000) },
      'very many parameters': { more: `?${'a=b&'.repeat(20_000)}` },
    };
    for (const each of operations) {
      for (const [what, { fields, more = '' }] of Object.entries(heads)) {
        const answer = await sends(packet(named(each) + more, { token, fields }));
        assertRefused(answer, [431], `${named(each)} with ${what}`);
      }
    }
  });

  test('heads that are just within the bound', async () => {
    const heads = {
      'many fields': { fields: Array(2_000).fill('A: b') },
      'many segments': { more: '/a'.repeat(5_000) },
      'many parameters': { more: `?${'a&'.repeat(5_000)}` },
      'a long address': { more: `?x=${text(12_000)}` },
      'encoded bytes': { more: `?x=${'%41'.repeat(4_000)}` },
    };
    for (const each of operations) {
      for (const [what, { fields, more = '' }] of Object.entries(heads)) {
        if (each.target.endsWith('/stream')) continue; // would not end
        const answer = await sends(packet(named(each) + more, { token, fields }));
        assert.ok(answer.status < 500 && answer.status !== 431, `${named(each)}: ${what}`);
        if (answer.status >= 400) assertRefused(answer, [answer.status], what);
      }
    }
  });

  test('what is no HTTP/1.1', async () => {
    for (const each of operations) {
      const line = named(each);
      const rest = `Host: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
      const texts = [
        `${line} HTTP/2.0\r\n${rest}`,
        `${line} HTTP/1.9\r\n${rest}`,
        `${line} HTTP/1\r\n${rest}`,
        `${line} FTP/1.1\r\n${rest}`,
        `${line}\r\n${rest}`,
        `${line}  HTTP/1.1\r\n${rest}`,
        `${line.replace(' ', '  ')} HTTP/1.1\r\n${rest}`,
        `${line.replace(' ', '\t')} HTTP/1.1\r\n${rest}`,
        `${line} HTTP/1.1\r\nNo colon\r\n${rest}`,
        `${line} HTTP/1.1\r\n: no name\r\n${rest}`,
        `${line} HTTP/1.1\r\nA(b): c\r\n${rest}`,
        `${line} HTTP/1.1\r\nX: a\0b\r\n${rest}`,
        `${line} HTTP/1.1\r\nX: a\rb\r\n${rest}`,
        `${line} HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n\r\n`,
        `${line} HTTP/1.1\r\nHost: y\r\n${rest}`,
        `${each.method} ${each.target.slice(1)} HTTP/1.1\r\n${rest}`,
        `${each.method} * HTTP/1.1\r\n${rest}`,
        `${each.method} x:80 HTTP/1.1\r\n${rest}`,
      ];
      for (const bytes of texts)
        assertRefused(await sends(bytes), [400], JSON.stringify(bytes.slice(0, 80)));
    }
  });
});
