// What the console makes of what the server says: the parts that need no browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { model } from './model.mjs';

/** Events with rising numbers, a second apart. */
function events(...list) {
  let seq = 0;
  return list.map(([type, by, more = {}], i) => ({
    type,
    by,
    roomName: 'r',
    callId: 'c',
    seq: more.outcome ? seq : ++seq,
    pos: 10 + i,
    at: new Date(i * 1000).toISOString().replace('Z', '000Z'),
    ...more,
  }));
}
const started = ['CALL_STARTED', 'ann', { callerId: 'ann', calleeIds: ['bob'], deviceId: 'desk' }];
const rings = (deviceId) => ['RINGING', 'bob', { deviceId }];
const accepts = (deviceId) => ['ACCEPTED', 'bob', { deviceId }];
const folded = (...list) => model.moments(events(...list)).at(-1);
const states = ({ members }) => members.map(({ user, state }) => `${user} ${state}`).join(', ');

test('what was not applied changes nothing', () => {
  const before = folded(started);
  const after = folded(started, ['ACCEPTED', 'bob', { outcome: 'refused', code: 'WRONG_STATE' }]);
  assert.deepEqual(after, before);
});

test('who is lost comes back as what it was, or is asked anew', () => {
  const lost = (userId, reason) => ['PARTICIPANT_LEFT', 'system', { userId, reason }];
  const back = ['PARTICIPANT_JOINED', 'system', { userId: 'bob' }];
  const rung = [started, rings('phone')];
  assert.equal(
    states(folded(...rung, lost('bob', 'disconnected'))),
    'ann joined, bob disconnected',
  );
  assert.equal(
    states(folded(...rung, lost('bob', 'disconnected'), back)),
    'ann joined, bob ringing',
  );
  const asked = folded(...rung, lost('bob', 'disconnected'), lost('bob', 'connection_lost'));
  assert.equal(states(asked), 'ann joined, bob invited');
  assert.deepEqual(asked.members[1].rang, []);
  const gone = [
    ...rung,
    accepts('phone'),
    lost('bob', 'disconnected'),
    lost('bob', 'connection_lost'),
  ];
  assert.equal(states(folded(...gone)), 'ann joined, bob left');
});

test('a start of the server loses everybody who was there', () => {
  assert.equal(
    states(folded(started, rings('phone'), ['SERVER_STARTED', 'system'])),
    'ann disconnected, bob disconnected',
  );
});

test('a number that is missing is found, and those of what was refused do not count', () => {
  const all = events(
    started,
    rings('phone'),
    ['ACCEPTED', 'x', { outcome: 'refused' }],
    accepts('phone'),
  );
  assert.deepEqual(model.numbering(all), { applied: 3, first: 1, last: 3 });
  assert.equal(model.numbering(all.filter(({ pos }) => pos !== 11)).hole, 2);
  assert.equal(model.numbering([]), undefined);
});

test('each device has a lane, and its own line of life', () => {
  const all = events(started, rings('phone'), rings('tablet'), accepts('tablet'), ['ENDED', 'ann']);
  const recording = model.record(all);
  const lanes = model.lanesOf(all, recording.members);
  assert.deepEqual(
    lanes.all.map(({ user, device }) => `${user}/${device}`),
    ['ann/desk', '/', 'bob/phone', 'bob/tablet'],
  );
  const lines = (index) =>
    model
      .stretchesOf(lanes.all[index], recording.moments)
      .map(({ from, line }) => `${from} ${line}`);
  assert.deepEqual(lines(0), ['0 joined', '4 none']);
  assert.deepEqual(lines(2), ['0 invited', '1 ringing', '3 idle', '4 none']);
  assert.deepEqual(lines(3), ['0 invited', '1 idle', '2 ringing', '3 joined', '4 none']);
});

