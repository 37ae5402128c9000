// Calls as they change, while somebody looks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { connected, ringing } from '../e2e/calls.mjs';
import { Server } from '../e2e/server.mjs';
import { Browser, done, screenshot, signIn } from './browser.mjs';
import { callIn } from './scenes.mjs';

let server;
let browser;
before(async () => {
  server = await Server.start({ flags: ['--rate-calls', '1000/s'] });
  browser = await Browser.start();
});
after(async () => {
  await browser.stop();
  await server.stop();
});

const row = (page, id) => page.locator(`[data-call="${id}"]`);
const feed = (page, words) => page.getByRole('status').filter({ hasText: words }).waitFor();
const figure = (page, name) => page.locator(`.figures .is-${name} dd`);

test('a call shows up, is answered and ends before one’s eyes', async () => {
  const page = await browser.page(server);
  await signIn(page);
  await feed(page, 'as it happens');
  await page.getByText('Nobody is calling.').waitFor();

  const { room, caller, alice, bob } = await ringing(server, { calleeName: 'Kim' });
  const id = await callIn(server, room);
  await row(page, id).getByText('Ringing').waitFor();
  await row(page, id).getByText(caller.name).waitFor();
  await row(page, id).getByText('Kim').waitFor();
  await figure(page, 'ringing').getByText('1').waitFor();

  await bob.tell({ type: 'ACCEPTED', roomName: room });
  await row(page, id).getByText('Talking').waitFor();
  await figure(page, 'connected').getByText('1').waitFor();
  await figure(page, 'ringing').getByText('0').waitFor();
  await screenshot(page, 'live');

  await alice.tell({ type: 'ENDED', roomName: room, reason: 'bye' });
  const over = page.getByRole('region', { name: 'Over' }).locator(`[data-call="${id}"]`);
  await over.getByText('Ended').waitFor();
  await page.getByText('Nobody is calling.').waitFor();
  await done(page);
});

test('the page of a live call goes along with it', async () => {
  const page = await browser.page(server);
  const { room, alice, callee } = await connected(server);
  await signIn(page, `#/calls/${await callIn(server, room)}`);
  await page.getByRole('heading', { name: 'Events' }).waitFor();
  await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: {} });
  await page.locator('.event .type').getByText('SIGNAL').waitFor();
  assert.match(await page.locator('.place').innerText(), /3 \/ 3/);
  await alice.tell({ type: 'ENDED', roomName: room });
  await page.locator('.call-title').getByText('Ended').waitFor();
  await page.locator('.story').filter({ hasText: 'hung up' }).waitFor();
  await done(page);
});

test('the server goes and comes back, and the board is right again', async () => {
  const own = await Server.start({});
  try {
    const page = await browser.page(own);
    await signIn(page);
    const { room } = await ringing(own);
    const id = await callIn(own, room);
    await row(page, id).waitFor();
    const { port } = new URL(own.http);
    await own.kill();
    await page
      .getByRole('alert')
      .filter({ hasText: 'cannot be reached' })
      .or(page.getByRole('status').filter({ hasText: 'connection lost' }))
      .first()
      .waitFor();
    own.args[own.args.indexOf('--listen') + 1] = `127.0.0.1:${port}`;
    await own.launch();
    await feed(page, 'as it happens');
    await row(page, id).getByText('Ringing').waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  } finally {
    await own.stop();
  }
});
