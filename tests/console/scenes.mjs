// Calls to look at, made by real clients.
import assert from 'node:assert/strict';

import { unique } from '../e2e/client.mjs';
import { as } from '../e2e/stations.mjs';
import { auditor } from './browser.mjs';

/** The call that the room hosts, or hosted last. */
export async function callIn(server, room, who = auditor()) {
  const { status, json, text } = await as(server, who).get(`/v1/calls?room=${room}`);
  assert.equal(status, 200, text);
  return json.calls[0].callId;
}

/** Every event of the call, as an auditor sees it. */
export async function eventsOf(server, id, who = auditor()) {
  const events = [];
  for (let after = 0; after !== null;) {
    const { json } = await as(server, who).get(`/v1/calls/${id}/events?after=${after}`);
    events.push(...json.events);
    after = json.next;
  }
  return events;
}

/** Alice's laptop calls Bob, who has a phone and a tablet; somebody who is not asked
 * tries to answer, and so does the tablet once the phone has. */
export async function busyCall(server, { tenant } = {}) {
  const room = unique('support');
  const names = { alice: unique('alice'), bob: unique('bob'), mallory: unique('mallory') };
  const inbox = (user, device) => server.inbox({ user, device, tenant });
  const laptop = await server.inbox({
    user: names.alice,
    device: 'laptop',
    name: 'Alice Adams',
    tenant,
  });
  const phone = await inbox(names.bob, 'phone');
  const tablet = await inbox(names.bob, 'tablet');
  const browser = await inbox(names.mallory, 'browser');
  const say = (type, more) => ({ type, roomName: room, ...more });
  await laptop.tell(
    say('CALL_STARTED', { calleeId: names.bob, calleeName: 'Bob Brown', metadata: { lead: 7 } }),
  );
  await phone.tell(say('RINGING'));
  await tablet.tell(say('RINGING'));
  await browser.refused(say('ACCEPTED'), 'NOT_PARTICIPANT');
  await phone.tell(say('ACCEPTED'));
  await tablet.refused(say('ACCEPTED'), 'ANSWERED_ELSEWHERE');
  await laptop.tell(say('SIGNAL', { to: names.bob, data: { sdp: 'v=0' } }));
  await laptop.tell(say('ENDED', { reason: 'thanks' }));
  await phone.tell(say('ENDED'), 'ignored');
  return { room, names, id: await callIn(server, room, auditor({ tenant })) };
}

/** A conference in which somebody declines, somebody is asked in, and who is lost
 * comes back. */
export async function conference(server, { tenant } = {}) {
  const room = unique('sales');
  const user = { dora: unique('dora'), eve: unique('eve'), frank: unique('frank') };
  const hugo = unique('hugo');
  const inbox = (name, device) => server.inbox({ user: name, device, tenant });
  const dora = await inbox(user.dora, 'desk');
  const eve = await inbox(user.eve, 'phone');
  const frank = await inbox(user.frank, 'softphone');
  const late = await inbox(hugo);
  const say = (type, more) => ({ type, roomName: room, ...more });
  await dora.tell(say('CALL_STARTED', { calleeIds: [user.eve, user.frank, unique('gina')] }));
  await eve.tell(say('RINGING'));
  await frank.tell(say('RINGING'));
  await eve.tell(say('ACCEPTED'));
  await frank.tell(say('REJECTED', { reason: 'in a meeting' }));
  await eve.tell(say('INVITED', { calleeIds: [hugo] }));
  await late.tell(say('RINGING'));
  await late.tell(say('ACCEPTED'));
  await eve.breaks();
  await dora.next('PARTICIPANT_LEFT', { userId: user.eve });
  await inbox(user.eve, 'phone');
  await dora.next('PARTICIPANT_JOINED', { userId: user.eve });
  return { room, user, id: await callIn(server, room, auditor({ tenant })), dora };
}

/** A call that ends at once, by a back end. */
export async function shortCall(server, { tenant, caller, callee, room, how }) {
  const { post } = as(server, { user: 'crm', role: 'SERVICE', tenant });
  const started = await post('/voip/start', {
    callerId: caller,
    calleeId: callee,
    roomName: room,
  });
  assert.equal(started.status, 201, started.text);
  const { roomName, callLogId } = started.json;
  if (how === 'REJECTED') await post(`/voip/${roomName}/reject`, { userId: callee });
  if (how === 'CANCELLED') await post(`/voip/${roomName}/end`, { userId: caller });
  return callLogId;
}
