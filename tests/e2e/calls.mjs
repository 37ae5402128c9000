// Short ways to the middle of a call.
import { unique } from './client.mjs';

/** A person that no other test has; names are such that a log would give them away. */
export function person(user, more = {}) {
  return { user: unique(user), name: `Zenobia ${unique('Quillfeather')}`, ...more };
}

/** A call that rings, both sides in its room. */
export async function ringing(server, more = {}) {
  const room = unique('room');
  const caller = person('caller');
  const callee = person('callee');
  const alice = await server.join(room, caller);
  const bob = await server.join(room, callee);
  const started = await alice.tell({
    type: 'CALL_STARTED',
    roomName: room,
    calleeId: callee.user,
    ...more,
  });
  await alice.next('CALL_STARTED');
  await bob.next('CALL_STARTED');
  return { room, caller, callee, alice, bob, started };
}

/** A call in which both talk. */
export async function connected(server, more = {}) {
  const call = await ringing(server, more);
  await call.bob.tell({ type: 'ACCEPTED', roomName: call.room });
  await call.alice.next('ACCEPTED');
  await call.bob.next('ACCEPTED');
  return call;
}
