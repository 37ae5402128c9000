// What is written down for programs of the wire is what the server does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv';

import { person } from './calls.mjs';
import { unique } from './client.mjs';
import { Receiver } from './receiver.mjs';
import { Server } from './server.mjs';
import {
  asyncapi,
  Asker,
  assertMessage,
  assertValid,
  faultOf,
  follow,
  openapi,
  references,
  schemaAt,
  source,
  sources,
  typesOf,
} from './spec.mjs';
import { request } from './stations.mjs';
import { jwt, seconds, tokenFor } from './tokens.mjs';

const LIVEKIT = { key: 'APIspec', secret: 'a secret of the tests, thirty-two bytes or more' };
const MEDIA = [
  ...['--livekit-url', 'wss://livekit.example.com', '--livekit-api-key', LIVEKIT.key],
  ...['--livekit-api-secret', LIVEKIT.secret],
];

const ORIGIN = 'https://app.example.com';

const all = (text, pattern) => new Set([...text.matchAll(pattern)].map((match) => match[1]));
const sorted = (values) => [...values].sort();
const service = () => person('service', { role: 'SERVICE' });

/** What LiveKit sends: {headers, body}. */
function webhook(event, { secret = LIVEKIT.secret } = {}) {
  const body = JSON.stringify({ id: unique('EV'), createdAt: String(seconds()), ...event });
  const sha256 = createHash('sha256').update(body).digest('base64');
  const claims = { iss: LIVEKIT.key, exp: seconds() + 300, sha256 };
  const Authorization = jwt({ alg: 'HS256', typ: 'JWT' }, claims, secret);
  return { body, headers: { Authorization, 'Content-Type': 'application/webhook+json' } };
}

describe('the documents', () => {
  test('are an OpenAPI and an AsyncAPI document', async () => {
    const validator = new Validator();
    validator.addSpecRef(structuredClone(asyncapi), './asyncapi.yaml');
    const { valid, errors } = await validator.validate(structuredClone(openapi));
    assert.ok(valid, JSON.stringify(errors, null, 2));
    const specs = createRequire(import.meta.url).resolve('@asyncapi/specs/package.json');
    const schema = specs.replace(/package\.json$/, 'schemas/3.0.0-without-$id.json');
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')));
    assert.ok(validate(asyncapi), JSON.stringify(validate.errors, null, 2));
  });

  test('refer to what is there', () => {
    const documents = { '': undefined, './asyncapi.yaml': asyncapi, './openapi.yaml': openapi };
    for (const document of [openapi, asyncapi]) {
      for (const { place, to } of references(document)) {
        const [file, pointer] = to.split('#/');
        assert.ok(file in documents, `${place}: ${to}`);
        const keys = pointer.split('/').map((key) => key.replaceAll('~1', '/'));
        const found = keys.reduce((at, key) => at?.[key], documents[file] ?? document);
        assert.ok(found !== undefined, `${place}: ${to} is not there`);
      }
    }
  });

  test('hold schemas only that let no unknown field of the server through', () => {
    for (const [file, document] of Object.entries({ openapi, asyncapi })) {
      for (const name of Object.keys(document.components.schemas))
        schemaAt(`${file}.yaml`, 'components', 'schemas', name);
    }
    for (const kind of ['event', 'answer']) {
      for (const type of typesOf(kind)) {
        const schema = asyncapi.components.schemas[`${kind}.${type}`];
        assert.equal(schema.additionalProperties, false, `${kind}.${type}`);
        assert.equal(schema.properties.type.const, type);
      }
    }
  });

  test('name the same messages on every channel, and all of them', () => {
    const messages = sorted(Object.keys(asyncapi.components.messages));
    for (const [name, channel] of Object.entries(asyncapi.channels)) {
      assert.deepEqual(sorted(Object.keys(channel.messages)), messages, name);
      const of = (action) =>
        Object.values(asyncapi.operations)
          .filter((each) => each.action === action && each.channel.$ref === `#/channels/${name}`)
          .flatMap((each) => each.messages.map(({ $ref }) => $ref.split('/').at(-1)));
      const client = messages.filter((each) => each.startsWith('client.'));
      assert.deepEqual(sorted(of('receive')), client);
      assert.deepEqual(sorted([...of('receive'), ...of('send')]), messages);
    }
    const unions = { client: ['ClientMessage'], event: ['Event'], answer: ['Answer'] };
    for (const [kind, [union]] of Object.entries(unions)) {
      const listed = asyncapi.components.schemas[union].oneOf.map(({ $ref }) =>
        $ref.split('.').at(-1),
      );
      assert.deepEqual(sorted(listed), sorted(typesOf(kind)));
    }
  });
});

