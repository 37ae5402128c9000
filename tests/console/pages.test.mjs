// Every page, in light and dark, on a desk and on a phone: what axe finds, whether it
// fits, and a picture of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ringing } from '../e2e/calls.mjs';
import { Server } from '../e2e/server.mjs';
import {
  assertAccessible,
  assertFits,
  auditor,
  Browser,
  DESKTOP,
  done,
  goTo,
  open,
  openCall,
  PHONE,
  screenshot,
  signIn,
} from './browser.mjs';
import { busyCall, conference, shortCall } from './scenes.mjs';

let server;
let browser;
const calls = {};
before(async () => {
  server = await Server.start({ flags: ['--rate-calls', '1000/s'] });
  browser = await Browser.start();
  for (const how of ['REJECTED', 'CANCELLED', 'CANCELLED', 'REJECTED'])
    await shortCall(server, { caller: 'nora.nash', callee: 'customer-17', how });
  calls.busy = await busyCall(server);
  calls.conference = await conference(server);
  await ringing(server, { calleeName: 'Kim' });
});
after(async () => {
  await browser.stop();
  await server.stop();
});

const service = auditor({ role: 'SERVICE' });
const pages = {
  live: (page) => goTo(page, '#/').then(() => page.locator('.call-row').first().waitFor()),
  calls: (page) => goTo(page, '#/calls').then(() => page.getByText(/^\d+ calls$/).waitFor()),
  call: async (page) => {
    await openCall(page, calls.busy.id);
    await page.getByRole('option').nth(5).click();
  },
  conference: (page) => openCall(page, calls.conference.id),
  server: (page) =>
    goTo(page, '#/server').then(() => page.getByText('following').first().waitFor()),
};

for (const [place, size] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const colours of ['light', 'dark']) {
    test(`on a ${place}, ${colours}`, async () => {
      const page = await browser.page(server, { size, colours });
      await open(page);
      await page.getByLabel('Token').waitFor();
      await assertAccessible(page, 'the sign-in');
      await assertFits(page, 'the sign-in');
      await screenshot(page, `sign-in-${place}-${colours}`);
      await signIn(page);
      for (const [name, go] of Object.entries(pages)) {
        await go(page);
        await assertAccessible(page, name);
        await assertFits(page, name);
        await screenshot(page, `${name}-${place}-${colours}`);
      }
      await done(page);
    });
  }
}

test('the colours follow the system until somebody chooses, and stay so', async () => {
  const page = await browser.page(server, { colours: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  // A click is drawn a little later.
  const turns = (colour) =>
    page.waitForFunction((wanted) => getComputedStyle(document.body).backgroundColor === wanted, colour);
  await signIn(page);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await ground();
  assert.notEqual(light, dark);
  await page.getByRole('button', { name: 'Change to light' }).click();
  await turns(light);
  await page.getByRole('button', { name: 'Change to dark' }).click();
  await turns(dark);
  await page.reload();
  await page.locator('header.top').waitFor();
  assert.equal(await ground(), dark);
  await done(page);
});

test('an auditor sees how far what is made from the log has come', async () => {
  const page = await browser.page(server);
  await signIn(page, '#/server');
  const card = page.locator('.card').filter({ hasText: 'index' });
  await card.locator('.light.good').getByText('following').waitFor();
  await card.getByText('nothing').waitFor();
  await page.getByText('ready', { exact: true }).waitFor();
  await done(page);
});

test('what a projection has trouble with is said, and whether it lasts', async () => {
  const flags = ['--postgres', 'postgresql://nobody@127.0.0.1:1/none'];
  const troubled = await Server.start({ flags });
  try {
    const page = await browser.page(troubled);
    await signIn(page, '#/server', service);
    const card = page.locator('.card').filter({ hasText: 'postgres' });
    await card.locator('.light.bad').getByText('retrying').waitFor();
    await card.locator('.trouble').filter({ hasText: '127.0.0.1' }).waitFor();
    await page.locator('.card').filter({ hasText: 'index' }).getByText('following').waitFor();
    await assertAccessible(page, 'the server page with trouble');
    const other = await browser.page(troubled);
    await signIn(other, '#/server');
    await other.locator('.card').filter({ hasText: 'postgres' }).getByText('is tried again').waitFor();
    assert.equal(await other.getByText('127.0.0.1').count(), 0);
    await done(other);
    await screenshot(page, 'server-trouble');
    await done(page);
  } finally {
    await troubled.stop();
  }
});

test('all of it is reached by keyboard', async () => {
  const page = await browser.page(server);
  await open(page, '#/calls');
  await page.locator('#token:focus').waitFor();
  const { tokenFor } = await import('../e2e/tokens.mjs');
  await page.keyboard.insertText(tokenFor(auditor()));
  await page.keyboard.press('Enter');
  await page.locator('.call-row').first().waitFor();
  await page.locator('.call-row a').first().focus();
  await page.keyboard.press('Enter');
  await page.locator('.page.call[data-whole=true]').waitFor();
  // From the page's beginning, where the focus is put, every control comes by Tab.
  const seen = [];
  for (let i = 0; i < 40; ++i) {
    await page.keyboard.press('Tab');
    seen.push(
      await page.evaluate(() => {
        const at = document.activeElement;
        return at.getAttribute('aria-label') ?? at.getAttribute('role') ?? at.textContent;
      }),
    );
  }
  for (const control of ['Moment of the call', 'Ladder diagram', 'listbox', 'Export events'])
    assert.ok(seen.includes(control), `${control} is not among ${seen.join(', ')}`);
  await done(page);
});
