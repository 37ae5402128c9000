// The proof of a call: what is sealed, by whom it is signed, and whether what is shown
// is what was sealed.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { connected } from '../e2e/calls.mjs';
import { sealKey } from '../e2e/seals.mjs';
import { callstate, Server, temporaryDirectory } from '../e2e/server.mjs';
import { auditor, Browser, done, openCall, screenshot, signIn } from './browser.mjs';
import { busyCall, callIn, conference, eventsOf, shortCall } from './scenes.mjs';

const directory = temporaryDirectory();
const keys = [sealKey(directory), sealKey(directory, 'other')];
let server;
let browser;
before(async () => {
  server = await Server.start({ flags: ['--seal-key', keys[0].key, '--seal-every', '1h'] });
  browser = await Browser.start();
});
after(async () => {
  await browser.stop();
  await server.stop();
  rmSync(directory, { recursive: true });
});

const button = (page) => page.getByRole('button', { name: /^Check (evidence|again)$/ });
const said = (page, words) => page.locator('.proof').getByText(words).waitFor();
const faults = (page) => page.locator('.proof [role=alert]');

/** The page of a call, where the check has been asked for. */
async function checked(id, { at = server, alter } = {}) {
  const page = await browser.page(at);
  await signIn(page);
  if (alter) await alter(page);
  await openCall(page, id);
  await button(page).click();
  return page;
}
/** Answers below that path are altered on their way. */
const altering = (path, alter) => (page) =>
  page.route(path, async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    const altered = alter(text);
    assert.notEqual(altered, text, 'there was nothing to alter');
    await route.fulfill({ response, body: altered });
  });

test('a signed call is sealed, its signatures are good, and the file is saved as it came', async () => {
  const { id } = await busyCall(server);
  const page = await checked(id);
  await said(page, /^\d+ records sealed by \d seals?: unaltered since\.$/);
  await said(page, 'The call and its 9 events on this page are what the records say.');
  await said(page, /^\d seals? signed by the key [0-9a-f]{32}\./);
  assert.equal(await page.getByText('without a signature').count(), 0);
  await screenshot(page, 'proof-signed');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save evidence' }).click();
  const file = join(directory, 'saved.json');
  writeFileSync(file, readFileSync(await (await download).path()));
  const { code, stdout } = await callstate(['verify', file, '--public-key', keys[0].pub]);
  assert.equal(code, 0, stdout);
  await done(page);
});

test('calls of every kind are what their records say', async () => {
  const calls = [await conference(server)].map(({ id }) => id);
  for (const how of ['REJECTED', 'CANCELLED'])
    calls.push(await shortCall(server, { caller: 'nora', callee: 'otto', how }));
  const { room, caller, alice, bob } = await connected(server);
  const say = (type, more) => ({ type, roomName: room, ...more });
  await bob.tell(say('SIGNAL', { to: caller.user, data: { 9: 'ü', b: [1.5, null] } }));
  await alice.tell(say('ENDED', { reason: '“so”' }));
  calls.push(await callIn(server, room));
  for (const id of calls) {
    const page = await checked(id);
    await said(page, 'on this page are what the records say.');
    await done(page);
  }
});

test('events or a call that are shown otherwise than sealed are named', async () => {
  const { id, names } = await busyCall(server);
  const refused = (await eventsOf(server, id)).find(({ code }) => code === 'NOT_PARTICIPANT');
  const alterations = [
    [
      '**/events?*',
      (text) => text.replace('NOT_PARTICIPANT', 'FORBIDDEN'),
      `the event at ${refused.pos} is shown otherwise than recorded: code is "FORBIDDEN" on this page, and "NOT_PARTICIPANT" in the record`,
    ],
    [
      '**/events?*',
      (text) => text.replace('"reason":"hangup"', '"reason":"failed"'),
      'reason is "failed" on this page, and "hangup" in the record',
    ],
    [
      '**/events?*',
      (text) => text.replace(`"by":"${names.mallory}"`, '"by":"somebody"'),
      'by is "somebody" on this page',
    ],
    [
      `**/v1/calls/${id}`,
      (text) => text.replace('Bob Brown', 'Eve'),
      'the call is shown otherwise than its records have it: calleeName is "Eve"',
    ],
  ];
  for (const [path, alter, words] of alterations) {
    const page = await checked(id, { alter: altering(path, alter) });
    await faults(page).getByText(words).waitFor();
    assert.equal(await page.getByText(/unaltered since/).count(), 0);
    await done(page);
  }
});