describe('the documents and the sources have the same', () => {
  const names = source('core/call/names.cpp');
  const listIn = (text, name) =>
    all(new RegExp(`${name}\\{(.*?)\\}`, 's').exec(text)[1], /"(\w+)"/g);
  const list = (name) => listIn(names, name);

  test('types of webhooks', () => {
    const told = all(source('projections/webhooks/call_events.hpp'), /_event = "([a-z_.]+)"/g);
    assert.deepEqual(sorted(Object.keys(openapi.webhooks)), sorted(told));
    const listed = openapi.components.schemas.DeadWebhooks.properties.webhooks.items.properties;
    assert.deepEqual(sorted(listed.type.enum), sorted(told));
  });

  test('types of messages', () => {
    const decoded = listIn(source('core/engine/metrics.hpp'), 'message_type_names');
    decoded.delete('unknown'); // of what could not be read
    assert.deepEqual(sorted(typesOf('client')), sorted(decoded));
    const events = list('type_names');
    for (const each of ['SERVER_STARTED', 'SEALED']) events.delete(each); // go to nobody
    assert.deepEqual(sorted(typesOf('event')), sorted(events));
    const encoded = all(source('transports/codec_encode.cpp'), /"type", "([A-Z_]+)"/g);
    assert.deepEqual(sorted(typesOf('answer')), sorted(encoded));
  });

  test('words in fields', () => {
    const { schemas } = asyncapi.components;
    const known = (name) => [...list(name)].filter((word) => word !== 'NONE');
    const { role, state } = schemas.Participant.properties;
    assert.deepEqual(schemas.ErrorCode.enum, known('error_names'));
    assert.deepEqual(schemas.EndReason.enum, known('end_names'));
    assert.deepEqual(schemas.LeaveReason.enum, known('leave_names'));
    assert.deepEqual(schemas.CallState.enum, known('call_state_names'));
    assert.deepEqual(role.enum, known('call_role_names'));
    assert.deepEqual(state.enum, known('participant_names'));
    const statuses = listIn(source('core/history/names.cpp'), 'status_names');
    assert.deepEqual(openapi.components.schemas.CallStatus.enum, [...statuses]);
  });

  const fieldsOf = (kinds) => {
    const fields = new Set();
    for (const kind of kinds)
      for (const type of typesOf(kind))
        for (const field of Object.keys(asyncapi.components.schemas[`${kind}.${type}`].properties))
          fields.add(field);
    if (kinds.includes('answer'))
      for (const field of Object.keys(asyncapi.components.schemas.Participant.properties))
        fields.add(field);
    return fields;
  };

  test('fields that a client may send', () => {
    const codec = source('transports/codec.cpp');
    const reader = source('transports/codec_fields.cpp');
    const read = new Set([
      ...all(codec, /fields\.\w+\("(\w+)"/g),
      ...all(reader, /(?:label|opaque)\("(\w+)"/g),
      ...all(codec, /message\("(\w+)"/g),
      ...all(reader, /(?:find|user)\("(\w+)", Need/g),
      ...all(reader, /find\("(\w+)", need/g),
    ]);
    assert.deepEqual(sorted(fieldsOf(['client'])), sorted(read));
  });

  test('fields that the server sends', () => {
    const codec = source('transports/codec_encode.cpp');
    const written = new Set([
      ...all(codec, /\bto_?\.(?:text|number|time|boolean|null|raw|begin_\w+)\("(\w+)"/g),
      ...all(codec, /put_users\(to_?, "(\w+)"/g),
      ...all(codec, /"((?:caller|callee)Token)"/g),
    ]);
    // Of SERVER_STARTED, and of answers to questions, which openapi.yaml has.
    for (const other of ['version', 'cursor', 'online', 'devices', 'rooms']) written.delete(other);
    assert.deepEqual(sorted(fieldsOf(['event', 'answer'])), sorted(written));
  });

  test('paths', () => {
    const transports = source('transports/http_api.cpp') + source('transports/http_target.cpp');
    const words = new Set([
      ...all(transports, /is\(\d, "(\w+)"\)/g),
      ...all(source('tools/callstate/evidence_service.cpp'), /is\(\d, "(\w+)"\)/g),
      ...all(source('transports/http_calls.cpp'), /verb == "(\w+)"/g),
      ...all(transports, /segments\[0\] == "(\w+)"/g),
    ]);
    const whole = new Set([
      ...all(transports, /path == "(\/[\w/]+)"/g),
      ...all(source('transports/http_connection.cpp'), /webhook_path = "(\/[\w/]+)"/g),
      ...sources('tools/callstate').flatMap((text) => [...all(text, /route = "(\/[\w/]+)"/g)]),
    ]);
    for (const path of whole) for (const word of path.split('/').slice(1)) words.add(word);
    const addresses = Object.values(asyncapi.channels).map(({ address }) => address);
    const documented = [...Object.keys(openapi.paths), ...addresses];
    const segments = documented.flatMap((path) => path.split('/').slice(1));
    const fixed = new Set(segments.filter((segment) => !segment.startsWith('{')));
    assert.deepEqual(sorted(fixed), sorted(words));
  });
});

describe('every path of openapi.yaml', () => {
  let server;
  let asker;
  const alice = person('alice');
  const bob = person('bob', { name: 'Zenobia Quillfeather' });
  const customer = person('customer', { role: 'PORTAL_CUSTOMER' });
  const auditor = person('auditor', { role: 'AUDITOR' });
  const token = tokenFor(alice);
  const bobs = tokenFor(bob);

  let receiver;
  before(async () => {
    receiver = await Receiver.start({ answer: () => 410 });
    const flags = [...MEDIA, ...receiver.flags, '--failed-logins', '1000', '--cors-origin', ORIGIN];
    server = await Server.start({ flags });
    asker = new Asker(server);
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });

  const start = async (more = {}, options = {}) => {
    const body = { calleeId: bob.user, ...more };
    return (await asker.ask('POST', '/voip/start', { token, body, ...options })).json;
  };
  const step = (verb, room, options = {}) =>
    asker.ask('POST', `/voip/{room}/${verb}`, { params: { room }, token: bobs, ...options });
  const status = async (expected, answering, code) => {
    const answer = await answering;
    assert.equal(answer.status, expected, answer.text);
    if (code) assert.equal(answer.json.code, code);
    return answer;
  };
  /** Whatever needs a token, without one, with a bad one and with a revoked one. */
  const strangers = async (method, path, options) => {
    await status(401, asker.ask(method, path, options), 'UNAUTHENTICATED');
    await status(401, asker.ask(method, path, { ...options, token: 'no.good.token' }));
    const gone = person('gone', { role: 'SERVICE' });
    const late = tokenFor(gone);
    const revoke = { params: { user: gone.user }, token: tokenFor(service()) };
    await status(200, asker.ask('POST', '/v1/users/{user}/revoke', revoke));
    await status(401, asker.ask(method, path, { ...options, token: late }), 'UNAUTHENTICATED');
  };
  const tooMuch = { filler: 'x'.repeat(70 * 1024) };

  test('POST /voip/start', async () => {
    const started = await start({ calleeName: 'Bob', metadata: { a: 1 }, id: 'one' });
    assert.equal(started.mediaUrl, 'wss://livekit.example.com');
    const again = await start({ calleeName: 'Bob', id: 'one' });
    assert.deepEqual([again.callLogId, again.duplicate], [started.callLogId, true]);
    const { roomName } = started;
    const ask = (options) => asker.ask('POST', '/voip/start', { token, ...options });
    await status(
      201,
      ask({ body: { calleeIds: [bob.user, 'cyd'] }, headers: { 'Idempotency-Key': 'k' } }),
    );
    await status(400, ask({ body: {} }), 'INVALID_MESSAGE');
    await status(403, ask({ body: { calleeId: 'x', callerId: 'y' } }), 'IDENTITY_MISMATCH');
    await status(409, ask({ body: { calleeId: 'x', roomName } }), 'WRONG_STATE');
    await status(413, ask({ body: tooMuch }), 'TOO_LARGE');
    await status(415, ask({ body: '{}', headers: { 'Content-Type': 'text/plain' } }));
    await strangers('POST', '/voip/start', { body: { calleeId: 'x' } });
    await step('end', roomName, { token });
    const chatty = tokenFor(person('chatty'));
    let answer;
    for (let i = 0; i < 20 && answer?.status !== 429; ++i)
      answer = await ask({ token: chatty, body: { calleeId: 'x', roomName: unique('room') } });
    assert.ok(answer.json.retryAfterMs > 0);
    assert.ok(Number(answer.headers['retry-after']) > 0);
  });

  test('POST /voip/{room}/ringing, accept, reject, end', async () => {
    const { roomName: room } = await start();
    await status(200, step('ringing', room));
    await status(200, step('accept', room, { body: { id: 'a', acceptedBy: bob.user } }));
    const elsewhere = { headers: { 'X-Device-Id': 'another' } };
    await status(409, step('accept', room, elsewhere), 'ANSWERED_ELSEWHERE');
    await status(200, step('end', room, { body: { reason: 'done' } }));
    const late = await status(409, step('accept', room), 'WRONG_STATE');
    assert.equal(late.json.endReason, 'hangup');
    const { roomName } = await start();
    await status(200, step('reject', roomName, { body: { reason: 'busy', userId: bob.user } }));
    for (const verb of ['ringing', 'accept', 'reject', 'end']) {
      await status(403, step(verb, roomName, { body: { userId: 'else' } }), 'IDENTITY_MISMATCH');
      await status(409, step(verb, unique('room')), 'WRONG_STATE');
      await status(400, step(verb, 'no room'), 'INVALID_MESSAGE');
      await status(413, step(verb, roomName, { body: tooMuch }));
      await status(415, step(verb, roomName, { body: 'a', headers: { 'Content-Type': 'a/b' } }));
      await strangers('POST', `/voip/{room}/${verb}`, { params: { room: roomName } });
    }
    const other = await request(server, 'POST', `/voip/${roomName}/dance`, { token });
    assert.equal(other.status, 404);
    const gone = schemaAt('openapi.yaml', 'components', 'schemas', 'Problem');
    assertValid(gone, other.json, 'a verb that is not there');
  });

  test('GET /v1/rooms/{room}/state', async () => {
    const { roomName: room, pos } = await start();
    const ask = (options) =>
      asker.ask('GET', '/v1/rooms/{room}/state', { params: { room }, token, ...options });
    const now = await status(200, ask({}));
    assert.ok(now.json.callerToken);
    await step('reject', room);
    const then = await status(200, ask({ query: { at: pos } }));
    assert.deepEqual([then.json.callState, then.json.callerToken], ['RINGING', undefined]);
    await status(200, ask({ query: { at: new Date(Date.now() + 5000).toISOString() } }));
    await status(404, ask({ query: { at: pos - 1 } }), 'ROOM_NOT_FOUND');
    await status(404, ask({ query: { at: '2001-01-01T00:00:00Z' } }), 'ROOM_NOT_FOUND');
    await status(404, ask({ params: { room: unique('room') } }), 'ROOM_NOT_FOUND');
    await status(400, ask({ query: { at: 'noon' } }), 'INVALID_MESSAGE');
    await status(400, ask({ query: { at: 2 ** 40 } }), 'INVALID_MESSAGE');
    await status(403, ask({ token: tokenFor(customer) }), 'FORBIDDEN');
    await strangers('GET', '/v1/rooms/{room}/state', { params: { room } });
  });

  test('POST /v1/messages', async () => {
    const ask = (options) => asker.ask('POST', '/v1/messages', { token, ...options });
    const roomName = unique('room');
    const call = { type: 'CALL_STARTED', roomName, calleeId: 'x' };
    const one = await status(200, ask({ body: call }));
    assert.equal(one.json.results[0].type, 'ACK');
    const many = [
      { type: 'PING', id: 'p' },
      { type: 'PING' },
      { ...call, id: 'again' },
      { type: 'JOIN', roomName },
      { type: 'DANCE' },
    ];
    const { json } = await status(200, ask({ body: many }));
    const of = json.results.map(({ type, code }) => code ?? type);
    assert.deepEqual(of, ['PONG', 'PONG', 'WRONG_STATE', 'INVALID_MESSAGE', 'UNKNOWN_TYPE']);
    await status(400, ask({ body: { type: 'DANCE', id: 'd' } }), 'UNKNOWN_TYPE');
    await status(400, ask({ body: [] }), 'INVALID_MESSAGE');
    await status(400, ask({ body: Array(65).fill({ type: 'PING' }) }), 'INVALID_MESSAGE');
    await status(400, ask({ body: { type: 'AUTH', token } }), 'INVALID_MESSAGE');
    await status(413, ask({ body: tooMuch }), 'TOO_LARGE');
    await status(415, ask({ body: '{}', headers: { 'Content-Type': 'text/plain' } }));
    await strangers('POST', '/v1/messages', { body: call });
    // At a rate that no slow moment makes up for.
    const strict = await Server.start({ flags: ['--rate-messages', '1/h:3'] });
    const hasty = () => request(strict, 'POST', '/v1/messages', { token, body: { type: 'PING' } });
    for (let i = 0; i < 3; ++i) assert.equal((await hasty()).status, 200);
    const refused = await hasty();
    asker.check('POST', '/v1/messages', refused);
    await status(429, refused, 'RATE_LIMITED');
    await strict.stop();
  });

  test('GET /v1/messages', async () => {
    const { roomName: room, pos } = await start();
    const ask = (query, options) =>
      asker.ask('GET', '/v1/messages', { query, token: bobs, ...options });
    const present = await status(200, ask({}));
    const [shown] = present.json.messages.filter((each) => each.roomName === room);
    assert.equal(shown.type, 'ROOM_STATE');
    const { json } = await status(200, ask({ since: pos - 1, limit: 1 }));
    assert.deepEqual([json.messages[0].type, json.cursor], ['CALL_STARTED', pos]);
    assert.ok(json.messages[0].calleeToken);
    await status(200, ask({ room, device: 'phone' }));
    assert.deepEqual((await ask({ room: unique('room') })).json.messages, []);
    assert.deepEqual(
      (await ask({ since: present.json.cursor, room: unique('r'), wait: 1 })).json.messages,
      [],
    );
    for (const query of [
      { since: -1 },
      { since: 2 ** 40 },
      { wait: 56 },
      { limit: 0 },
      { room: 'a b' },
    ])
      await status(400, ask(query), 'INVALID_MESSAGE');
    await status(403, ask({ room }, { token: tokenFor(customer) }), 'FORBIDDEN');
    await strangers('GET', '/v1/messages', {});
    const crowd = person('crowd');
    let answer;
    for (let i = 0; i < 30 && answer?.status !== 429; ++i)
      answer = await ask({ device: `d${i}` }, { token: tokenFor(crowd) });
    assert.equal(answer.json.code, 'RATE_LIMITED');
    await step('reject', room);
  });

  test('GET /v1/stream', async () => {
    const ask = (query, options) =>
      asker.ask('GET', '/v1/stream', { query, token: bobs, ...options });
    const { roomName: room } = await start();
    const cut = new AbortController();
    const options = { token: bobs, streams: true, signal: cut.signal };
    const stream = await request(server, 'GET', `/v1/stream?room=${room}`, options);
    assert.equal(stream.status, 200);
    asker.check('GET', '/v1/stream', stream);
    await step('ringing', room);
    await step('reject', room);
    let text = '';
    for await (const part of stream.response) {
      text += part;
      if (/"type":"ENDED"/.test(text)) break;
    }
    cut.abort();
    const messages = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data));
    for (const message of messages) assertMessage(message);
    const types = messages.map(({ type }) => type);
    assert.deepEqual(types, ['ROOM_STATE', 'RINGING', 'REJECTED', 'ENDED']);
    for (const line of text.split('\n')) assert.match(line, /^($|:|id: \d+$|data: \{|retry: \d+$)/);
    await status(400, ask({ since: 'x' }), 'INVALID_MESSAGE');
    await status(400, ask({}, { headers: { 'Last-Event-ID': 'x' } }), 'INVALID_MESSAGE');
    await status(403, ask({ room }, { token: tokenFor(customer) }), 'FORBIDDEN');
    await strangers('GET', '/v1/stream', {});
  });

  test('GET /v1/users/{user}/presence', async () => {
    const ask = (user, options) =>
      asker.ask('GET', '/v1/users/{user}/presence', { params: { user }, token, ...options });
    const { roomName } = await start();
    await asker.ask('GET', '/v1/messages', { token: bobs, query: { device: 'phone' } });
    const there = (await status(200, ask(bob.user))).json;
    assert.ok(there.online && there.devices.includes('phone') && there.rooms.includes(roomName));
    assert.equal(there.roomName, there.rooms[0]);
    const never = (await status(200, ask(unique('nobody')))).json;
    assert.deepEqual([never.online, never.roomName, never.rooms], [false, null, []]);
    await status(400, ask('a\u0001'), 'INVALID_MESSAGE');
    await status(403, ask(bob.user, { token: tokenFor(customer) }), 'FORBIDDEN');
    await strangers('GET', '/v1/users/{user}/presence', { params: { user: 'x' } });
    await step('reject', roomName);
  });

  test('GET /v1/calls', async () => {
    const caller = { token: tokenFor(person('caller')) };
    const { roomName, callLogId } = await start({ metadata: { a: 1 } }, caller);
    const ask = (query, options) =>
      asker.ask('GET', '/v1/calls', { query, token: bobs, ...options });
    const { json } = await status(200, ask({ limit: 1 }));
    assert.deepEqual([json.calls[0].callId, json.calls[0].status], [callLogId, 'RINGING']);
    await step('reject', roomName, { body: { reason: 'busy' } });
    const over = (await status(200, ask({ state: 'REJECTED', room: roomName }))).json;
    assert.deepEqual([over.calls[0].detail, over.next], ['busy', null]);
    const all = { token: tokenFor(auditor) };
    const page = (await status(200, ask({ user: bob.user, limit: 1 }, all))).json;
    await status(200, ask({ after: page.next, from: '2001-01-01T00:00:00Z' }, all));
    for (const query of [{ user: 'a\u0001' }, { state: 'x' }, { to: 'x' }, { after: 'x' }, { limit: 0 }])
      await status(400, ask(query), 'INVALID_MESSAGE');
    await status(403, ask({ user: alice.user }), 'FORBIDDEN');
    await strangers('GET', '/v1/calls', {});
  });

  test('GET /v1/calls/{call}, and its events', async () => {
    const caller = { token: tokenFor(person('caller')) };
    const { roomName, callLogId: call } = await start({}, caller);
    await step('accept', roomName);
    await step('end', roomName, { body: { reason: 'done' } });
    await step('accept', roomName); // refused
    const ask = (more, options) =>
      asker.ask('GET', `/v1/calls/{call}${more}`, { params: { call }, ...caller, ...options });
    const { json } = await status(200, ask(''));
    assert.deepEqual([json.status, json.detail], ['ENDED', 'done']);
    const events = (await status(200, ask('/events', { token: tokenFor(auditor) }))).json;
    assert.deepEqual(
      events.events
        .filter(({ type }) => type !== 'CALLEE_OFFLINE') // as it may be
        .map(({ type, code }) => code ?? type),
      ['CALL_STARTED', 'ACCEPTED', 'ENDED', 'WRONG_STATE'],
    );
    const some = (await status(200, ask('/events', { query: { after: json.startedPos, limit: 2 } })))
      .json;
    assert.equal(some.next, some.events[1].pos);
    await status(400, ask('/events', { query: { after: 'x' } }), 'INVALID_MESSAGE');
    for (const more of ['', '/events']) {
      await status(400, ask(more, { params: { call: 'x' } }), 'INVALID_MESSAGE');
      await status(404, ask(more, { token: tokenFor(customer) }));
      await strangers('GET', `/v1/calls/{call}${more}`, { params: { call } });
    }
  });

  test('GET /v1/log, and as a stream', async () => {
    const { roomName: room, pos } = await start();
    await step('accept', room);
    await step('accept', room, { headers: { 'X-Device-Id': 'another' } }); // refused
    const by = { token: tokenFor(auditor) };
    const ask = (query, more) => asker.ask('GET', '/v1/log', { query, ...by, ...more });
    const { json } = await status(200, ask({ room, user: bob.user, after: pos - 1 }));
    const refused = json.events.at(-1);
    assert.deepEqual([refused.code, refused.actor.deviceId], ['ANSWERED_ELSEWHERE', 'another']);
    await status(200, ask({ last: 1000 }));
    await status(200, ask({ type: 'SERVER_STARTED', limit: 1 }));
    await status(400, ask({ outcome: 'done' }), 'INVALID_MESSAGE');
    await status(403, ask({}, { token }), 'FORBIDDEN');
    await strangers('GET', '/v1/log', {});

    const path = '/v1/log/stream';
    await status(400, asker.ask('GET', path, { ...by, query: { last: 0 } }), 'INVALID_MESSAGE');
    await status(403, asker.ask('GET', path, { token }), 'FORBIDDEN');
    await strangers('GET', path, {});
    const cut = new AbortController();
    const options = { ...by, streams: true, signal: cut.signal };
    const stream = await request(server, 'GET', `${path}?room=${room}&last=1`, options);
    asker.check('GET', path, stream);
    let text = '';
    for await (const chunk of stream.response) {
      text += chunk;
      if (/^data:.*\n\n/m.test(text)) break;
    }
    cut.abort();
    const record = JSON.parse(/^data: (.*)$/m.exec(text)[1]);
    assert.deepEqual(record, refused);
    assertValid(schemaAt('openapi.yaml', 'components', 'schemas', 'LogRecord'), record, path);
  });

  test('POST /v1/users/{user}/revoke', async () => {
    const ask = (user, options) =>
      asker.ask('POST', '/v1/users/{user}/revoke', {
        params: { user },
        token: tokenFor(service()),
        ...options,
      });
    await status(200, ask(unique('user')));
    await status(400, ask('a\u0001'), 'INVALID_MESSAGE');
    await status(403, ask('x', { token }), 'FORBIDDEN');
    await status(413, ask('x', { body: tooMuch }), 'TOO_LARGE');
    await strangers('POST', '/v1/users/{user}/revoke', { params: { user: 'x' } });
  });

  test('a user who has been revoked comes back with a newer token, and with no other', async () => {
    const who = person('who');
    const old = tokenFor(who);
    const poll = (token) => asker.ask('GET', '/v1/messages', { token, query: { since: 0 } });
    const session = await server.inbox(who);
    await status(200, poll(old));
    const revoke = { params: { user: who.user }, token: tokenFor(service()) };
    await status(200, asker.ask('POST', '/v1/users/{user}/revoke', revoke));
    await session.closed(1008);
    await new Promise((done) => setTimeout(done, 1100)); // iat is in whole seconds
    const fresh = tokenFor(who);
    const client = await server.inbox(who);
    await status(200, poll(fresh));
    await status(401, poll(old), 'UNAUTHENTICATED'); // also where another one polls
    const late = server.dial(`/v1/ws?token=${old}`);
    await late.closed(1008);
    await client.close();
  });

  test('POST /livekit/webhook', async () => {
    const ask = (options) => asker.ask('POST', '/livekit/webhook', options);
    const { roomName: name } = await start();
    const joined = {
      event: 'participant_joined',
      room: { name },
      participant: { identity: bob.user },
    };
    await status(200, ask(webhook(joined)));
    await status(200, ask(webhook({ event: 'room_started', room: { name: 'of-nobody' } })));
    await status(200, ask(webhook({ event: 'egress_started' })));
    await status(400, ask(webhook({ event: '', room: { name } })), 'INVALID_MESSAGE');
    await status(
      401,
      ask(webhook(joined, { secret: 'another secret, of thirty-two bytes or more' })),
    );
    await status(401, ask({ ...webhook(joined), body: '{}' }), 'UNAUTHENTICATED');
    await status(401, ask({ body: '{}' }), 'UNAUTHENTICATED');
    const schema = schemaAt('openapi.yaml', 'components', 'schemas', 'WebhookEvent');
    assertValid(schema, JSON.parse(webhook(joined).body), 'a webhook');
    await status(413, ask(webhook({ ...joined, ...tooMuch })), 'TOO_LARGE');
    await step('reject', name);
  });

  test('GET /v1/calls/{call}/evidence', async () => {
    const path = '/v1/calls/{call}/evidence';
    const ask = (call, options) => asker.ask('GET', path, { params: { call }, ...options });
    const caller = { token: tokenFor(person('caller')) };
    const { callLogId: callId } = await start({ calleeName: 'Bob' }, caller);
    const { json } = await status(200, ask(callId, { token: tokenFor(auditor) }));
    assert.equal(json.call, callId);
    assert.equal(json.unsealed, 0, 'it is sealed when it is asked for');
    await status(200, ask(callId, { token: tokenFor(service()) }));
    const elsewhere = { ...auditor, tenant: 'other' };
    await status(404, ask(callId, { token: tokenFor(elsewhere) }));
    await status(404, ask('01976f00-0000-7000-8000-000000000000', { token: tokenFor(auditor) }));
    await status(400, ask('x', { token: tokenFor(auditor) }), 'INVALID_MESSAGE');
    await status(403, ask(callId, { token }), 'FORBIDDEN');
    await strangers('GET', path, { params: { call: callId } });
  });

  test('POST /v1/checkpoints, DELETE /v1/checkpoints/{name}', async () => {
    const make = (options) => asker.ask('POST', '/v1/checkpoints', options);
    const remove = (name, options) =>
      asker.ask('DELETE', '/v1/checkpoints/{name}', { params: { name }, ...options });
    const made = await status(201, make({ token: tokenFor(auditor) }));
    assert.equal(made.json.tenantId, 'acme');
    const { json } = await status(201, make({ token: tokenFor(service()) }));
    assert.equal(json.tenantId, undefined);
    await status(403, make({ token }), 'FORBIDDEN');
    await status(403, remove('1', { token }), 'FORBIDDEN');
    await status(204, remove(json.name, { token: tokenFor(service()) }));
    await status(404, remove('12345', { token: tokenFor(service()) }));
    await status(413, make({ token: tokenFor(service()), body: tooMuch }));
    await strangers('POST', '/v1/checkpoints', {});
    await strangers('DELETE', '/v1/checkpoints/{name}', { params: { name: '1' } });
  });

  test('GET /v1/webhooks/dead, DELETE /v1/webhooks/dead/{id}, POST …/retry', async () => {
    const by = { token: tokenFor(service()) };
    const list = (query, options = by) =>
      asker.ask('GET', '/v1/webhooks/dead', { query, ...options });
    const drop = (id, options = by) =>
      asker.ask('DELETE', '/v1/webhooks/dead/{id}', { params: { id }, ...options });
    const retry = (id, options = by) =>
      asker.ask('POST', '/v1/webhooks/dead/{id}/retry', { params: { id }, ...options });
    for (let i = 0; i < 2; ++i) {
      const { roomName } = await start({ calleeId: unique('away'), metadata: { i } });
      await step('end', roomName, { token });
    }
    let page;
    do page = (await status(200, list({ limit: 2 }))).json;
    while (page.total < 4); // given up as soon as they have been answered
    assert.equal(page.webhooks.length, 2);
    const rest = (await status(200, list({ after: page.next }))).json.webhooks;
    assert.ok(rest[0].id > page.webhooks[1].id);
    await status(204, drop(page.webhooks[0].id));
    await status(404, drop(page.webhooks[0].id));
    await status(204, retry(page.webhooks[1].id));
    await status(404, retry('evt_0_0000000000000001_1'));
    for (const limit of [0, 201, 'x', '']) await status(400, list({ limit }), 'INVALID_MESSAGE');
    for (const other of [token, tokenFor(auditor)]) {
      await status(403, list({}, { token: other }), 'FORBIDDEN');
      await status(403, drop('x', { token: other }), 'FORBIDDEN');
      await status(403, retry('x', { token: other }), 'FORBIDDEN');
    }
    await status(413, retry('x', { ...by, body: tooMuch }));
    await strangers('GET', '/v1/webhooks/dead', {});
    await strangers('DELETE', '/v1/webhooks/dead/{id}', { params: { id: 'x' } });
    await strangers('POST', '/v1/webhooks/dead/{id}/retry', { params: { id: 'x' } });
  });

  test('GET /v1/projections, POST and DELETE …/rebuild, …/verify, POST …/skip', async () => {
    const by = { token: tokenFor(service()) };
    const path = (verb) => `/v1/projections/{projection}/${verb}`;
    const call = (method, verb, { projection = 'index', ...options } = {}) =>
      asker.ask(method, path(verb), { params: { projection }, ...by, ...options });
    const list = async () => (await status(200, asker.ask('GET', '/v1/projections', by))).json;
    const last = async (verb) =>
      (await list()).projections.find(({ name }) => name === 'index')[verb];
    assert.deepEqual(
      (await list()).projections.map(({ name }) => name),
      ['index', 'webhooks'],
    );
    for (const verb of ['rebuild', 'verify']) {
      // It may be over before it is stopped, and has to be stopped once.
      let stopped = false;
      for (let i = 0; i < 1_000 && !stopped; ++i) {
        await status(202, call('POST', verb));
        stopped = (await call('DELETE', verb)).status === 202;
        while (/ing$/.test((await last(verb)).state));
      }
      assert.ok(stopped, verb);
      await status(404, call('DELETE', verb));
      await status(202, call('POST', verb, { body: {} }));
      while (/ing$/.test((await last(verb)).state));
      assert.equal((await last(verb)).state, 'done');
      await status(409, call('POST', verb, { projection: 'webhooks' }));
      await status(404, call('POST', verb, { projection: 'postgres' }));
      await status(400, call('POST', verb, { body: { more: 1 } }), 'INVALID_MESSAGE');
      await status(413, call('POST', verb, { body: tooMuch }));
      for (const method of ['POST', 'DELETE']) {
        await status(403, call(method, verb, { token }), 'FORBIDDEN');
        await strangers(method, path(verb), { params: { projection: 'index' } });
      }
    }
    assert.deepEqual((await last('verify')).drift, []);
    await status(409, call('POST', 'skip', { body: { position: 1, reason: 'so' } }));
    await status(400, call('POST', 'skip', { body: { position: 1 } }), 'INVALID_MESSAGE');
    await status(403, call('POST', 'skip', { token: tokenFor(auditor) }), 'FORBIDDEN');
    await strangers('POST', path('skip'), { params: { projection: 'index' } });
    await strangers('GET', '/v1/projections', {});
    const seen = await status(200, asker.ask('GET', '/v1/projections', { token: tokenFor(auditor) }));
    assert.equal(seen.json.projections[0].verify.drift, undefined);
  });

  test('GET /healthz, /readyz, /metrics', async () => {
    const huge = { headers: { 'X-Filler': 'x'.repeat(17 * 1024) } };
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      await status(200, asker.ask('GET', path));
      await status(431, asker.ask('GET', path, huge), 'TOO_LARGE');
    }
    const proxied = { headers: { 'X-Forwarded-For': '192.0.2.1' } };
    await status(403, asker.ask('GET', '/metrics', proxied), 'FORBIDDEN');
    await status(200, asker.ask('GET', '/metrics', { ...proxied, token: tokenFor(auditor) }));
  });

  test('without room on the disk', async () => {
    const full = await Server.start({ flags: ['--disk-reserve', String(2n ** 62n)] });
    try {
      const there = new Asker(full);
      assert.equal((await there.ask('GET', '/readyz')).status, 503);
      const lacking = async (method, path, options) => {
        const answer = await there.ask(method, path, { token: tokenFor(service()), ...options });
        assert.equal(answer.status, 503, answer.text);
        assert.equal(answer.json.code, 'STORAGE_UNAVAILABLE');
      };
      await lacking('POST', '/voip/start', { body: { calleeId: 'x' } });
      for (const verb of ['ringing', 'accept', 'reject', 'end'])
        await lacking('POST', `/voip/{room}/${verb}`, { params: { room: 'r' } });
      await lacking('POST', '/v1/users/{user}/revoke', { params: { user: 'x' } });
      const body = { type: 'CALL_STARTED', roomName: 'r', calleeId: 'x' };
      const answer = await there.ask('POST', '/v1/messages', { token, body });
      assert.equal(answer.json.results[0].code, 'STORAGE_UNAVAILABLE');
      // Reading goes on.
      const poll = await status(200, there.ask('GET', '/v1/messages', { token }));
      assert.deepEqual(poll.json.messages, []);
      const params = { room: 'r', user: alice.user };
      const { json } = await status(
        200,
        there.ask('GET', '/v1/users/{user}/presence', { params, token }),
      );
      assert.equal(json.online, true);
      await status(404, there.ask('GET', '/v1/rooms/{room}/state', { params, token }));
    } finally {
      await full.stop();
    }
  });

  test('takes no methods but those that are documented', async () => {
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
    const params = { room: 'r', user: 'u', name: '1', id: 'x', projection: 'index' };
    const some = tokenFor(service());
    for (const [path, item] of Object.entries(openapi.paths)) {
      const documented = methods.filter((method) => item[method.toLowerCase()]);
      for (const method of methods.filter((each) => !documented.includes(each))) {
        const answer = await asker.ask(method, path, { params, token: some });
        assert.equal(answer.status, 405, `${method} ${path}: ${answer.text}`);
        const allowed = answer.headers.allow.split(', ').filter((each) => each !== 'HEAD');
        assert.deepEqual(sorted(allowed), sorted(documented), path);
      }
      const target = path.replace(/\{(\w+)\}/g, (_, name) => params[name]);
      const head = await request(server, 'HEAD', target, { token: some });
      assert.equal(head.text, '');
      assert.equal(head.status === 405, !item.get, `HEAD ${path}: ${head.status}`);
    }
  });

  test('may be asked and read by pages of the origins that are named, and by no others', async () => {
    const grants = (headers, name) =>
      (headers[`access-control-${name}`] ?? '').toLowerCase().split(/, */).filter(Boolean);
    const params = { room: 'r', user: 'u', name: '1', projection: 'index' };
    const notForPages = ['/livekit/webhook', '/v1/checkpoints', '/v1/checkpoints/{name}'];
    for (const [path, item] of Object.entries(openapi.paths)) {
      const target = path.replace(/\{(\w+)\}/g, (_, name) => params[name]);
      for (const method of ['GET', 'POST'].filter((each) => item[each.toLowerCase()])) {
        const operation = item[method.toLowerCase()];
        const sent = ['authorization', ...(operation.requestBody ? ['content-type'] : [])];
        for (const each of [...(item.parameters ?? []), ...(operation.parameters ?? [])]) {
          const { value } = follow(openapi, each);
          if (value.in === 'header') sent.push(value.name.toLowerCase());
        }
        const asks = { 'Access-Control-Request-Method': method };
        const preflight = (Origin) =>
          request(server, 'OPTIONS', target, { headers: { ...asks, Origin } });
        const granted = await preflight(ORIGIN);
        assert.deepEqual([granted.status, granted.text], [204, ''], target);
        assert.equal(granted.headers['access-control-allow-origin'], ORIGIN);
        if (!notForPages.includes(path)) {
          assert.ok(grants(granted.headers, 'allow-methods').includes(method.toLowerCase()), path);
          for (const name of sent)
            assert.ok(grants(granted.headers, 'allow-headers').includes(name), `${path}: ${name}`);
        }
        const cut = new AbortController();
        const read = (Origin, more) =>
          request(server, method, target, {
            headers: { Origin },
            streams: true,
            signal: cut.signal,
            ...more,
          });
        for (const more of [{}, { token }]) {
          const answer = await read(ORIGIN, more);
          assert.equal(answer.headers['access-control-allow-origin'], ORIGIN, target);
          assert.deepEqual(grants(answer.headers, 'expose-headers'), ['retry-after']);
          for (const other of ['https://evil.example', 'null', `${ORIGIN}:8443`]) {
            for (const { headers } of [await preflight(other), await read(other, more)]) {
              assert.equal(headers['access-control-allow-origin'], undefined, target);
              assert.match(headers.vary, /\bOrigin\b/);
            }
          }
        }
        cut.abort();
      }
    }
  });

  test('is one of HTTP, and all others are not there', async () => {
    for (const { address } of Object.values(asyncapi.channels)) {
      const target = address.replaceAll(/\{\w+\}/g, 'x');
      const answer = await request(server, 'GET', target, { token });
      assert.equal(answer.status, 426);
      const name = 'UpgradeRequired';
      const keys = [
        'components',
        'responses',
        name,
        'content',
        'application/problem+json',
        'schema',
      ];
      assertValid(schemaAt('openapi.yaml', ...keys), answer.json, target);
    }
    for (const path of [
      '/',
      '/v1',
      '/v1/messages/1',
      '/v1/rooms/r',
      '/v1/users/u',
      '/voip',
      '/voip/r',
      '/v1/calls/x/y',
    ]) {
      const answer = await request(server, 'GET', path, { token });
      assert.equal(answer.status, 404, path);
      const keys = [
        'components',
        'responses',
        'NotFound',
        'content',
        'application/problem+json',
        'schema',
      ];
      assertValid(schemaAt('openapi.yaml', ...keys), answer.json, path);
    }
  });

  test('has been seen to succeed, and to fail', () => {
    // It takes a record that PostgreSQL cannot hold: see projection.test.mjs.
    const elsewhere = ['post /v1/projections/{projection}/skip'];
    for (const [path, item] of Object.entries(openapi.paths)) {
      for (const method of Object.keys(item).filter(
        (key) => follow(openapi, item[key]).value.responses,
      )) {
        const seen = [...(asker.answered.get(`${method.toUpperCase()} ${path}`) ?? [])];
        assert.ok(
          elsewhere.includes(`${method} ${path}`) || seen.some((each) => each < 300),
          `${method} ${path}: ${seen}`,
        );
        assert.ok(
          seen.some((each) => each >= 400),
          `${method} ${path}: ${seen}`,
        );
      }
    }
  });
});

describe('every message of asyncapi.yaml', () => {
  let server;
  const clients = [];
  before(async () => {
    const times = [
      '--ring-timeout',
      '1500ms',
      '--presence-grace',
      '200ms',
      '--reconnect-grace',
      '20s',
    ];
    server = await Server.start({ flags: [...MEDIA, ...times, '--rate-calls', '1000/s'] });
  });
  after(() => server.stop());

  const open = async (path, who) => {
    const client = await server.open(path, who);
    clients.push(client);
    return client;
  };
  const inbox = async (who) => {
    const client = await open('/v1/ws', who);
    await client.settled();
    return client;
  };
  const room = async (name, who) => {
    const client = await open(`/party/${name}`, who);
    await client.next('ROOM_STATE');
    return client;
  };

  test('that a client may send is taken', async () => {
    const alice = person('alice');
    const client = await room('example-1', alice);
    for (const type of typesOf('client')) {
      const message = asyncapi.components.messages[`client.${type}`];
      const validate = schemaAt('asyncapi.yaml', 'components', 'schemas', `client.${type}`);
      assert.ok(message.examples?.length > 0, `${type} has no example`);
      for (const { payload } of message.examples) {
        assertValid(validate, payload, type);
        if (type === 'PING') {
          client.send(payload);
          await client.next('PONG');
          continue;
        }
        const answer = await client.ask({ ...payload, id: unique('m') });
        const bad = ['INVALID_MESSAGE', 'UNKNOWN_TYPE'];
        // There is no call of the example's, and no key to sign a token for all.
        assert.ok(!bad.includes(answer.code), `${JSON.stringify(payload)}: ${answer.message}`);
      }
    }
  });

  test('that a client may send has these fields, of these kinds', async () => {
    const client = await inbox(person('alice'));
    const { schemas } = asyncapi.components;
    for (const type of typesOf('client')) {
      const { properties, required } = schemas[`client.${type}`];
      const validate = schemaAt('asyncapi.yaml', 'components', 'schemas', `client.${type}`);
      const [{ payload }] = asyncapi.components.messages[`client.${type}`].examples;
      const refused = async (message, naming) => {
        assert.ok(faultOf(validate, message), `${type} without fault: ${JSON.stringify(message)}`);
        client.send(message);
        const error = await client.next('ERROR', { code: 'INVALID_MESSAGE' });
        assert.match(error.message, naming);
      };
      for (const field of Object.keys(properties).filter((each) => each !== 'type'))
        await refused({ ...payload, [field]: [[]] }, new RegExp(field));
      for (const field of required.filter((each) => each !== 'type'))
        await refused({ ...payload, [field]: undefined }, new RegExp(field));
    }
  });

  test('that the server sends is as it is written, in calls of every kind', async () => {
    const [alice, bob, cyd] = ['alice', 'bob', 'cyd'].map((name) => person(name));
    const name = unique('room');
    await room(name, person('onlooker')); // gets no tokens, and no SIGNAL's data
    const a = await room(name, alice);
    const b = await inbox({ ...bob, device: 'phone' });
    const tablet = await inbox({ ...bob, device: 'tablet' });

    // A call that is answered, by one of two devices, and grows.
    await a.tell({
      type: 'CALL_STARTED',
      roomName: name,
      calleeId: bob.user,
      callerName: 'A',
      calleeName: 'B',
      metadata: { n: 1.5 },
    });
    await b.next('CALL_STARTED');
    await b.tell({ type: 'RINGING', roomName: name });
    await b.tell({ type: 'ACCEPTED', roomName: name });
    await b.next('USER_IN_CALL');
    await tablet.next('ANSWERED_ELSEWHERE');
    await a.tell({ type: 'SIGNAL', roomName: name, to: bob.user, data: { candidate: 'x' } });
    await b.next('SIGNAL');
    await a.tell({ type: 'INVITED', roomName: name, calleeIds: [cyd.user] });
    const c = await inbox(cyd);
    await c.next('INVITED');
    await c.tell({ type: 'REJECTED', roomName: name, reason: 'busy' });
    await a.next('REJECTED');

    // Somebody is away, comes back, and is online again.
    await tablet.close();
    await b.close();
    await a.next('PARTICIPANT_LEFT');
    await a.next('USER_OFFLINE', { userId: bob.user });
    const again = await room(name, { ...bob, device: 'phone' });
    await a.next('PARTICIPANT_JOINED');

    // The media server reports, and it is over.
    const report = (event) =>
      request(server, 'POST', '/livekit/webhook', webhook({ room: { name }, ...event }));
    await report({
      event: 'track_published',
      participant: { identity: bob.user },
      track: { sid: 'TR_1' },
    });
    await a.next('MEDIA');
    await report({ event: 'egress_ended', createdAt: undefined });
    await a.tell({ type: 'ENDED', roomName: name, reason: 'done' });
    await again.next('ENDED');
    const ended = await again.ask({ type: 'ACCEPTED', roomName: name });
    assert.equal(ended.endReason, 'hangup');
    const late = await open(`/party/${name}`, alice);
    await late.next('ROOM_STATE', { callState: 'ENDED' });

    // One that nobody answers, and one that rings already.
    const other = unique('room');
    await a.tell({ type: 'JOIN', roomName: other });
    await a.tell({ type: 'CALL_STARTED', roomName: other, calleeId: unique('nobody') });
    await a.next('CALLEE_OFFLINE');
    await a.next('TIMED_OUT');
    await a.next('ENDED', { reason: 'no_answer' });
    await a.tell({ type: 'LEAVE', roomName: other });
    const mine = unique('room');
    await again.tell({ type: 'CALL_STARTED', roomName: mine, calleeId: alice.user });
    await room(mine, alice);
    await again.tell({ type: 'JOIN', roomName: mine });
    const glare = await a.ask({
      type: 'CALL_STARTED',
      roomName: unique('room'),
      calleeId: bob.user,
    });
    assert.equal(glare.glareRoom, mine);
    await again.tell({ type: 'ENDED', roomName: mine });

    // What is missed is sent as what is heard.
    const query = new URLSearchParams({ token: tokenFor(bob), since: '0' });
    const back = server.dial(`/v1/ws?${query}`, { name: 'bob, back' });
    clients.push(back);
    await back.next('CALL_STARTED', { roomName: name });
    await back.next('ENDED', { roomName: mine });
    back.send({ type: 'JOIN', roomName: name, since: 10 ** 9 });
    await back.next('ERROR');

    // A new token, a bad one, and none any more.
    const auth = await c.tell({ type: 'AUTH', token: tokenFor(cyd) });
    assert.equal(auth.pos, undefined);
    await c.refused({ type: 'AUTH', token: 'no.good.token' }, 'UNAUTHENTICATED');
    c.send({ type: 'PING' });
    await c.next('PONG');
    c.send('no message');
    await c.next('ERROR');
    const by = { token: tokenFor(service()) };
    await request(server, 'POST', `/v1/users/${cyd.user}/revoke`, by);
    await c.next('USER_REVOKED');
    await c.closed(1008);
    const fast = await inbox(person('fast'));
    for (let i = 0; i < 250; ++i) fast.send({ type: 'PING', id: 'p' });
    const limited = await fast.next('ERROR', { code: 'RATE_LIMITED' });
    assert.ok(limited.retryAfterMs > 0);
  });

  test('has come, and is of its schema', async () => {
    const received = clients.flatMap((client) => client.received);
    for (const message of received) assertMessage(message);
    const types = new Set(received.map(({ type }) => type));
    assert.deepEqual(sorted(types), sorted([...typesOf('event'), ...typesOf('answer')]));
    // Whatever may be there has been there, and whatever need not has been absent.
    const { schemas } = asyncapi.components;
    for (const kind of ['event', 'answer']) {
      for (const type of typesOf(kind)) {
        const { properties, required } = schemas[`${kind}.${type}`];
        const some = received.filter((message) => message.type === type);
        for (const field of Object.keys(properties)) {
          assert.ok(
            some.some((message) => field in message),
            `${type} never had ${field}`,
          );
          if (required.includes(field)) continue;
          assert.ok(
            some.some((message) => !(field in message)),
            `${type} always had ${field}`,
          );
        }
      }
    }
    await Promise.all(clients.map((client) => client.close()));
  });
});
