import type { CallEvent } from '../api/wire.ts';
import type { Member, Moment } from '../model/fold.ts';

// Who stands where in the ladder: a lane for each device of each participant, and
// one for the server, beside the caller's.

export interface Lane {
  user: string; // empty: the server
  device: string; // empty: none has been named
  index: number;
}

/** How a lane's lifeline is drawn. */
export type Line = 'none' | 'invited' | 'ringing' | 'joined' | 'disconnected' | 'idle';

export interface Lanes {
  all: Lane[];
  server: Lane;
  of: (user: string) => Lane[];
  /** The lane of the device that an event is from. */
  sender: (event: CallEvent) => Lane;
}

export function lanesOf(events: readonly CallEvent[], members: readonly Member[]): Lanes {
  const devices = new Map<string, string[]>();
  for (const { user } of members) devices.set(user, []);
  for (const { by, deviceId, outcome } of events) {
    if (!by || by === 'system') continue;
    // Somebody from outside who tried something has a place, too.
    if (!devices.has(by) && outcome) devices.set(by, []);
    const known = devices.get(by);
    if (known && deviceId && !known.includes(deviceId)) known.push(deviceId);
  }
  const all: Lane[] = [];
  const server: Lane = { user: '', device: '', index: 0 };
  const add = (lane: Lane) => all.push(lane);
  for (const [user, named] of devices) {
    for (const device of named.length > 0 ? named : ['']) add({ user, device, index: 0 });
    if (!all.includes(server)) add(server);
  }
  if (!all.includes(server)) add(server);
  all.forEach((lane, index) => (lane.index = index));
  const byUser = new Map<string, Lane[]>();
  for (const lane of all) byUser.set(lane.user, [...(byUser.get(lane.user) ?? []), lane]);
  const of = (user: string) => byUser.get(user) ?? [];
  const sender = ({ by, deviceId }: CallEvent) => {
    const own = of(by);
    return own.find((lane) => lane.device === (deviceId ?? '')) ?? own[0] ?? server;
  };
  return { all, server, of, sender };
}

function lineOfMember(lane: Lane, member: Member, live: boolean): Line {
  if (!live) return 'none';
  const state = member.state;
  if (state === 'left' || state === 'rejected') return 'none';
  const standing = state === 'disconnected' ? member.before : state;
  const rings = member.rang.length === 0 || member.rang.includes(lane.device) || !lane.device;
  const holds = !member.device || !lane.device || member.device === lane.device;
  const active = standing === 'joined' ? holds : standing === 'ringing' && rings;
  if (standing === 'invited') return state === 'disconnected' ? 'disconnected' : 'invited';
  if (!active) return 'idle';
  return state;
}

export function lineAt(lane: Lane, moment: Moment): Line {
  const live = moment.state === 'RINGING' || moment.state === 'CONNECTED';
  if (!lane.user) return live ? 'idle' : 'none';
  const member = moment.members.find(({ user }) => user === lane.user);
  return member ? lineOfMember(lane, member, live) : 'none';
}

/** Where a lifeline changes: from this event on it is drawn so. */
export interface Stretch {
  from: number; // index of an event
  line: Line;
}

export function stretchesOf(lane: Lane, moments: readonly Moment[]): Stretch[] {
  const stretches: Stretch[] = [];
  moments.forEach((moment, from) => {
    if (from > 0 && moments[from - 1] === moment) return;
    const line = lineAt(lane, moment);
    if (stretches.at(-1)?.line !== line) stretches.push({ from, line });
  });
  return stretches;
}

/** What an event looks like: from a lane to others, or to the server and no further. */
export interface Arrow {
  from: number; // lanes
  to: number[];
  kind: 'applied' | 'refused' | 'ignored' | 'system';
}

const active: ReadonlySet<Line> = new Set(['ringing', 'joined', 'disconnected', 'invited']);

/** Who has shown no device yet may have none: it hears what asks it in. */
function hearing(lanes: Lanes, user: string, moment: Moment, asked: boolean): number[] {
  const own = lanes.of(user);
  const member = moment.members.find((each) => each.user === user);
  if (!asked && member?.state === 'invited' && own.every(({ device }) => !device)) return [];
  const present = own.filter((lane) => active.has(lineAt(lane, moment)));
  return (present.length > 0 ? present : own).map(({ index }) => index);
}

function addressed(event: CallEvent, moment: Moment): string[] {
  const others = moment.members.map(({ user }) => user).filter((user) => user !== event.by);
  switch (event.type) {
    case 'CALL_STARTED':
    case 'INVITED':
      return event.calleeIds ?? [];
    case 'SIGNAL':
      return event.to ? [event.to] : [];
    case 'CALLEE_OFFLINE':
      return event.calleeId ? [event.calleeId] : [];
    case 'PARTICIPANT_JOINED':
    case 'PARTICIPANT_LEFT':
    case 'MEDIA':
      return event.userId ? [event.userId] : [];
    default:
      return others;
  }
}

/** `before` is the call as the event found it: whom it reaches is who was there then. */
export function arrowOf(event: CallEvent, before: Moment, after: Moment, lanes: Lanes): Arrow {
  const system = event.by === 'system' || event.type === 'SERVER_STARTED';
  const from = system ? lanes.server.index : lanes.sender(event).index;
  if (event.outcome) return { from, to: [lanes.server.index], kind: event.outcome };
  const asks = event.type === 'CALL_STARTED' || event.type === 'INVITED';
  const there = asks ? after : before;
  const to = addressed(event, there).flatMap((user) => hearing(lanes, user, there, asks || system));
  const targets = [...new Set(to)].filter((index) => index !== from).sort((a, b) => a - b);
  return { from, to: targets, kind: system ? 'system' : 'applied' };
}
