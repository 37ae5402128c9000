// Who is let into the console, and what becomes of the token.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Server } from '../e2e/server.mjs';
import { as } from '../e2e/stations.mjs';
import { claimsOf, jwt, tokenFor } from '../e2e/tokens.mjs';
import { auditor, Browser, done, open, signIn, tryToken } from './browser.mjs';

// Bad tokens come from one address here.
const FLAGS = ['--failed-logins', '1000'];
let server;
let browser;
before(async () => {
  server = await Server.start({ flags: FLAGS });
  browser = await Browser.start();
});
after(async () => {
  await browser.stop();
  await server.stop();
});

test('each token that is not taken is told apart', async () => {
  const page = await browser.page(server);
  await open(page);
  const expired = tokenFor(auditor({ lifetime: -3600 }));
  const foreign = jwt({ alg: 'HS256', typ: 'JWT' }, claimsOf(auditor()), 'another secret, as long');
  const refused = [
    ['', /Paste a token first/],
    ['hello', /not a token/],
    ['a.b.c', /cannot be read/],
    [expired, /expired 1 h 0\d min ago/],
    [foreign, /does not take this token/],
    [tokenFor({ user: 'ann' }), /role CRM_USER sees its own calls only/],
    [tokenFor({ user: 'ann', role: 'PORTAL_CUSTOMER' }), /PORTAL_CUSTOMER/],
  ];
  for (const [token, why] of refused) {
    await tryToken(page, token);
    await page.getByRole('alert').filter({ hasText: why }).waitFor();
    assert.equal(await page.locator('header.top').count(), 0);
  }
  for (const role of ['AUDITOR', 'SERVICE']) {
    await tryToken(page, ` Bearer ${tokenFor(auditor({ role }))}\n`);
    await page.getByText('ann.auditor').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
  }
  await done(page);
});

test('the token is in no URL, stays in its tab, and goes with the sign-out', async () => {
  const token = tokenFor(auditor());
  const page = await browser.page(server);
  await signIn(page, '#/calls');
  assert.ok(page.asked.length > 3);
  const told = page.asked.filter((url) => /token|eyJ/.test(url));
  assert.deepEqual(told, []);
  assert.equal(
    await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage })),
    '{"callstate.theme":"auto"}',
  );

  await page.reload();
  await page.getByRole('heading', { name: 'Calls', exact: true }).waitFor();
  const other = await page.context().newPage();
  await other.goto(`${server.http}/console/`);
  await other.getByLabel('Token').waitFor();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.ok(!(await page.content()).includes(token.slice(-20)));
  await done(page);
});

test('who is revoked is told so, and is out', async () => {
  const page = await browser.page(server);
  const who = auditor({ user: 'leaver' });
  await signIn(page, '#/calls', who);
  const service = as(server, { user: 'crm', role: 'SERVICE' });
  assert.equal((await service.post('/v1/users/leaver/revoke', {})).status, 200);
  await page.getByLabel('User').fill('bob');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('alert').filter({ hasText: 'revoked' }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await done(page);
});

test('a server without a history lets in, and says what it lacks', async () => {
  const plain = await Server.start({ flags: ['--no-index'] });
  try {
    const page = await browser.page(plain);
    await signIn(page, '#/calls');
    await page.getByRole('alert').filter({ hasText: '--no-index' }).waitFor();
    await done(page);
  } finally {
    await plain.stop();
  }
});
