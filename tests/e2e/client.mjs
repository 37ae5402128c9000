// A WebSocket client that waits for what it expects and says what it got instead.
import assert from 'node:assert/strict';

import WebSocket from 'ws';

const PATIENCE_MS = 10_000;
const ANSWERS = new Set(['ACK', 'ERROR', 'PONG', 'ROOM_STATE', 'ANSWERED_ELSEWHERE']);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

let counted = 0;
/** A name that no other test of the process has. */
export const unique = (name) => `${name}-${process.pid.toString(36)}-${(++counted).toString(36)}`;

/** Events of a room, as opposed to a user's and to what is no event. */
export const isRoomEvent = (message) =>
  !ANSWERS.has(message.type) && !message.type.startsWith('USER_');

/**
 * Checks, for each room of one connection, that its events come with a rising
 * position and a `seq` without holes.
 */
export class OrderCheck {
  #rooms = new Map();
  /** Whether the connection names a cursor: what came after it follows a ROOM_STATE. */
  resumes = false;

  /** A sentence about what is wrong, or nothing. */
  take(message) {
    if (message.type === 'ROOM_STATE') {
      this.#rooms.set(message.roomName, { seq: message.seq, pos: message.pos, shown: true });
      return undefined;
    }
    if (!isRoomEvent(message)) return undefined;
    const { type, roomName, seq, pos } = message;
    const last = this.#rooms.get(roomName);
    // An invitation is shown again to a session that opens while it rings: it
    // may be older than the state that was shown just before.
    const invites = type === 'CALL_STARTED' || type === 'INVITED';
    const invitation = invites && (!last || (last.shown && seq <= last.seq));
    if (last?.shown && this.resumes && seq <= last.seq) {
      this.#rooms.set(roomName, { seq, pos });
      return undefined;
    }
    if (invitation) {
      this.#rooms.set(roomName, last ? { ...last, shown: false } : { seq, pos, first: true });
      return undefined;
    }
    this.#rooms.set(roomName, { seq, pos });
    if (!last) return undefined;
    if (pos <= last.pos) return `${type} of ${roomName} has pos ${pos} after ${last.pos}`;
    if (last.first ? seq <= last.seq : seq !== last.seq + 1) {
      return `${type} of ${roomName} has seq ${seq} after ${last.seq}`;
    }
    return undefined;
  }
}

export class Client {
  constructor(url, { name = 'a client', protocols = [], headers = {}, ca, socket } = {}) {
    this.name = name;
    this.received = []; // everything, in order
    this.untaken = []; // what `next` has not given out
    this.waiting = new Set();
    this.order = new OrderCheck();
    this.order.resumes = /[?&]since=/.test(url ?? '');
    this.socket = socket ?? new WebSocket(url, protocols, { headers, ca });
    this.isOpen = new Promise((done, fail) => {
      this.socket.addEventListener('open', () => done());
      this.socket.addEventListener('error', (event) =>
        fail(new Error(`${name}: ${event.message}`)),
      );
    });
    this.isOpen.catch(() => {});
    this.isClosed = new Promise((done) => {
      this.socket.addEventListener('close', (event) => {
        this.closedWith = { code: event.code, reason: event.reason };
        done(this.closedWith);
        this.#wake();
      });
    });
    this.socket.addEventListener('message', (event) => this.#take(event.data));
  }

  #take(text) {
    const message = JSON.parse(text);
    this.received.push(message);
    this.untaken.push(message);
    this.fault ??= this.order.take(message) ?? this.#malformed(message);
    this.#wake();
  }

