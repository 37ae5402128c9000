// How the server hands out the console.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { Server } from '../e2e/server.mjs';
import { assertProblem, request } from '../e2e/stations.mjs';

let server;
before(async () => (server = await Server.start()));
after(() => server.stop());

const get = (path, headers = {}, method = 'GET') => request(server, method, path, { headers });

/** Bytes as they come. */
async function bytes(path, coding) {
  const { default: http } = await import('node:http');
  return new Promise((done, fail) => {
    const headers = { 'Accept-Encoding': coding };
    http.get(server.http + path, { headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('error', fail);
      response.on('end', () => done({ headers: response.headers, body: Buffer.concat(chunks) }));
    });
  });
}

async function assets() {
  const { text } = await get('/console/');
  return [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
}

test('the page and its files have a strict policy', async () => {
  const paths = await assets();
  assert.equal(paths.length, 3);
  for (const path of ['/console/', ...paths]) {
    const { status, headers } = await get(path);
    assert.equal(status, 200);
    const policy = headers['content-security-policy'];
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ])
      assert.ok(policy.split('; ').includes(part), `${path} lacks ${part}`);
    assert.ok(!/unsafe/.test(policy));
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
});

test('files with their content in their names are kept for ever, the page is asked for', async () => {
  for (const path of await assets()) {
    assert.match(path, /-[A-Z0-9]{8}\.(js|css|svg)$/);
    assert.equal((await get(path)).headers['cache-control'], 'public, max-age=31536000, immutable');
  }
  assert.equal((await get('/console/')).headers['cache-control'], 'no-cache');
});

test('who has a file is not sent it again', async () => {
  for (const path of ['/console/', ...(await assets())]) {
    const { headers } = await get(path);
    const again = await get(path, { 'If-None-Match': headers.etag });
    assert.deepEqual([again.status, again.text], [304, '']);
    assert.equal(again.headers.etag, headers.etag);
    assert.equal(again.headers['content-length'], undefined);
    assert.equal((await get(path, { 'If-None-Match': '"another"' })).status, 200);
  }
});

test('files are compressed for who takes it, to the same bytes', async () => {
  for (const path of ['/console/', ...(await assets())]) {
    const plain = await bytes(path, 'identity');
    assert.equal(plain.headers['content-encoding'], undefined);
    for (const [coding, open] of [
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
    ]) {
      const packed = await bytes(path, coding);
      assert.equal(packed.headers['content-encoding'], coding);
      assert.equal(packed.headers.vary, 'Accept-Encoding');
      assert.deepEqual(open(packed.body), plain.body);
      assert.notEqual(packed.headers.etag, plain.headers.etag);
    }
  }
});

test('the folder leads to the page; what is not there, and other methods, are refused', async () => {
  const moved = await get('/console');
  assert.deepEqual([moved.status, moved.headers.location], [308, '/console/']);
  const head = await get('/console/', {}, 'HEAD');
  const page = await get('/console/');
  assert.deepEqual(
    [head.status, head.text, head.headers['content-length']],
    [200, '', page.headers['content-length']],
  );
  for (const path of ['/console/nothing.js', '/console/calls', '/console/..%2findex.html'])
    assertProblem(await get(path), 404);
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const refused = await get('/console/', {}, method);
    assertProblem(refused, 405, 'INVALID_MESSAGE');
    assert.equal(refused.headers.allow, 'GET, HEAD');
  }
});

test('connections are kept, and nobody needs a token', async () => {
  const { default: http } = await import('node:http');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (const path of ['/console/', ...(await assets())]) {
    const answer = await request(server, 'GET', path, { agent, token: 'nonsense' });
    assert.equal(answer.status, 200);
    assert.notEqual(answer.headers.connection, 'close');
  }
  agent.destroy();
});