test('an altered file is found, and can be asked for again', async () => {
  const { id } = await busyCall(server);
  const alter = altering('**/evidence', (text) => text.replace('\\nlast ', '\\nlast 9'));
  const page = await checked(id, { alter });
  await faults(page)
    .getByText(/^the statement of the seal at \d+ is not its record’s$/)
    .waitFor();
  await screenshot(page, 'proof-altered');
  await page.unroute('**/evidence');
  await button(page).click();
  await said(page, /unaltered since/);
  assert.equal(await faults(page).count(), 0);
  await done(page);
});

test('an error says what to do, and the check can be made again', async () => {
  const { id } = await busyCall(server);
  const problem = (status, detail) => (route) =>
    route.fulfill({
      status,
      contentType: 'application/problem+json',
      body: JSON.stringify({ status, detail }),
    });
  const page = await checked(id, {
    alter: (it) => it.route('**/evidence', problem(503, 'the log is being copied')),
  });
  await said(
    page,
    `The server cannot make it now: the log is being copied. Check again in a while. On its machine, callstate evidence ${id} --data-dir … takes it from a checkpoint of the log.`,
  );
  const again = async (how, words) => {
    await page.unroute('**/evidence');
    await page.route('**/evidence', how);
    await button(page).click();
    await said(page, words);
  };
  await again(problem(404, 'there is no such call'), /^The server has no evidence of this call/);
  await again(problem(429, 'too much'), 'too much. Wait a moment, and check again.');
  await again((route) => route.abort(), /cannot be reached\. Check again when it is back/);
  await again(
    (route) => route.fulfill({ body: '{"records":[]}' }),
    /^What the server gave is no evidence/,
  );
  await page.unroute('**/evidence');
  await button(page).click();
  await said(page, /unaltered since/);
  assert.deepEqual(page.complaints.splice(0), ['Failed to load resource: net::ERR_FAILED']);
  await done(page);
});

test('a live call is checked again as it goes on', async () => {
  const { room, alice, callee } = await connected(server);
  const id = await callIn(server, room);
  const page = await checked(id);
  await said(page, 'The call and its 2 events on this page are what the records say.');
  await said(page, 'As of now.');
  await alice.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: {} });
  await said(page, '1 event since then: check again.');
  await button(page).click();
  await said(page, 'The call and its 3 events on this page are what the records say.');
  await done(page);
});

test('without a key it is sealed and not signed; by a key of before, not checked', async () => {
  const own = await Server.start({ flags: ['--seal-every', '1h'] });
  try {
    const { id } = await busyCall(own);
    const page = await checked(id, { at: own });
    await said(page, /records sealed by 1 seal: unaltered since/);
    await said(page, /^1 seal without a signature: whoever can write the log/);
    assert.equal(await page.getByText('signed by the key').count(), 0);
    await done(page);
    // Signed, and then the server goes on with another key.
    await own.terminate();
    own.args.push('--seal-key', keys[0].key);
    await own.launch();
    const old = (await busyCall(own)).id;
    await own.terminate();
    own.args.splice(-1, 1, keys[1].key);
    await own.launch();
    const later = await checked(old, { at: own });
    await said(later, /^\d seals? by the key [0-9a-f]{32}, which the server does not give/);
    await said(later, /unaltered since/);
    await done(later);
  } finally {
    await own.stop();
  }
});

test('without seals nothing is said to be proven', async () => {
  const own = await Server.start({ flags: ['--seal-records', '0'] });
  try {
    const { id } = await busyCall(own);
    const page = await checked(id, { at: own });
    await said(page, '9 records not sealed: nothing proves them yet.');
    await said(page, 'The 9 events on this page are what the records say.');
    assert.equal(await page.locator('.proof').getByText(/unaltered|signed by/).count(), 0);
    assert.equal(await page.locator('.proof [role=status] .check.good').count(), 0);
    await screenshot(page, 'proof-unsealed');
    await done(page);
  } finally {
    await own.stop();
  }
});
