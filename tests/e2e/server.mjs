// The real server as a child process, on a free port and a directory of its own.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client } from './client.mjs';
import { findConfidential, SECRET, tokenFor } from './tokens.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const BINARY = resolve(root, process.env.CALLSTATE_BINARY ?? 'build/release/callstate');

const READY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 20_000;

// Settings of whoever runs the tests are no business of the server under test.
function environment(more) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('CALLSTATE_'));
  return { ...Object.fromEntries(own), ...more };
}

/** Runs `callstate` to its end; never rejects for a failing exit code. */
export function callstate(args, { env = {}, timeout = 30_000 } = {}) {
  return new Promise((done) => {
    const options = { env: environment(env), timeout, maxBuffer: 1 << 30 };
    const child = execFile(BINARY, args, options, (error, stdout, stderr) =>
      done({ code: child.exitCode, signal: child.signalCode, stdout, stderr, error }),
    );
  });
}

export function temporaryDirectory() {
  return mkdtempSync(join(tmpdir(), 'callstate-e2e-'));
}

const running = new Set();
process.on('exit', () => {
  for (const server of running) server.child.kill('SIGKILL');
});

export class Server {
  /**
   * Starts a server and waits until it is ready. `secret: null` gives it none;
   * `listen: null` leaves the address to the other settings.
   */
  static async start({
    flags = [],
    env = {},
    secret = SECRET,
    dataDir,
    listen = '127.0.0.1:0',
  } = {}) {
    const server = new Server();
    server.directory = dataDir ? undefined : temporaryDirectory();
    server.dataDir = dataDir ?? join(server.directory, 'data');
    server.args = ['serve', '--data-dir', server.dataDir];
    if (listen) server.args.push('--listen', listen);
    server.args.push(...flags);
    server.env = environment({ ...(secret ? { CALLSTATE_JWT_SECRET: secret } : {}), ...env });
    server.log = '';
    await server.launch();
    return server;
  }

  /** Starts the process, again after a kill or a stop, on the same directory. */
  async launch() {
    assert.ok(!this.running, 'the server is running already');
    const child = spawn(BINARY, this.args, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.running = true;
    running.add(this);
    child.stderr.setEncoding('utf8').on('data', (text) => (this.log += text));
    this.exited = new Promise((done) => {
      child.on('error', (error) => {
        this.log += `${BINARY}: ${error.message}\n`;
        done({ code: null, signal: null });
      });
      child.on('close', (code, signal) => done({ code, signal }));
    }).then((how) => {
      this.running = false;
      running.delete(this);
      return how;
    });
    this.url = await new Promise((ready, fail) => {
      let output = '';
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail(new Error(`the server was not ready within ${READY_WITHIN_MS} ms:\n${this.log}`));
      }, READY_WITHIN_MS);
      child.stdout.setEncoding('utf8').on('data', (text) => {
        output += text;
        const line = /^listening on http(s?):\/\/(\S+)$/m.exec(output);
        if (!line) return;
        clearTimeout(timer);
        ready(`ws${line[1]}://${line[2]}`);
      });
      this.exited.then(({ code, signal }) => {
        clearTimeout(timer);
        fail(new Error(`the server ended (${code ?? signal}) before it was ready:\n${this.log}`));
      });
    });
  }

  get http() {
    return this.url.replace(/^ws/, 'http');
  }

  /** SIGKILL: no chance to tidy up. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM, and how the process ended. */
  async terminate() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    const how = await this.exited;
    clearTimeout(timer);
    return how;
  }

  /** For the end of a test: stops, removes the directory, and looks into the log. */
  async stop() {
    const how = this.running ? await this.terminate() : { code: 0 };
    if (this.directory) rmSync(this.directory, { recursive: true, force: true });
    const leaked = findConfidential(this.log);
    assert.equal(leaked, undefined, `the server's log holds what it must not: ${leaked}`);
    assert.equal(how.code, 0, `the server ended with ${how.code ?? how.signal}:\n${this.log}`);
  }

  /** Waits until the log, after its first `from` characters, matches. */
  async logged(pattern, { from = 0, within = 5_000 } = {}) {
    const deadline = Date.now() + within;
    while (!pattern.test(this.log.slice(from))) {
      assert.ok(Date.now() < deadline, `nothing in the log matches ${pattern}:\n${this.log}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  // Clients. A person is {user, tenant, role, name, device}. They trust `ca` (PEM)
  // where there is TLS.

  /** A connection to `path`, not yet known to be open. */
  dial(path, options) {
    return new Client(this.url + path, { ca: this.ca, ...options });
  }

  async open(path, person, options = {}) {
    const device = person.device ? `&device=${encodeURIComponent(person.device)}` : '';
    const client = this.dial(`${path}?token=${tokenFor(person)}${device}`, {
      name: `${person.user}${person.device ? `'s ${person.device}` : ''}`,
      ...options,
    });
    await client.opened();
    return client;
  }

  /** A session joined to the room, which has been shown its state. */
  async join(room, person) {
    const client = await this.open(`/party/${room}`, person);
    await client.next('ROOM_STATE');
    return client;
  }

  /** A session of the user, known to the engine. */
  async inbox(person) {
    const client = await this.open('/v1/ws', person);
    await client.settled();
    return client;
  }

  /** The records of a room as a stopped server's log has them. */
  async timeline(room, ...flags) {
    const args = ['timeline', room, '--json', '--data-dir', this.dataDir, ...flags];
    const { code, stdout, stderr } = await callstate(args);
    assert.equal(code, 0, stderr);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
}
