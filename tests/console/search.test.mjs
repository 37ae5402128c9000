// Finding a call.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Server } from '../e2e/server.mjs';
import { as } from '../e2e/stations.mjs';
import { auditor, Browser, done, signIn } from './browser.mjs';
import { shortCall } from './scenes.mjs';

const FLAGS = ['--rate-calls', '10000/s', '--rate-messages', '10000/s'];
const COUNT = 120;
let server;
let browser;
const made = []; // ids, the newest first
before(async () => {
  server = await Server.start({ flags: FLAGS });
  browser = await Browser.start();
  for (let i = 0; i < COUNT; ++i)
    made.unshift(
      await shortCall(server, {
        caller: `agent-${i % 4}`,
        callee: 'kim',
        room: i % 40 === 0 ? 'favourite' : undefined,
        how: i % 3 === 0 ? 'REJECTED' : 'CANCELLED',
      }),
    );
  await shortCall(server, { tenant: 'other', caller: 'agent-0', callee: 'kim', how: 'CANCELLED' });
});
after(async () => {
  await browser.stop();
  await server.stop();
});

const shown = (page) =>
  page.locator('.call-row').evaluateAll((rows) => rows.map(({ dataset }) => dataset.call));
const counted = (page, count) =>
  page
    .getByRole('status')
    .filter({ hasText: new RegExp(`^${count} calls?( so far)?$`) })
    .waitFor();
/** Of the calls, the newest first, those whose number of making fits. */
const those = (fits) => made.filter((_, i) => fits(COUNT - 1 - i));

test('calls come a page at a time, each once', async () => {
  const page = await browser.page(server);
  await signIn(page, '#/calls');
  for (const count of [50, 100, COUNT]) {
    await counted(page, count);
    assert.deepEqual(await shown(page), made.slice(0, count));
    if (count < COUNT) await page.getByRole('button', { name: 'Earlier calls' }).click();
  }
  assert.equal(await page.getByRole('button', { name: 'Earlier calls' }).count(), 0);
  await done(page);
});

test('calls are found by user, room, state and time, and the URL says what was sought', async () => {
  const page = await browser.page(server);
  await signIn(page, '#/calls');
  await counted(page, 50);
  await page.getByLabel('User').fill(' agent-2 ');
  await page.getByLabel('User').press('Enter');
  await counted(page, 30);
  assert.deepEqual(
    await shown(page),
    those((i) => i % 4 === 2),
  );
  assert.match(page.url(), /#\/calls\?user=agent-2$/);

  await page.getByLabel('State', { exact: true }).selectOption('REJECTED');
  await counted(page, 10);
  assert.deepEqual(
    await shown(page),
    those((i) => i % 12 === 6),
  );
  await page.goBack();
  await counted(page, 30);

  await page.getByRole('button', { name: 'Clear' }).click();
  await counted(page, 50);
  await page.getByLabel('Room').fill('favourite');
  await page.getByRole('button', { name: 'Search' }).click();
  await counted(page, 3);
  assert.deepEqual(
    await shown(page),
    those((i) => i % 40 === 0),
  );

  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByLabel('From').fill('2020-01-01T00:00');
  await page.getByLabel('Before').fill('2020-01-02T00:00');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByText('No call fits.').waitFor();
  await page.getByLabel('Before').fill('2199-01-02T00:00');
  await page.getByRole('button', { name: 'Search' }).click();
  await counted(page, 50);
  await done(page);
});

test('what the server does not take is said in its words', async () => {
  const page = await browser.page(server);
  await signIn(page, '#/calls?room=not%20a%20room');
  await page.getByRole('alert').filter({ hasText: 'room must be' }).waitFor();
  await done(page);
});

test('a call is opened from the list, and one of another tenant is not there', async () => {
  const page = await browser.page(server);
  await signIn(page, '#/calls?room=favourite');
  await counted(page, 3);
  await page.locator('.call-row a').first().click();
  await page.locator('.page.call[data-whole=true]').waitFor();
  assert.match(
    page.url(),
    new RegExp(`#/calls/${made.find((_, i) => (COUNT - 1 - i) % 40 === 0)}`),
  );

  const { json } = await as(server, auditor({ tenant: 'other' })).get('/v1/calls');
  await page.evaluate((id) => (location.hash = `#/calls/${id}`), json.calls[0].callId);
  await page.getByRole('alert').filter({ hasText: 'no such call' }).waitFor();
  await done(page);
});