test('what is refused reaches the server and nobody else', () => {
  const all = events(started, rings('phone'), [
    'ACCEPTED',
    'eve',
    { outcome: 'refused', deviceId: 'x' },
  ]);
  const recording = model.record(all);
  const lanes = model.lanesOf(all, recording.members);
  const arrow = (index) =>
    model.arrowOf(all[index], model.before(recording, index), recording.moments[index], lanes);
  assert.deepEqual(arrow(0), { from: 0, to: [2], kind: 'applied' });
  assert.deepEqual(arrow(1), { from: 2, to: [0], kind: 'applied' });
  assert.deepEqual(arrow(2), { from: 3, to: [1], kind: 'refused' });
});

test('pauses are cut, and no event is drawn before one that came before it', () => {
  const all = events(
    started,
    rings('phone'),
    accepts('phone'),
    ...Array(20).fill(['SIGNAL', 'ann']),
    ['ENDED', 'ann'],
  );
  const times = all.map((_, i) => (i < 3 ? i * 20 : 3_600_000 + i * 10));
  for (const scale of [
    { pxPerSecond: 40, cut: true, group: true },
    { pxPerSecond: 40, cut: true, group: false },
    { pxPerSecond: 0.1, cut: false, group: true },
    { pxPerSecond: 20_000, cut: false, group: true },
  ]) {
    const axis = model.axisOf(all, times, scale);
    assert.equal(
      axis.rows.reduce((sum, { first, last }) => sum + last - first + 1, 0),
      all.length,
    );
    for (let i = 1; i < all.length; ++i) assert.ok(axis.y(i) >= axis.y(i - 1));
    assert.ok(axis.y(all.length - 1) < axis.height);
    if (scale.cut) {
      assert.equal(axis.pauses.length, 1);
      assert.ok(axis.height < 1_500);
    }
    assert.equal(
      axis.rows.some(({ first, last }) => last - first === 19),
      scale.cut && scale.group,
    );
  }
});

test('rows are found by event and by place', () => {
  const rows = [
    { first: 0, last: 0, y: 10, height: 30 },
    { first: 1, last: 9, y: 40, height: 46 },
    { first: 10, last: 10, y: 86, height: 30 },
  ];
  assert.deepEqual(
    [0, 1, 5, 9, 10].map((index) => model.rowOf(rows, index)),
    [0, 1, 1, 1, 2],
  );
  assert.deepEqual(
    [0, 40, 41, 90, 500].map((y) => model.firstBelow(rows, y)),
    [0, 0, 1, 2, 3],
  );
});

test('an event stream is read in whatever pieces it comes', () => {
  const text =
    'id: 7\n\n: a comment\n\nid: 8\ndata: {"a":1}\n\r\ndata: x\r\ndata: y\r\n\r\nid: 9\n';
  for (const size of [1, 2, 5, 100]) {
    const reader = new model.EventReader();
    const found = [];
    for (let i = 0; i < text.length; i += size) found.push(...reader.take(text.slice(i, i + size)));
    assert.deepEqual(found, [
      { id: '7', data: '' },
      { id: '8', data: '{"a":1}' },
      { id: '', data: 'x\ny' },
    ]);
  }
});

/** A server whose answers to each opening of the log are these, one after the other. */
function logOf(...answers) {
  const asked = [];
  const open = async (path, { headers, signal }) => {
    asked.push(path);
    assert.equal(headers.Accept, 'text/event-stream');
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(answer));
        if (answers.length > 0) controller.close();
        else signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    });
    return { body };
  };
  return { asked, client: { open } };
}

test('the log is followed from where it was left, and its records are events', async () => {
  const record = (pos, more) =>
    `id: ${pos}\ndata: ${JSON.stringify({ type: 'RINGING', pos, ...more })}\n\n`;
  const actor = { userId: 'bob', role: 'CRM_USER', deviceId: 'phone' };
  const { asked, client } = logOf(
    `id: 6\n\n${record(7, { outcome: 'applied', actor })}`,
    `data: {"type":"ERROR","code":"CURSOR_EXPIRED"}\n\n${record(9, { outcome: 'refused', actor })}`,
  );
  const heard = [];
  const feeds = [];
  const end = new AbortController();
  await model.follow(
    client,
    {
      heard: (records) => {
        heard.push(...records);
        if (heard.length === 2) end.abort();
      },
      changed: () => {},
      is: (feed) => feeds.push(feed),
    },
    end.signal,
  );
  assert.deepEqual(heard, [
    { type: 'RINGING', pos: 7, deviceId: 'phone' },
    { type: 'RINGING', pos: 9, deviceId: 'phone', outcome: 'refused' },
  ]);
  assert.match(asked[0], /[?&]last=20$/);
  assert.match(asked[1], /[?&]after=7$/);
  assert.deepEqual(feeds, ['stream', 'stream']);
});

