// Which tokens let somebody in. Why not is for the server's log; the token is not.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { person } from './calls.mjs';
import { Server, temporaryDirectory } from './server.mjs';
import { claimsOf, jwt, seconds, tokenFor } from './tokens.mjs';

const header = { alg: 'HS256', typ: 'JWT' };
const claims = (more) => claimsOf({ ...person('user'), ...more });
const without = (name) => {
  const { [name]: _, ...rest } = claims();
  return rest;
};

describe('with a shared secret', () => {
  let server;
  before(async () => {
    server = await Server.start({ flags: ['--log-level', 'debug', '--failed-logins', '1000'] });
  });
  after(() => server.stop());

  const good = tokenFor(person('user'));
  const [, payload, signature] = good.split('.');
  const bad = [
    ['alg none', jwt({ alg: 'none' }, claims()), /not signed/],
    ['alg none with a signature', jwt({ alg: 'none' }, claims()) + signature, /alg none/],
    ['alg HS512', jwt({ alg: 'HS512' }, claims()), /alg/],
    ['an alg that nobody knows', jwt({ alg: 'HS257' }, claims()), /alg/],
    [
      'alg ES256, for which there is no key',
      jwt(
        { ...header, alg: 'ES256' },
        claims(),
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      ),
      /alg ES256/,
    ],
    ['no alg', jwt({ typ: 'JWT' }, claims()), /alg/],
    [
      'an extension that must be understood',
      jwt({ ...header, crit: ['b64'], b64: false }, claims()),
      /crit/,
    ],
    [
      'another secret',
      jwt(header, claims(), 'some other secret, also longer than 32 bytes'),
      /signature/,
    ],
    [
      'a changed signature',
      good.slice(0, -6) + (good.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'),
      /signature|base64url/,
    ],
    ['changed claims', jwt(header, claims()).replace(/\.[^.]+\./, `.${payload}.`), /signature/],
    ['no signature', `${good.slice(0, good.lastIndexOf('.'))}.`, /signed/],
    ['expired', jwt(header, claims({ lifetime: -60 })), /expired/],
    ['no exp', jwt(header, without('exp')), /exp is missing/],
    ['exp that is a string', jwt(header, { ...claims(), exp: `${seconds() + 60}` }), /exp/],
    ['not yet valid', jwt(header, { ...claims(), nbf: seconds() + 120 }), /not valid for another/],
    ['no sub', jwt(header, without('sub')), /sub is missing/],
    ['an empty sub', jwt(header, { ...claims(), sub: '' }), /sub/],
    ['sub that is a number', jwt(header, { ...claims(), sub: 7 }), /sub/],
    ['the sub of the server itself', jwt(header, { ...claims(), sub: 'system' }), /sub/],
    ['no tenant', jwt(header, without('app_metadata')), /tenant/],
    [
      'a tenant that is a number',
      jwt(header, { ...claims(), app_metadata: { tenant_id: 7 } }),
      /tenant/,
    ],
    ['an unknown role', jwt(header, claims({ role: 'EMPEROR' })), /role/],
    ['10 KiB', jwt(header, { ...claims(), padding: 'x'.repeat(7_600) }), /larger than/],
    ['two segments', good.split('.').slice(0, 2).join('.'), /segments/],
    ['four segments', `${good}.x`, /segments/],
    ['words', 'let me in', /segments/],
    ['claims that are no JSON', jwt(header, 'sub=me'), /JSON/],
    [
      'claims with a duplicate key',
      jwt(header, JSON.stringify(claims()).replace('{', '{"sub":"a",')),
      /JSON/,
    ],
    ['claims that are a list', jwt(header, []), /claims/],
  ];

  for (const [what, token, reason] of bad) {
    test(`refused: ${what}`, async () => {
      const before = server.log.length;
      const where = `/party/r?token=${encodeURIComponent(token)}`;
      const how = await server.dial(where).closed(1008);
      assert.equal(how.reason, 'Invalid authentication token');
      await server.logged(/refused: [^\n]*\n/, { from: before });
      assert.match(server.log.slice(before), reason);
    });
  }

  test('refused on /v1/ws and in AUTH just the same', async () => {
    const expired = tokenFor({ ...person('user'), lifetime: -60 });
    const how = await server.dial(`/v1/ws?token=${expired}`).closed(1008);
    assert.equal(how.reason, 'Invalid authentication token');
    const client = server.dial('/v1/ws');
    await client.opened();
    client.send({ type: 'AUTH', token: expired });
    assert.equal((await client.closed(1008)).reason, 'Invalid authentication token');
  });

  test('taken: 30 s of leeway for clocks that differ', async () => {
    const early = jwt(header, { ...claims(), nbf: seconds() + 10 });
    const client = server.dial(`/v1/ws?token=${early}`);
    await client.opened();
    await client.settled();
  });

  test("taken: the claims' other places", async () => {
    const { user } = person('user');
    const token = jwt(header, {
      sub: user,
      exp: seconds() + 60,
      tenant_id: 'acme',
      user_role: 'CRM_USER',
      email: 'quux@example.org',
    });
    const client = server.dial(`/v1/ws?token=${token}`);
    await client.opened();
    await client.tell({ type: 'CALL_STARTED', roomName: user, calleeId: 'x' });
    assert.equal((await client.next('CALL_STARTED')).callerName, 'quux@example.org');
  });
});

test('an address that fails too often has to wait', async (t) => {
  const server = await Server.start({ flags: ['--failed-logins', '2'] });
  t.after(() => server.stop());
  const closes = [];
  for (let i = 0; i < 4; ++i) closes.push((await server.dial('/v1/ws?token=wrong').closed()).code);
  assert.deepEqual(closes.slice(0, 2), [1008, 1008]);
  assert.ok(closes.includes(4429), `closed with ${closes}`);
});

test('audience and issuer are checked where configured', async (t) => {
  const server = await Server.start({
    flags: ['--jwt-audience', 'authenticated', '--jwt-issuer', 'https://issuer.example'],
  });
  t.after(() => server.stop());
  const dial = (more) => server.dial(`/v1/ws?token=${jwt(header, { ...claims(), ...more })}`);
  await dial({}).closed(1008);
  await dial({ aud: 'authenticated', iss: 'https://other.example' }).closed(1008);
  await dial({ aud: 'others', iss: 'https://issuer.example' }).closed(1008);
  for (const aud of ['authenticated', ['x', 'authenticated']]) {
    const client = dial({ aud, iss: 'https://issuer.example' });
    await client.opened();
    await client.settled();
  }
});

describe('with a JWKS file', () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'jwks.json');
  const makeKey = (kid, type = 'ec', options = { namedCurve: 'P-256' }) => {
    const { privateKey, publicKey } = generateKeyPairSync(type, options);
    const alg = type === 'ec' ? 'ES256' : 'RS256';
    const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
    return { privateKey, publicJwk, header: { alg, kid, typ: 'JWT' } };
  };
  const keys = [makeKey('one'), makeKey('two'), makeKey('three', 'rsa', { modulusLength: 2048 })];
  const stranger = makeKey('one');

  let server;
  before(async () => {
    writeFileSync(file, JSON.stringify({ keys: keys.map((key) => key.publicJwk) }));
    server = await Server.start({
      secret: null,
      flags: ['--jwks', file, '--failed-logins', '1000'],
    });
  });
  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  for (const key of keys) {
    test(`taken: a token of key ${key.header.kid}, ${key.header.alg}`, async () => {
      const client = server.dial(`/v1/ws?token=${jwt(key.header, claims(), key.privateKey)}`);
      await client.opened();
      await client.settled();
    });
  }

  test('taken at once: the first token of a key that is new in the file', async () => {
    const fresh = makeKey('fresh');
    writeFileSync(file, JSON.stringify({ keys: [...keys, fresh].map((key) => key.publicJwk) }));
    const client = server.dial(`/v1/ws?token=${jwt(fresh.header, claims(), fresh.privateKey)}`);
    await client.opened();
    await client.settled();
  });

  test('refused: another key under a known name, an unknown name, the public key as a secret', async () => {
    const secret = keys[0].publicJwk.x;
    for (const token of [
      jwt(stranger.header, claims(), stranger.privateKey),
      jwt({ ...keys[0].header, kid: 'four' }, claims(), keys[0].privateKey),
      jwt({ alg: 'HS256', kid: 'one' }, claims(), secret),
      jwt({ alg: 'HS256', kid: 'three' }, claims(), keys[2].publicJwk.n),
      jwt(keys[2].header, claims(), keys[2].privateKey).replace(
        /^[^.]+/,
        jwt(keys[0].header, {}, keys[0].privateKey).split('.')[0],
      ),
      jwt(header, claims()),
    ]) {
      const how = await server.dial(`/v1/ws?token=${token}`).closed(1008);
      assert.equal(how.reason, 'Invalid authentication token');
    }
  });
});
