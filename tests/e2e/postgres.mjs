// A PostgreSQL of the test's own: in a temporary directory, on a socket in it and on
// loopback, gone with the test.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const STARTED_WITHIN_MS = 20_000;
const BIN = ['/usr/lib/postgresql/15/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/17/bin'].find(
  (folder) => existsSync(join(folder, 'initdb')),
);

// It refuses to run as root.
const ids = (() => {
  if (process.getuid() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => /^(postgres|nobody):/.test(each) && !/^nobody:/.test(each)) ??
    'nobody:x:65534:65534';
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
})();

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** The letter of proc(5); undefined for who is no more. */
function stateOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)[0];
  } catch {
    return undefined;
  }
}
const alive = (pid) => !['Z', undefined].includes(stateOf(pid));

const running = new Set();
process.on('exit', () => {
  for (const cluster of running) cluster.killNow();
});

export const PASSWORD = 'correct-horse-battery-staple';

export class Postgres {
  /** Makes a cluster and starts it. */
  static async start() {
    const cluster = new Postgres();
    await cluster.make();
    await cluster.launch();
    return cluster;
  }

  async make() {
    assert.ok(BIN, 'PostgreSQL is not installed: apt-get install postgresql-15');
    this.folder = mkdtempSync('/tmp/callstate-postgres-');
    if (ids.uid !== undefined) chownSync(this.folder, ids.uid, ids.gid);
    this.data = join(this.folder, 'data');
    this.port = await freePort();
    const args = ['-D', this.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    execFileSync(join(BIN, 'initdb'), args, { ...ids, cwd: '/tmp', stdio: 'ignore' });
    appendFileSync(
      join(this.data, 'postgresql.conf'),
      [
        "listen_addresses = '127.0.0.1'",
        `port = ${this.port}`,
        `unix_socket_directories = '${this.folder}'`,
        'fsync = off', // nothing here must outlive a power cut
        'max_connections = 40',
        'shared_buffers = 64MB',
        '',
      ].join('\n'),
    );
    // Who gives a password is held to it.
    const access = join(this.data, 'pg_hba.conf');
    const before = readFileSync(access, 'utf8');
    rmSync(access);
    appendFileSync(access, `host all guarded 127.0.0.1/32 scram-sha-256\n${before}`);
    if (ids.uid !== undefined) chownSync(access, ids.uid, ids.gid);
  }

  /** Starts it, also after a kill, and waits until it takes connections. */
  async launch() {
    this.child = spawn(join(BIN, 'postgres'), ['-D', this.data], {
      ...ids,
      cwd: '/tmp',
      stdio: 'ignore',
    });
    running.add(this);
    this.exited = new Promise((done) => this.child.on('exit', done));
    const deadline = Date.now() + STARTED_WITHIN_MS;
    while (!(await this.query('SELECT 1', 'postgres').catch(() => null))) {
      assert.ok(Date.now() < deadline, 'PostgreSQL does not start');
      await new Promise((done) => setTimeout(done, 10)); // of another program's start
    }
  }

  /** Stops it, so that it starts no other processes; those that it has. */
  #halt() {
    const { pid } = this.child;
    const children = [];
    process.kill(pid, 'SIGSTOP');
    while (alive(pid) && stateOf(pid) !== 'T') continue;
    for (const task of readdirSync(`/proc/${pid}/task`))
      for (const child of readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
        if (child) children.push(Number(child));
    return children;
  }

  /** It takes connections and what is sent to it, and answers nothing, until `speak`. */
  hush() {
    this.hushed = this.#halt();
    for (const child of this.hushed) process.kill(child, 'SIGSTOP');
  }
  speak() {
    for (const pid of [...this.hushed, this.child.pid]) process.kill(pid, 'SIGCONT');
  }

  /** SIGKILL, to it and its processes, which would outlive it for a moment; those. */
  killNow() {
    const { pid } = this.child;
    let children = [];
    try {
      children = this.#halt();
      for (const child of children) process.kill(child, 'SIGKILL');
      process.kill(pid, 'SIGKILL');
    } catch {
      // it is gone
    }
    return children;
  }

  async kill() {
    const children = this.killNow();
    await this.exited;
    // As long as one of them lives, the next server finds their shared memory in use.
    while (children.some(alive)) await new Promise((done) => setTimeout(done, 1));
  }

  /** In order, without waiting for sessions. */
  async stop() {
    this.child.kill('SIGINT');
    await this.exited;
    running.delete(this);
  }

  async remove() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  url(database, { user = 'postgres', password } = {}) {
    const who = password ? `${user}:${password}` : user;
    return `postgresql://${who}@127.0.0.1:${this.port}/${database}`;
  }

  #databases = 0;
  /** A new database; its name. */
  async database() {
    const name = `test_${++this.#databases}`;
    await this.query(`CREATE DATABASE ${name}`, 'postgres');
    return name;
  }

  /** Runs SQL as the superuser; what it prints. */
  async query(sql, database) {
    const args = ['-h', this.folder, '-p', this.port, '-U', 'postgres', '-d', database];
    const { stdout } = await promisify(execFile)(
      'psql',
      [...args, '-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-c', sql].map(String),
      { maxBuffer: 1 << 30 },
    );
    return stdout;
  }

  /** A connection that stays: what it locks stays locked. */
  session(database) {
    const args = ['-h', this.folder, '-p', this.port, '-U', 'postgres', '-d', database, '-X', '-q'];
    const child = spawn('psql', args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = new Promise((done) => child.on('close', done));
    let counted = 0;
    return {
      run(sql) {
        const mark = `done ${++counted}`;
        return new Promise((done) => {
          let text = '';
          const take = (more) => {
            text += more;
            if (!text.includes(mark)) return;
            child.stdout.off('data', take);
            done();
          };
          child.stdout.on('data', take);
          child.stdin.write(`${sql}\n\\echo ${mark}\n`);
        });
      },
      end() {
        child.stdin.end();
        return exited;
      },
    };
  }

  /** The rows of a query, as objects. */
  async rows(sql, database) {
    const text = await this.query(
      `SELECT coalesce(json_agg(row_to_json(q)), '[]') FROM (${sql}) AS q`,
      database,
    );
    return JSON.parse(text);
  }
}
