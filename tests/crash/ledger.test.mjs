// The comparison itself: what is wrong must be found.
import assert from 'node:assert/strict';
import { beforeEach, describe, mock, test } from 'node:test';

import { OrderCheck } from '../e2e/client.mjs';
import { Ledger } from './ledger.mjs';

const room = 'r';
const record = (pos, seq, messageId, more = {}) => ({
  type: 'SIGNAL',
  roomName: room,
  pos,
  seq,
  outcome: 'applied',
  actor: { userId: 'ann' },
  messageId,
  ...more,
});
const ack = (pos, seq, id, more = {}) => ({
  id,
  roomName: room,
  pos,
  seq,
  outcome: 'applied',
  ...more,
});

describe('the ledger', () => {
  let ledger;
  let log;
  beforeEach(() => {
    mock.method(console, 'error', () => {});
    ledger = new Ledger();
    log = [
      record(2, 1, 'a'),
      record(5, 1, 'b', { outcome: 'refused', code: 'GLARE' }),
      record(6, 2, 'c'),
    ];
    ledger.ack('ann', ack(2, 1, 'a'));
    ledger.refusal('ann', { id: 'b', roomName: room }, { code: 'GLARE' });
    ledger.event({ type: 'SIGNAL', roomName: room, pos: 6, seq: 2 });
    ledger.event({ type: 'USER_ONLINE', pos: 3, seq: 1 });
  });
  const breaches = () => {
    ledger.compare(new Map([[room, log]]), 6);
    return ledger.breaches.join('\n');
  };

  test('is content with a log that holds everything', () => assert.equal(breaches(), ''));
  test('misses an acknowledged message', () => {
    ledger.ack('ann', ack(7, 3, 'd'));
    assert.match(breaches(), /acknowledged and not in the log/);
  });
  test('misses a refused message', () => {
    ledger.refusal('ann', { id: 'd', roomName: room }, { code: 'GLARE' });
    assert.match(breaches(), /refused and not in the log/);
  });
  test('misses an event that was heard', () => {
    ledger.event({ type: 'SIGNAL', roomName: room, pos: 7, seq: 3 });
    assert.match(breaches(), /not in the log/);
  });
  test('finds an event of a user beyond the end, or in a place that is taken', () => {
    ledger.event({ type: 'USER_ONLINE', pos: 7, seq: 1 });
    ledger.event({ type: 'USER_ONLINE', pos: 5, seq: 1 });
    assert.equal(breaches().split('\n').length, 2);
  });
  test('finds an acknowledgement of another position, seq or outcome', () => {
    ledger.ack('ann', ack(5, 2, 'c'));
    ledger.ack('ann', ack(6, 1, 'c'));
    ledger.ack('ann', ack(6, 2, 'c', { outcome: 'ignored' }));
    assert.match(breaches(), /^pos is 6.*\nseq is 2.*\noutcome is applied.*$/);
  });
  test('finds a message that took effect twice', () => {
    log.push(record(7, 3, 'a'));
    assert.match(breaches(), /took effect twice, at 2 and 7/);
  });
  test('finds a hole in seq', () => {
    log[2].seq = 3;
    assert.match(breaches(), /seq 3 at 6, not 2/);
  });
  test('finds two events told at one position', () => {
    ledger.event({ type: 'SIGNAL', roomName: room, pos: 6, seq: 3 });
    assert.match(breaches(), /two events at position 6/);
  });
});

test("a connection's events have an order without holes", () => {
  const event = (seq, pos, type = 'SIGNAL') => ({ type, roomName: room, seq, pos });
  const fault = (...messages) => {
    const order = new OrderCheck();
    return messages.map((message) => order.take(message)).find(Boolean);
  };
  const state = { type: 'ROOM_STATE', roomName: room, seq: 4, pos: 40 };
  assert.equal(fault(state, event(5, 50), event(6, 51)), undefined);
  assert.equal(fault(state, event(1, 10, 'CALL_STARTED'), event(5, 50)), undefined);
  assert.match(fault(state, event(6, 50)), /seq 6 after 4/);
  assert.match(fault(state, event(5, 50), event(5, 50)), /pos 50 after 50/);
  assert.match(fault(state, event(5, 50), event(7, 52)), /seq 7 after 5/);
  assert.match(fault(state, event(5, 50), event(1, 10, 'CALL_STARTED')), /after/);
});
