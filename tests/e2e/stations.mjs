// A person by any transport: WebSocket, partysocket's client on the room paths, long
// polling or server-sent events behind the same client, which may go, and come back by another with its cursor.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';

import PartySocket from 'partysocket';
import WebSocket from 'ws';

import { Client, isRoomEvent, unique } from './client.mjs';
import { tokenFor } from './tokens.mjs';

const CLOSED_EARLY = 1006;

/** One request; gives {status, headers, text, json}. */
export function request(server, method, path, options = {}) {
  const { token, body, headers = {}, signal, agent, streams } = options;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...(text === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
    ...headers,
  };
  return new Promise((done, fail) => {
    const { ca } = server;
    const { request: start } = server.http.startsWith('https') ? https : http;
    const asked = start(server.http + path, { method, headers: all, signal, agent, ca });
    asked.on('error', fail);
    asked.on('response', (response) => {
      const { statusCode: status, headers: fields } = response;
      response.setEncoding('utf8').on('error', fail);
      if (streams && status === 200) return done({ status, headers: fields, response });
      let received = '';
      response.on('data', (more) => (received += more));
      response.on('end', () => {
        const isJson = /json/.test(fields['content-type'] ?? '') && received !== '';
        const json = isJson ? JSON.parse(received) : undefined;
        done({ status, headers: fields, text: received, json });
      });
    });
    asked.end(text);
  });
}

/** Checks that the answer is a problem with that status and code, and says why. */
export function assertProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.code, code, answer.text);
  return answer.json;
}

/** What of a WebSocket a Client uses, by HTTP. */
class HttpSocket {
  constructor(server, person, { room, since }) {
    Object.assign(this, { server, person, room, cursor: since });
    this.token = tokenFor(person);
    this.readyState = WebSocket.CONNECTING;
    this.listeners = { open: [], error: [], close: [], message: [] };
    this.cut = new AbortController();
    this.posted = Promise.resolve();
    setImmediate(() => this.run().catch((error) => this.fails(error)));
  }

  addEventListener(type, listener) {
    this.listeners[type].push(listener);
  }

  emit(type, event = {}) {
    for (const listener of this.listeners[type]) listener(event);
  }

  opens() {
    if (this.readyState !== WebSocket.CONNECTING) return;
    this.readyState = WebSocket.OPEN;
    this.emit('open');
  }

  takes(message) {
    if (this.readyState === WebSocket.OPEN) this.emit('message', { data: JSON.stringify(message) });
  }

  fails(error) {
    if (this.readyState === WebSocket.CONNECTING) this.emit('error', { message: error.message });
    this.ends(CLOSED_EARLY, error.message);
  }

  ends(code, reason = '') {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.cut.abort();
    this.emit('close', { code, reason });
  }

  close(code = 1000) {
    this.ends(code);
  }

  terminate() {
    this.ends(CLOSED_EARLY);
  }

  path(path, query) {
    const parts = new URLSearchParams({ device: this.person.device ?? 'http', ...query });
    if (this.room) parts.set('room', this.room);
    if (this.cursor !== undefined) parts.set('since', this.cursor);
    return `${path}?${parts}`;
  }

  /** Messages go one after the other, each in a request of its own. */
  send(text) {
    const { id } = JSON.parse(text);
    const path = `/v1/messages?device=${encodeURIComponent(this.person.device ?? 'http')}`;
    this.posted = this.posted
      .then(() => request(this.server, 'POST', path, { token: this.token, body: text }))
      .then(({ status, json }) => {
        const answer =
          status === 200
            ? json.results[0]
            : { type: 'ERROR', id, code: json.code, message: json.detail };
        if (id !== undefined || answer.type === 'ERROR') this.takes(answer);
      })
      .catch((error) => this.fails(error));
  }
}

export class PollSocket extends HttpSocket {
  async run() {
    for (let wait = 0; this.readyState !== WebSocket.CLOSED; wait = 50) {
      const options = { token: this.token, signal: this.cut.signal };
      const path = this.path('/v1/messages', this.cursor === undefined ? {} : { wait });
      const { status, json } = await request(this.server, 'GET', path, options);
      if (status !== 200) {
        this.opens();
        return this.ends(status, json?.detail);
      }
      this.opens();
      for (const message of json.messages) this.takes(message);
      this.cursor = json.cursor;
    }
  }
}

