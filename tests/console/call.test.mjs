// What happened in a call, who did what, and the proof of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { connected } from '../e2e/calls.mjs';
import { unique } from '../e2e/client.mjs';
import { Server } from '../e2e/server.mjs';
import { as } from '../e2e/stations.mjs';
import {
  assertFits,
  auditor,
  Browser,
  DESKTOP,
  done,
  openCall,
  PHONE,
  signIn,
} from './browser.mjs';
import { busyCall, callIn, conference, eventsOf } from './scenes.mjs';

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

const words = {
  invited: 'invited',
  ringing: 'ringing',
  joined: 'in the call',
  disconnected: 'connection lost',
  left: 'left',
  rejected: 'declined',
};
const states = { RINGING: 'Ringing', CONNECTED: 'Talking', ENDED: 'Ended' };

/** What the page says of the moment. */
const momentOf = (page) =>
  page.locator('.moment').evaluate((panel) => ({
    state: panel.querySelector('.badge').textContent,
    members: [...panel.querySelectorAll('.member')].map((member) => [
      member.querySelector('b').textContent,
      member.querySelector('.standing').textContent,
    ]),
  }));

/** Steps through the call by key; each moment must be as the server has it. */
async function assertEveryMoment(page, events) {
  const slider = page.getByRole('slider', { name: 'Moment of the call' });
  await slider.focus();
  await page.keyboard.press('Home');
  for (const [index, event] of events.entries()) {
    assert.equal(await slider.getAttribute('aria-valuenow'), String(index + 1));
    const path = `/v1/rooms/${event.roomName}/state?at=${event.pos}`;
    const { json } = await as(server, auditor()).get(path);
    assert.deepEqual(
      await momentOf(page),
      {
        state: states[json.callState],
        members: json.participants.map(({ userId, state }) => [userId, words[state]]),
      },
      `at ${event.pos}, ${event.type}`,
    );
    await page.keyboard.press('ArrowRight');
  }
}

test('every moment is as the server has it, by keyboard', async () => {
  const { id } = await busyCall(server);
  const page = await browser.page(server);
  await signIn(page);
  await openCall(page, id);
  await assertEveryMoment(page, await eventsOf(server, id));
  const slider = page.getByRole('slider');
  for (const [key, place] of [
    ['Home', '1'],
    ['PageDown', '9'],
    ['ArrowLeft', '8'],
    ['PageUp', '1'],
    ['ArrowLeft', '1'],
    ['End', '9'],
  ]) {
    await page.keyboard.press(key);
    assert.equal(await slider.getAttribute('aria-valuenow'), place, key);
  }
  assert.match(
    await slider.getAttribute('aria-valuetext'),
    /^Event 9 of 9, .*: .* tried to hang up/,
  );
  await done(page);
});

test('of a conference with a lost connection, too', async () => {
  const { id } = await conference(server);
  const page = await browser.page(server);
  await signIn(page);
  await openCall(page, id);
  await assertEveryMoment(page, await eventsOf(server, id));
  await done(page);
});

test('of a restart, which is in no event of the call, the server is asked', async () => {
  const own = await Server.start();
  try {
    const { room, alice, bob, caller, callee } = await connected(own);
    await own.kill();
    await Promise.all([alice, bob].map((client) => client.closed()));
    await own.launch();
    await own.join(room, callee);
    const back = await own.join(room, caller);
    await back.tell({ type: 'SIGNAL', roomName: room, to: callee.user, data: {} });
    const id = await callIn(own, room);
    const events = await eventsOf(own, id);
    const index = events.findIndex(
      ({ type, userId }) => type === 'PARTICIPANT_JOINED' && userId === callee.user,
    );
    const page = await browser.page(own);
    await signIn(page);
    await openCall(page, id);
    await page.getByRole('option').nth(index).click();
    await page.locator('.moment[data-by=server]').waitFor();
    const { members } = await momentOf(page);
    assert.deepEqual(members, [
      [caller.user, words.disconnected],
      [callee.user, words.joined],
    ]);
    await done(page);
  } finally {
    await own.stop();
  }
});

test('the page tells the story, and the ladder has a lane for each device', async () => {
  const { id, names, room } = await busyCall(server);
  const page = await browser.page(server);
  await signIn(page);
  await openCall(page, id);
  const story = await page.locator('.story').innerText();
  assert.match(
    story,
    /Alice Adams called Bob Brown\. It rang on phone after .*Bob Brown answered on phone/,
  );
  assert.match(story, /then Alice Adams hung up\. 2 attempts were refused\./);
  const lanes = await page
    .locator('.lane-head')
    .evaluateAll((heads) =>
      heads.map((head) => [...head.children].map(({ textContent }) => textContent)),
    );
  assert.deepEqual(lanes, [
    [names.alice, 'laptop'],
    ['callstate', 'server'],
    [names.bob, 'phone'],
    [names.bob, 'tablet'],
    [names.mallory, 'browser'],
  ]);
  await page.getByRole('link', { name: room }).click();
  await page.getByRole('status').filter({ hasText: '1 call' }).waitFor();
  await done(page);
});