  #malformed(message) {
    if (ANSWERS.has(message.type)) return undefined;
    const { type, seq, pos, at, by } = message;
    const well =
      Number.isInteger(seq) && Number.isInteger(pos) && TIME.test(at) && by && 'callId' in message;
    return well ? undefined : `${type} lacks what every event carries: ${JSON.stringify(message)}`;
  }

  #wake() {
    for (const look of this.waiting) look();
  }

  #describe() {
    const heard = this.received.map((message) => `    ${JSON.stringify(message)}`).join('\n');
    const closed = this.closedWith ? `, closed with ${JSON.stringify(this.closedWith)}` : '';
    return `${this.name}${closed} has heard:\n${heard || '    nothing'}`;
  }

  async #until(what, find, within) {
    let look;
    let timer;
    try {
      return await new Promise((done, fail) => {
        look = () => {
          if (this.fault) return fail(new Error(`${this.fault}; ${this.#describe()}`));
          const found = find();
          if (found !== undefined) {
            // At once: the next message may come before the `finally`, and would be lost.
            this.waiting.delete(look);
            return done(found);
          }
          if (this.closedWith && this.socket.readyState !== WebSocket.CONNECTING) {
            return fail(new Error(`closed before ${what} came; ${this.#describe()}`));
          }
        };
        timer = setTimeout(
          () => fail(new Error(`${what} did not come within ${within} ms; ${this.#describe()}`)),
          within,
        );
        this.waiting.add(look);
        look();
      });
    } finally {
      clearTimeout(timer);
      this.waiting.delete(look);
    }
  }

  opened() {
    return this.isOpen;
  }

  /** The next message of the type for which `fields` hold; others stay for later. */
  next(type, fields = {}, within = PATIENCE_MS) {
    const wanted = (message) =>
      message.type === type &&
      Object.entries(fields).every(([key, value]) => message[key] === value);
    const what = `${type} ${Object.keys(fields).length ? JSON.stringify(fields) : ''}`.trim();
    return this.#until(
      what,
      () => {
        const at = this.untaken.findIndex(wanted);
        return at < 0 ? undefined : this.untaken.splice(at, 1)[0];
      },
      within,
    );
  }

  /** How the server closed the connection. */
  async closed(code, within = PATIENCE_MS) {
    let timer;
    const late = new Promise((_, fail) => {
      timer = setTimeout(
        () => fail(new Error(`not closed within ${within} ms; ${this.#describe()}`)),
        within,
      );
    });
    const how = await Promise.race([this.isClosed, late]).finally(() => clearTimeout(timer));
    if (code !== undefined) assert.equal(how.code, code, this.#describe());
    return how;
  }

  send(message) {
    if (message.since !== undefined) this.order.resumes = true;
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Sends with an id, and gives the ACK or ERROR that answers it. */
  async ask(message) {
    const id = message.id ?? unique('m');
    this.send({ ...message, id });
    return this.#until(
      `the answer to ${JSON.stringify(message)}`,
      () => {
        const at = this.untaken.findIndex(
          (each) => (each.type === 'ACK' || each.type === 'ERROR') && each.id === id,
        );
        return at < 0 ? undefined : this.untaken.splice(at, 1)[0];
      },
      PATIENCE_MS,
    );
  }

  /** Sends what must be accepted; gives the ACK. */
  async tell(message, outcome = 'applied') {
    const answer = await this.ask(message);
    assert.equal(
      answer.type,
      'ACK',
      `${JSON.stringify(message)} was answered ${JSON.stringify(answer)}`,
    );
    assert.equal(answer.outcome, outcome);
    return answer;
  }

  /** Sends what must be refused with the code and a sentence that names `naming`. */
  async refused(message, code, naming = /./) {
    const answer = await this.ask(message);
    assert.equal(
      answer.type,
      'ERROR',
      `${JSON.stringify(message)} was answered ${JSON.stringify(answer)}`,
    );
    assert.equal(answer.code, code, answer.message);
    assert.match(answer.message, naming);
    return answer;
  }

  /** When this is done, everything that the engine had decided before is here. */
  async settled() {
    await this.tell({ type: 'LEAVE', roomName: 'a-room-that-nobody-is-in' });
  }

  /** The events of the room, in the order in which they came. */
  events(room) {
    return this.received.filter((message) => isRoomEvent(message) && message.roomName === room);
  }

  types(room) {
    return this.events(room).map((event) => event.type);
  }

  has(type) {
    return this.received.some((message) => message.type === type);
  }

  async close(code = 1000) {
    this.socket.close(code);
    await this.isClosed;
  }

  /** The connection breaks, without a close frame. */
  async breaks() {
    this.socket.terminate();
    await this.isClosed;
  }
}
