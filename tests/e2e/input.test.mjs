// What is no message, or a wrong one: a sentence that names the field, or the
// close code, and the session goes on where it can.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { connected, person } from './calls.mjs';
import { unique } from './client.mjs';
import { Server } from './server.mjs';

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