test('what was refused is marked, in the list and in the ladder', async () => {
  const { id } = await busyCall(server);
  const page = await browser.page(server);
  await signIn(page);
  await openCall(page, id);
  const refused = page.locator('.event.refused');
  assert.equal(await refused.count(), 2);
  assert.match(await refused.nth(0).innerText(), /refused NOT_PARTICIPANT/);
  assert.match(await refused.nth(1).innerText(), /refused ANSWERED_ELSEWHERE/);
  assert.equal(await page.locator('.ladder .row.refused .stop').count(), 2);
  assert.equal(await page.locator('.ladder .row.ignored').count(), 1);

  await page.getByRole('button', { name: 'refused 2' }).click();
  assert.equal(await page.getByRole('option').count(), 2);
  await page.getByRole('listbox').focus();
  await page.keyboard.press('End');
  await page.locator('.moment .happening.refused').waitFor();
  await page.getByRole('button', { name: 'ignored 1' }).click();
  assert.match(await page.getByRole('option').innerText(), /ignored/);
  await done(page);
});

test('no name is wider than the page, looks like another, or turns a sentence round', async () => {
  const name = 'W'.repeat(256);
  const bob = `${unique('bob')}\u202e\u2066x`;
  const alice = await server.inbox({ user: unique('alice'), name });
  const phone = await server.inbox({ user: bob, device: 'phone' });
  const room = unique('room');
  const calleeName = 'abc\u202egnp.exe\u001b[2J';
  const metadata = { [bob]: '\u009b2J' };
  await alice.tell({ type: 'CALL_STARTED', roomName: room, calleeId: bob, calleeName, metadata });
  await phone.tell({ type: 'ACCEPTED', roomName: room });
  await phone.tell({ type: 'ENDED', roomName: room, reason: bob });
  const id = await callIn(server, room);
  for (const size of [DESKTOP, PHONE]) {
    const page = await browser.page(server, { size });
    await signIn(page);
    await openCall(page, id);
    await assertFits(page, 'a long name');
    const title = await page.locator('h1').innerText();
    assert.match(title, /abc\ufffdgnp\.exe\ufffd\[2J/);
    await page.getByText('The record').click();
    const text = await page.locator('main').evaluate((main) => main.textContent);
    assert.match(text, /bob-[\w-]+\ufffd\ufffdx/);
    assert.doesNotMatch(text, /[\u0000-\u0008\u001b\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    // What they are is compared, and not what they look like.
    await page.getByRole('button', { name: 'Check evidence' }).click();
    await page.getByText('events on this page are what the records say').waitFor();
    await done(page);
  }
});

test('a moment has a link', async () => {
  const { id } = await busyCall(server);
  const events = await eventsOf(server, id);
  const page = await browser.page(server);
  await signIn(page);
  await openCall(page, id);
  await page.getByRole('option').nth(4).click();
  assert.ok(page.url().endsWith(`#/calls/${id}?pos=${events[4].pos}`));
  await page.reload();
  await page.locator('.page.call[data-whole=true]').waitFor();
  await page.locator('.moment').getByText(`position ${events[4].pos}`).waitFor();
  await done(page);
});

test('a click in the ladder or on the line of time goes there', async () => {
  const { id } = await busyCall(server);
  const page = await browser.page(server);
  await signIn(page);
  await openCall(page, id);
  await page.locator('.ladder .row').nth(2).locator('.label').click();
  assert.equal(await page.getByRole('slider').getAttribute('aria-valuenow'), '3');
  const box = await page.locator('.track').boundingBox();
  await page.mouse.move(box.x + 1, box.y + 10);
  await page.mouse.down();
  await page.locator('[role=slider][aria-valuenow="1"]').waitFor();
  await page.mouse.move(box.x + box.width + 20, box.y + 10);
  await page.mouse.up();
  await page.locator('[role=slider][aria-valuenow="9"]').waitFor();
  await page.getByRole('button', { name: 'true to time' }).click();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  assert.equal(
    await page.getByRole('button', { name: 'true to time' }).getAttribute('aria-pressed'),
    'true',
  );
  await done(page);
});

test('the call plays to its end', async () => {
  const { id } = await busyCall(server);
  const page = await browser.page(server);
  await signIn(page);
  await openCall(page, id);
  await page.getByRole('button', { name: 'Play the call' }).click();
  await page.locator('[role=slider][aria-valuenow="9"]').waitFor();
  await page.getByRole('button', { name: 'Play the call' }).waitFor();
  await done(page);
});

test('the proof counts what is there, and the export holds every record', async () => {
  const { id } = await busyCall(server);
  const events = await eventsOf(server, id);
  const page = await browser.page(server);
  await signIn(page);
  await openCall(page, id);
  const proof = page.locator('.proof');
  await proof.getByText(/Complete\. The room’s events 1 to 6 are here, none missing/).waitFor();
  await proof.getByText('9 records: 6 applied, 2 refused, 1 ignored.').waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export events' }).click();
  const file = await download;
  assert.equal(file.suggestedFilename(), `call-${id}.jsonl`);
  const lines = readFileSync(await file.path(), 'utf8')
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    events,
  );
  await done(page);
});