/** Server-sent events, as the standard says to read them. */
export class EventSocket extends HttpSocket {
  async run() {
    const options = { token: this.token, signal: this.cut.signal, streams: true };
    if (this.cursor !== undefined) options.headers = { 'Last-Event-ID': String(this.cursor) };
    const { cursor } = this;
    this.cursor = undefined; // in the header
    const path = this.path('/v1/stream', {});
    this.cursor = cursor;
    const { status, headers, response, json } = await request(this.server, 'GET', path, options);
    this.opens();
    if (status !== 200) return this.ends(status, json?.detail);
    assert.equal(headers['content-type'], 'text/event-stream');
    let held = '';
    for await (const chunk of response) {
      held += chunk;
      const blocks = held.split('\n\n');
      held = blocks.pop();
      for (const block of blocks) this.#takeBlock(block);
    }
    this.ends(1000, 'the stream has ended');
  }

  #takeBlock(block) {
    const data = [];
    let id;
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) continue;
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === 'data') data.push(value);
      if (field === 'id') id = Number(value);
      assert.ok(['data', 'id', 'retry'].includes(field), block);
    }
    if (data.length > 0) this.takes(JSON.parse(data.join('\n')));
    if (id !== undefined) this.cursor = id;
  }
}

/** Who goes and comes back is for the tests to say: it does not by itself. */
class OnePartySocket extends PartySocket {
  terminate() {
    this._ws.terminate();
  }
}

/** partysocket's client: in the room, or in one where nobody else is. */
function partySocket(server, person, { room = unique('lobby'), since }) {
  const { host, protocol } = new URL(server.url);
  class Trusting extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { ca: server.ca });
    }
  }
  return new OnePartySocket({
    host,
    protocol: protocol.slice(0, -1),
    room,
    id: person.device,
    query: { token: tokenFor(person), since },
    WebSocket: Trusting,
    maxRetries: 0,
  });
}

/** A client of the transport: 'ws', 'party', 'poll' or 'sse'. */
export async function connect(server, person, transport, { room, since } = {}) {
  let client;
  const name = `${person.user} by ${transport}`;
  if (transport === 'ws') {
    const query = new URLSearchParams({ token: tokenFor(person) });
    if (person.device) query.set('device', person.device);
    if (since !== undefined) query.set('since', since);
    client = server.dial(`${room ? `/party/${room}` : '/v1/ws'}?${query}`, { name });
  } else {
    const socket =
      transport === 'party'
        ? partySocket(server, person, { room, since })
        : new (transport === 'poll' ? PollSocket : EventSocket)(server, person, { room, since });
    client = new Client(since === undefined ? '' : '?since=', { socket, name });
  }
  await client.opened();
  return client;
}

/** A person who stays the same over all its connections. */
export class Station {
  static async open(server, person, transport, { room, since } = {}) {
    const station = new Station();
    Object.assign(station, { server, person, transport, room, past: [] });
    station.client = await connect(server, person, transport, { room, since });
    // Known to the engine: it hears what comes from now on.
    if (['ws', 'party'].includes(transport)) await station.client.settled();
    return station;
  }

  /** Where it would go on. */
  get cursor() {
    const { cursor } = this.client.socket;
    if (cursor !== undefined) return cursor;
    const events = this.client.received.filter((each) => 'seq' in each && 'by' in each);
    if (events.length > 0) return Math.max(...events.map((each) => each.pos));
    const states = this.client.received.filter((each) => each.type === 'ROOM_STATE');
    return this.since ?? Math.max(0, ...states.map((each) => each.pos));
  }

  /** The connection breaks. */
  async drops() {
    this.since = this.cursor;
    await this.client.breaks();
    this.past.push(this.client);
  }

  /** Comes back, by the same transport or another, with its cursor. */
  async returns(transport = this.transport) {
    if (!this.past.includes(this.client)) {
      this.since = this.cursor;
      await this.client.closed();
      this.past.push(this.client);
    }
    this.transport = transport;
    const { room, since } = this;
    this.client = await connect(this.server, this.person, transport, { room, since });
  }

  next(...what) {
    return this.client.next(...what);
  }
  tell(...what) {
    return this.client.tell(...what);
  }
  refused(...what) {
    return this.client.refused(...what);
  }

  /** The events of the room over all connections; none may have come twice. */
  events(room) {
    const events = [...this.past, this.client].flatMap((client) =>
      client.received.filter((each) => isRoomEvent(each) && each.roomName === room),
    );
    assert.deepEqual(
      events.map((each) => each.pos),
      [...new Set(events.map((each) => each.pos))].sort((a, b) => a - b),
      `${this.client.name} has heard something twice, or out of order`,
    );
    return events;
  }
}

/** SIGKILL, a start on the same directory, and everybody comes back. */
export async function restart(server, ...stations) {
  await server.kill();
  await server.launch();
  await Promise.all(stations.map((station) => station.returns()));
}

/** Requests with that person's token. */
export function as(server, who) {
  const token = tokenFor(who);
  return {
    get: (path, options) => request(server, 'GET', path, { token, ...options }),
    post: (path, body, options) => request(server, 'POST', path, { token, body, ...options }),
  };
}
