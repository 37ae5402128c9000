import type { CallEvent } from '../api/wire.ts';

// A call at each of its events: the fold of docs/domain.md, over what the wire says.

export type PartyState = 'invited' | 'ringing' | 'joined' | 'disconnected' | 'left' | 'rejected';
export type CallState = 'IDLE' | 'RINGING' | 'CONNECTED' | 'ENDED';

export interface Member {
  readonly user: string;
  readonly role: 'caller' | 'callee';
  readonly state: PartyState;
  /** While `disconnected`: what a return restores. */
  readonly before: PartyState;
  /** Devices that have rung. */
  readonly rang: readonly string[];
  /** The device that called or accepted; empty where it is not known. */
  readonly device: string;
}

export interface Moment {
  readonly state: CallState;
  readonly members: readonly Member[];
}

export const nothing: Moment = { state: 'IDLE', members: [] };

const member = (user: string, role: 'caller' | 'callee', state: PartyState): Member => ({
  user,
  role,
  state,
  before: state,
  rang: [],
  device: '',
});

function change(moment: Moment, user: string, how: (member: Member) => Partial<Member>): Moment {
  const members = moment.members.map((each) =>
    each.user === user ? { ...each, ...how(each) } : each,
  );
  return { ...moment, members };
}

const awaited = ({ state, before }: Member) => {
  const standing = state === 'disconnected' ? before : state;
  return standing === 'invited' || standing === 'ringing';
};

const asked: Partial<Member> = { state: 'invited', before: 'invited', rang: [], device: '' };

function left(moment: Moment, { userId = '', reason }: CallEvent): Moment {
  return change(moment, userId, (each) => {
    if (reason === 'disconnected')
      return each.state === 'disconnected' ? {} : { state: 'disconnected', before: each.state };
    if (reason === 'connection_lost' && awaited(each)) return asked;
    return { state: 'left' };
  });
}

function invite(moment: Moment, callees: readonly string[]): Moment {
  let next = moment;
  for (const user of callees) {
    next = next.members.some((each) => each.user === user)
      ? change(next, user, () => asked)
      : { ...next, members: [...next.members, member(user, 'callee', 'invited')] };
  }
  return next;
}

export function evolve(moment: Moment, event: CallEvent): Moment {
  if (event.outcome) return moment;
  const device = event.deviceId ?? '';
  switch (event.type) {
    case 'CALL_STARTED':
      return {
        state: 'RINGING',
        members: [
          { ...member(event.callerId ?? event.by, 'caller', 'joined'), device },
          ...(event.calleeIds ?? []).map((user) => member(user, 'callee', 'invited')),
        ],
      };
    case 'RINGING':
      return change(moment, event.by, (each) => ({
        state: 'ringing',
        rang: device ? [...each.rang, device] : each.rang,
      }));
    case 'ACCEPTED':
      return {
        ...change(moment, event.by, () => ({ state: 'joined', device })),
        state: 'CONNECTED',
      };
    case 'REJECTED':
      return change(moment, event.by, () => ({ state: 'rejected' }));
    case 'INVITED':
      return invite(moment, event.calleeIds ?? []);
    case 'PARTICIPANT_LEFT':
      return left(moment, event);
    case 'PARTICIPANT_JOINED':
      return change(moment, event.userId ?? '', (each) =>
        each.state === 'disconnected' ? { state: each.before } : {},
      );
    case 'SERVER_STARTED':
      return {
        ...moment,
        members: moment.members.map((each) =>
          each.state === 'ringing' || each.state === 'joined'
            ? { ...each, state: 'disconnected', before: each.state }
            : each,
        ),
      };
    case 'ENDED':
      return { ...moment, state: 'ENDED' };
    default:
      return moment;
  }
}

/** The call after each of the events. */
export function moments(events: readonly CallEvent[]): Moment[] {
  const all: Moment[] = [];
  let moment = nothing;
  for (const event of events) all.push((moment = evolve(moment, event)));
  return all;
}

/** Whether the events that were applied are numbered without a hole. */
export interface Numbering {
  applied: number;
  first: number;
  last: number;
  /** The first number that is missing. */
  hole?: number;
}

export function numbering(events: readonly CallEvent[]): Numbering | undefined {
  const applied = events.filter((event) => !event.outcome && event.type !== 'SERVER_STARTED');
  const first = applied[0];
  if (!first) return undefined;
  let last = first.seq - 1;
  for (const { seq } of applied) {
    if (seq !== last + 1)
      return { applied: applied.length, first: first.seq, last, hole: last + 1 };
    last = seq;
  }
  return { applied: applied.length, first: first.seq, last };
}
