// One side of a pair: makes calls in its room for ever, with several messages
// in flight, comes back after each kill and repeats what nobody acknowledged.
import WebSocket from '../e2e/node_modules/ws/wrapper.mjs';

import { isRoomEvent, OrderCheck } from '../e2e/client.mjs';

const IN_FLIGHT_MAX = 6;
// Nothing came of a message with one of these codes: it is not in the log.
const NOT_LOGGED = new Set(['RATE_LIMITED', 'OVERLOADED', 'STORAGE_UNAVAILABLE']);

export class Side {
  /**
   * `ledger` collects what the server said: acks, refusals, events and
   * breaches. `path` is where it connects, `token` whom it is.
   */
  constructor({ room, user, peer, starts, path, token, random, ledger }) {
    Object.assign(this, { room, user, peer, starts, path, token, random, ledger });
    this.counter = 0;
    this.unanswered = new Map(); // id -> message, in the order of sending
    this.state = 'IDLE';
    this.seen = 0; // seq of the room's last event
    this.awaited = 0; // seq that has to be seen before the state is known
    this.stopping = false;
  }

  connect(url) {
    this.order = new OrderCheck();
    this.connected = false;
    const socket = new WebSocket(`${url}${this.path}?token=${this.token}`);
    this.socket = socket;
    socket.on('open', () => {
      this.connected = true;
      this.ledger.connections += 1;
      // Of the calls that have ended an inbox is shown nothing.
      this.#write({ type: 'JOIN', roomName: this.room });
      for (const message of this.unanswered.values()) {
        this.ledger.repeated += 1;
        this.#write(message);
      }
    });
    socket.on('message', (data) => this.#take(JSON.parse(data)));
    socket.on('error', () => {});
    return new Promise((gone) =>
      socket.on('close', (code) => {
        this.connected = false;
        gone(code);
      }),
    );
  }

  close() {
    this.socket.close(1000);
  }

  #write(message) {
    if (this.connected) this.socket.send(JSON.stringify(message));
  }

  #send(type, fields = {}) {
    const id = `${this.user}-${(this.counter += 1)}`;
    const message = { type, roomName: this.room, id, ...fields };
    this.unanswered.set(id, message);
    this.ledger.sent += 1;
    this.#write(message);
  }

  #take(message) {
    const breach = this.order.take(message);
    if (breach) this.ledger.breach(`${this.user}: ${breach}`);
    switch (message.type) {
      case 'ACK':
        return this.#acknowledged(message);
      case 'ERROR':
        return this.#refused(message);
      case 'ROOM_STATE':
        this.seen = Math.max(this.seen, message.seq);
        this.state = message.callState;
        return this.#step();
      default:
        if (!('pos' in message) || message.type === 'ANSWERED_ELSEWHERE') return undefined;
        this.ledger.event(message);
        if (isRoomEvent(message) && message.seq > this.seen) this.#heard(message);
        return undefined;
    }
  }

  #acknowledged(ack) {
    if (!this.unanswered.delete(ack.id)) {
      return this.ledger.breach(`${this.user}: an ACK for ${ack.id}, which nothing waits for`);
    }
    this.ledger.ack(this.user, ack);
    if (!ack.duplicate) this.awaited = Math.max(this.awaited, ack.seq);
    return this.#step();
  }

  #refused(error) {
    const message = this.unanswered.get(error.id);
    if (!message) return this.ledger.breach(`${this.user}: unexpected ${JSON.stringify(error)}`);
    this.unanswered.delete(error.id);
    if (!NOT_LOGGED.has(error.code)) this.ledger.refusal(this.user, message, error);
    // The two sides' messages cross: whoever is wrong about the state asks.
    this.#write({ type: 'JOIN', roomName: this.room });
    return undefined;
  }

  #heard(event) {
    this.seen = event.seq;
    if (event.type === 'CALL_STARTED') this.state = 'RINGING';
    if (event.type === 'ACCEPTED') this.state = 'CONNECTED';
    if (event.type === 'ENDED') this.state = 'ENDED';
    this.#step();
  }

  // What to do next, once everything is answered and seen.
  #step() {
    if (!this.connected || this.stopping) return;
    if (this.unanswered.size > 0 || this.seen < this.awaited) return;
    if (this.state === 'RINGING') return this.#ring();
    if (this.state === 'CONNECTED') return this.#talk();
    if (this.starts)
      this.#send('CALL_STARTED', { calleeId: this.peer, metadata: { n: this.counter } });
  }

  #ring() {
    if (this.starts) {
      if (this.random.chance(0.05)) this.#send('ENDED', { reason: 'never mind' });
      return;
    }
    this.#send('RINGING');
    this.#send(this.random.chance(0.1) ? 'REJECTED' : 'ACCEPTED');
  }

  #talk() {
    const signals = this.random.whole(1, IN_FLIGHT_MAX - 1);
    for (let i = 0; i < signals; ++i)
      this.#send('SIGNAL', { to: this.peer, data: { n: this.counter } });
    if (this.random.chance(0.15)) this.#send('ENDED');
  }
}
