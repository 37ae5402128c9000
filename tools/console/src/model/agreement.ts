import { type Call, type CallEvent, isLive, type Party, type Status } from '../api/wire.ts';
import type { PartyRole, Stored } from './stored.ts';

// Whether what a page shows is what the records say.

const ends: Record<string, Status> = {
  cancelled: 'CANCELLED',
  rejected: 'REJECTED',
  no_answer: 'MISSED',
};
function statusOf(reason: string, answered: boolean): Status {
  const unanswered = reason === 'connection_lost' || reason === 'media_finished';
  return unanswered && !answered ? 'FAILED' : (ends[reason] ?? 'ENDED');
}

/** What the server has to say of a call, by the fold of docs/domain.md. */
type Facts = Omit<Call, 'pos'>;

function add(facts: Facts, user: string, role: PartyRole) {
  const there = facts.participants.find(({ userId }) => userId === user);
  if (there) there.userRole ??= role;
  else {
    const first = facts.participants.length === 0;
    facts.participants.push({ userId: user, role: first ? 'caller' : 'callee', userRole: role });
  }
}

function begin({ event, call, stream, callerRole, calleeRoles }: Stored): Facts {
  const facts: Facts = {
    callId: call,
    roomName: stream,
    status: 'RINGING',
    callerId: event.callerId ?? '',
    callerName: event.callerName ?? '',
    calleeId: '',
    calleeName: event.calleeName ?? '',
    participants: [],
    metadata: event.metadata as Record<string, unknown>,
    startedAt: event.at,
    startedPos: event.pos,
    ringDeadline: event.ringDeadline,
    detail: '',
  };
  add(facts, facts.callerId, callerRole);
  event.calleeIds?.forEach((user, i) => add(facts, user, calleeRoles[i] ?? null));
  return facts;
}

function apply(facts: Facts, { event, calleeRoles, word }: Stored) {
  switch (event.type) {
    case 'ACCEPTED':
      if (facts.status !== 'RINGING') return;
      facts.status = 'CONNECTED';
      facts.answeredAt = event.at;
      facts.detail = '';
      return;
    case 'REJECTED':
      if (facts.status === 'RINGING') facts.detail = word;
      return;
    case 'INVITED':
      facts.ringDeadline = event.ringDeadline;
      event.calleeIds?.forEach((user, i) => add(facts, user, calleeRoles[i] ?? null));
      return;
    case 'ENDED':
      facts.status = statusOf(event.reason ?? '', facts.answeredAt !== undefined);
      facts.endedAt = event.at;
      facts.duration = event.duration;
      facts.endReason = event.reason;
      if (event.reason !== 'rejected') facts.detail = event.detail ?? '';
  }
}

/** The call up to that position; nothing where its beginning is not there. */
export function factsOf(records: readonly Stored[], upto: number): Facts | undefined {
  let facts: Facts | undefined;
  for (const record of records) {
    if (record.outcome !== 'applied' || record.event.pos > upto) continue;
    if (!facts && record.event.type === 'CALL_STARTED') facts = begin(record);
    else if (facts && isLive(facts.status)) apply(facts, record);
    else continue;
    const { by } = record.event;
    const role = record.role;
    const party = facts.participants.find(({ userId }) => userId === by);
    if (party && (role === 'CRM_USER' || role === 'PORTAL_CUSTOMER')) party.userRole ??= role;
  }
  if (!facts) return undefined;
  const callee = facts.participants[1]?.userId;
  if (callee === undefined) delete (facts as Partial<Facts>).calleeId;
  else facts.calleeId = callee;
  // Each is said where it means something.
  if (facts.status !== 'RINGING') delete facts.ringDeadline;
  if (isLive(facts.status) || !facts.detail) delete facts.detail;
  return facts;
}

const value_max = 60;
const told = (value: unknown) => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > value_max ? `${text.slice(0, value_max)}…` : text;
};

/** The first field in which they differ, as half a sentence. */
function difference(shown: object, said: object): string | undefined {
  const left = shown as Record<string, unknown>;
  const right = said as Record<string, unknown>;
  for (const name of new Set([...Object.keys(right), ...Object.keys(left)]))
    if (JSON.stringify(left[name]) !== JSON.stringify(right[name]))
      return `${name} is ${told(left[name])} on this page, and ${told(right[name])} in the record`;
  return undefined;
}

export interface Shown {
  call: Call;
  events: readonly CallEvent[];
}

/** What the page says otherwise than the records, each a sentence. */
export function disagreements({ call, events }: Shown, records: readonly Stored[]): string[] {
  const found: string[] = [];
  const ofCall = records.filter((record) => record.call === call.callId);
  const said = new Map(ofCall.map(({ event }) => [event.pos, event]));
  for (const event of events) {
    const record = said.get(event.pos);
    said.delete(event.pos);
    if (!record) found.push(`the event at ${event.pos} is shown, and not in the evidence`);
    else {
      const other = difference(event, record);
      if (other) found.push(`the event at ${event.pos} is shown otherwise than recorded: ${other}`);
    }
  }
  // What comes after all that is shown is of later.
  const last = events.at(-1)?.pos ?? 0;
  for (const pos of said.keys())
    if (pos < last) found.push(`the event at ${pos} is in the evidence, and not shown`);
  const facts = factsOf(ofCall, call.pos);
  if (!facts) return [...found, 'the beginning of the call is not in the evidence'];
  const { pos: _, ...shownOfCall } = call;
  const parties = (all: Party[]) => all.map(({ userId, role, userRole }) => [userId, role, userRole]);
  const other = difference(
    { ...shownOfCall, participants: parties(call.participants) },
    { ...facts, participants: parties(facts.participants) },
  );
  if (other) found.push(`the call is shown otherwise than its records have it: ${other}`);
  return found;
}
