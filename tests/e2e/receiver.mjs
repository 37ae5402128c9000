// A receiver of webhooks that answers as it is told, and judges what it gets by the
// standard's own library.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import { Webhook } from 'standardwebhooks';

import { assertValid, schemaAt } from './spec.mjs';
import { confidential } from './tokens.mjs';

export const SECRET = confidential('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
const WITHIN_MS = 20_000;

export class Receiver {
  /** `answer(webhook, count)` gives a status, or {status, headers}, or a promise of it. */
  static async start({ answer = () => 204, secret = SECRET, tls } = {}) {
    const receiver = new Receiver();
    Object.assign(receiver, { answer, secret, received: [], problems: [], waiting: new Set() });
    receiver.http = tls ? createTlsServer(tls) : createServer();
    receiver.http.on('request', (request, response) => receiver.take(request, response));
    await new Promise((done) => receiver.http.listen(0, '127.0.0.1', done));
    receiver.port = receiver.http.address().port;
    receiver.url = `http${tls ? 's' : ''}://127.0.0.1:${receiver.port}/hooks`;
    return receiver;
  }

  get flags() {
    return ['--webhook-url', this.url, '--webhook-secret', this.secret];
  }

  take(request, response) {
    let body = '';
    request.setEncoding('utf8').on('data', (part) => (body += part));
    request.on('end', async () => {
      const webhook = { id: request.headers['webhook-id'], headers: request.headers, body };
      try {
        webhook.event = new Webhook(this.secret).verify(body, request.headers);
        assert.equal(request.method, 'POST');
        assert.equal(request.headers['content-type'], 'application/json');
        const { type } = webhook.event;
        assertValid(schemaAt('openapi.yaml', 'components', 'schemas', `webhook.${type}`), webhook.event, type);
      } catch (error) {
        this.problems.push(error);
      }
      this.received.push(webhook);
      const given = await this.answer(webhook, this.received.length);
      const { status, headers } = typeof given === 'object' ? given : { status: given };
      webhook.status = status;
      response.writeHead(status, headers).end();
      for (const look of this.waiting) look();
    });
  }

  /** The events it has taken. */
  get taken() {
    return this.received.filter(({ status }) => status >= 200 && status < 300);
  }

  /** Waits until `holds` is true of this receiver, after one answer or another. */
  until(holds) {
    return new Promise((done, fail) => {
      const timer = setTimeout(
        () => fail(new Error(`not within ${WITHIN_MS} ms: ${holds}\n${JSON.stringify(this.received)}`)),
        WITHIN_MS,
      );
      const look = () => {
        if (!holds(this)) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        done();
      };
      this.waiting.add(look);
      look();
    });
  }

  /** The first one taken of this type, and call. */
  async next(type, callId) {
    const fits = ({ event }) => event?.type === type && (!callId || event.data.callId === callId);
    await this.until(({ taken }) => taken.some(fits));
    return this.taken.find(fits);
  }

  async stop() {
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
    assert.deepEqual(this.problems, []);
  }
}