test('where there is no stream of the log, the calls are asked for', async () => {
  for (const status of [403, 404, 429]) {
    const { asked, client } = logOf(new model.ApiError(status, '', ''));
    const feeds = [];
    const end = new AbortController();
    await model.follow(
      client,
      { heard: () => {}, changed: () => end.abort(), is: (feed) => feeds.push(feed) },
      end.signal,
    );
    assert.deepEqual([asked.length, feeds], [1, ['polling']]);
  }
});

test('times keep their microseconds, and are told as people tell them', () => {
  assert.ok(Math.abs((model.msOf('2026-11-23T01:02:03.000456Z') % 1000) - 0.456) < 0.001);
  assert.deepEqual([0, 999, 2003, 65_120, 7_384_000].map(model.since), [
    '+0.000',
    '+0.999',
    '+2.003',
    '+1:05.120',
    '+2:03:04.000',
  ]);
  assert.deepEqual([0.2, 412, 59_990, 65_000, 7_384_000, 90_000_000].map(model.span), [
    '0 ms',
    '412 ms',
    '59.9 s',
    '1 min 05 s',
    '2 h 03 min',
    '1 d 01 h',
  ]);
  assert.equal(model.indexAt([0, 10, 10, 20], 10), 2);
  assert.equal(model.indexAt([5, 10], 0), 0);
});

test('every kind of event has its words', () => {
  const types = [
    'CALL_STARTED',
    'RINGING',
    'ACCEPTED',
    'REJECTED',
    'ENDED',
    'TIMED_OUT',
    'CALLEE_OFFLINE',
    'INVITED',
    'SIGNAL',
    'PARTICIPANT_JOINED',
    'PARTICIPANT_LEFT',
    'MEDIA',
    'SERVER_STARTED',
  ];
  for (const type of types)
    for (const outcome of [undefined, 'ignored', 'refused']) {
      const [event] = events([
        type,
        'ann',
        {
          outcome,
          code: 'WRONG_STATE',
          userId: 'bob',
          calleeIds: ['bob'],
          calleeId: 'bob',
          to: 'bob',
          event: 'x',
        },
      ]);
      const said = model.sentence(event);
      assert.ok(said.length > 5 && !/undefined|null/.test(said), `${type}: ${said}`);
      if (!outcome) assert.ok(!said.includes(type), said);
    }
});

test('a token says who it is of, and nonsense is told apart', () => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({})}.${part({ sub: 'zoë', exp: 7, tenant_id: 't', user_role: 'AUDITOR' })}.s`;
  assert.deepEqual(model.read(` Bearer ${token}\n`), {
    token,
    user: 'zoë',
    tenant: 't',
    role: 'AUDITOR',
    expires: 7000,
  });
  for (const bad of ['', 'x', 'a.b', 'a.!.c', 'a.e30.c d'])
    assert.equal(typeof model.read(bad), 'string', bad);
});

test('a place is read from the URL', () => {
  const of = (hash) => {
    const { page, id, query } = model.parse(hash);
    return [page, id, query.toString()];
  };
  assert.deepEqual(of(''), ['live', '', '']);
  assert.deepEqual(of('#/calls?user=a%20b'), ['calls', '', 'user=a+b']);
  assert.deepEqual(of('#/calls/x%2Fy?pos=4'), ['call', 'x/y', 'pos=4']);
  assert.deepEqual(of('#/server'), ['server', '', '']);
});
