// A call of 5,000 events. How long it takes is printed, and asserted nowhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { connected } from '../e2e/calls.mjs';
import { Server } from '../e2e/server.mjs';
import { Browser, done, goTo, screenshot, signIn } from './browser.mjs';
import { callIn } from './scenes.mjs';

const EVENTS = 5_000;
const BATCH = 100;
let server;
let browser;
let id;
before(async () => {
  server = await Server.start({ flags: ['--rate-messages', '100000/s', '--rate-calls', '1000/s'] });
  browser = await Browser.start();
  const { room, alice, bob, caller, callee } = await connected(server);
  const [one, other] = [
    { client: alice, to: callee.user },
    { client: bob, to: caller.user },
  ];
  const say = ({ client, to }, i) =>
    // Now and then to somebody who is not there: refused.
    client.ask({ type: 'SIGNAL', roomName: room, to: i % 701 === 7 ? 'nobody' : to, data: { i } });
  for (let i = 0; i < EVENTS - 3; i += BATCH) {
    const count = Math.min(BATCH, EVENTS - 3 - i);
    await Promise.all(
      Array.from({ length: count }, (_, k) => say((i + k) % 2 === 0 ? one : other, i + k)),
    );
  }
  await alice.tell({ type: 'ENDED', roomName: room });
  id = await callIn(server, room);
});
after(async () => {
  await browser.stop();
  await server.stop();
});

const told = (measured) =>
  Object.entries(measured)
    .map(([name, ms]) => `${name} ${ms.toFixed(0)}`)
    .join(', ');

test('a call of 5,000 events is shown, moved through and zoomed', async (t) => {
  const page = await browser.page(server);
  await signIn(page);
  // From the click until the frame with all of it; likewise for each key.
  const measured = await page.evaluate(async (call) => {
    const frame = () => new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));
    const until = async (holds) => {
      while (!holds()) await frame();
    };
    const find = (selector) => document.querySelector(selector);
    const start = performance.now();
    location.hash = `#/calls/${call}`;
    await until(() => find('.ladder .row'));
    const first_ms = performance.now() - start;
    await until(() => find('.page.call[data-whole=true]'));
    await frame();
    const whole_ms = performance.now() - start;
    const slider = find('[role=slider]');
    const keys_ms = [];
    for (const key of ['ArrowRight', 'End', 'ArrowLeft', 'PageUp', 'Home']) {
      const before = slider.getAttribute('aria-valuenow');
      const pressed = performance.now();
      slider.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      await until(() => slider.getAttribute('aria-valuenow') !== before);
      await frame();
      keys_ms.push(performance.now() - pressed);
    }
    return { first_ms, whole_ms, key_ms: Math.max(...keys_ms) };
  }, id);
  t.diagnostic(`a call of ${EVENTS} events: ${told(measured)}`);

  await page.locator('.place').getByText(`1 / ${EVENTS}`).waitFor();
  // What is in the page does not grow with the call.
  const count = (selector) => page.locator(selector).count();
  assert.ok((await count('.event')) < 40);
  assert.ok((await count('.ladder .row')) < 60);
  assert.ok((await count('*')) < 1_500);
  await page.getByRole('button', { name: 'repeats as one' }).click();
  assert.ok((await count('.ladder .row')) < 60);
  await screenshot(page, 'large');
  await page.getByRole('button', { name: 'true to time' }).click();
  for (let i = 0; i < 6; ++i) await page.getByRole('button', { name: 'Zoom in' }).click();
  assert.ok((await count('*')) < 3_000);
  await page.getByRole('listbox').focus();
  await page.keyboard.press('End');
  await page.locator('.place').getByText(`${EVENTS} / ${EVENTS}`).waitFor();
  await page.getByRole('option', { selected: true }).getByText('ENDED').waitFor();
  await done(page);
});

test('it is there after a reload, and stays usable while its evidence is checked', async (t) => {
  const page = await browser.page(server);
  await signIn(page);
  await goTo(page, `#/calls/${id}`);
  await page.locator('.page.call[data-whole=true]').waitFor();
  await page.reload({ waitUntil: 'commit' });
  const measured = await page.evaluate(async () => {
    const frame = () => new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));
    const until = async (holds) => {
      while (!holds()) await frame();
    };
    const find = (selector) => document.querySelector(selector);
    const named = (name) => [...document.querySelectorAll('button')].find((button) => button.textContent === name);
    // From the beginning of the navigation: files, token, call and events.
    await until(() => find('.page.call[data-whole=true]'));
    await frame();
    const reload_ms = performance.now();
    const slider = find('[role=slider]');
    const keys_ms = [];
    const began = performance.now();
    named('Check evidence').click();
    for (let i = 0; !named('Check again'); ++i) {
      const before = slider.getAttribute('aria-valuenow');
      const pressed = performance.now();
      const key = i % 2 === 0 ? 'ArrowRight' : 'ArrowLeft';
      slider.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      await until(() => slider.getAttribute('aria-valuenow') !== before);
      await frame();
      keys_ms.push(performance.now() - pressed);
    }
    const evidence_ms = performance.now() - began;
    return { reload_ms, evidence_ms, key_while_checking_ms: Math.max(...keys_ms) };
  });
  t.diagnostic(`a call of ${EVENTS} events: ${told(measured)}`);
  await page.getByText(`The call and its ${EVENTS.toLocaleString('en-GB')} events on this page`).waitFor();
  await done(page);
});
