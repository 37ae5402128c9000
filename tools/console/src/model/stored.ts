import type { CallEvent } from '../api/wire.ts';
import { type Bytes, toHex } from './bytes.ts';
import { Table } from './flat.ts';

// Records as the log stores and hashes them (schemas/record.fbs), and what
// `GET /v1/calls/{callId}/events` has to say of them.

const types = [
  '',
  'CALL_STARTED',
  'RINGING',
  'ACCEPTED',
  'REJECTED',
  'ENDED',
  'TIMED_OUT',
  'CALLEE_OFFLINE',
  'INVITED',
  'SIGNAL',
  'PARTICIPANT_JOINED',
  'PARTICIPANT_LEFT',
  'USER_ONLINE',
  'USER_OFFLINE',
  'USER_IN_CALL',
  'SERVER_STARTED',
  'MEDIA',
  'USER_REVOKED',
  'SEALED',
] as const;
const outcomes = ['applied', 'ignored', 'refused'] as const;
const codes = [
  'NONE',
  'INVALID_MESSAGE',
  'UNKNOWN_TYPE',
  'TOO_LARGE',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_PARTICIPANT',
  'IDENTITY_MISMATCH',
  'WRONG_STATE',
  'GLARE',
  'ANSWERED_ELSEWHERE',
  'ROOM_NOT_FOUND',
  'RATE_LIMITED',
  'OVERLOADED',
  'STORAGE_UNAVAILABLE',
  'INTERNAL',
  'CURSOR_EXPIRED',
  'DIRECTORY_UNAVAILABLE',
] as const;
const ends = [
  '',
  'hangup',
  'cancelled',
  'rejected',
  'no_answer',
  'connection_lost',
  'max_duration',
  'media_finished',
] as const;
const leaves = ['hangup', 'disconnected', 'connection_lost', 'no_answer'] as const;
const roles = ['CRM_USER', 'PORTAL_CUSTOMER', 'AUDITOR', 'SERVICE', 'SYSTEM'] as const;
/** Of who has not acted; nothing: it is not known. */
const partyRoles = [null, 'CRM_USER', 'PORTAL_CUSTOMER'] as const;
export type PartyRole = (typeof partyRoles)[number];

function known<Name>(names: readonly Name[], value: number): Name {
  const name = names[value];
  if (name === undefined) throw new RangeError('a value of a newer version');
  return name;
}

/** Microseconds since 1970, as the wire writes them. */
export function timeOf(microseconds: bigint): string {
  const within = ((microseconds % 1000n) + 1000n) % 1000n;
  const date = new Date(Number((microseconds - within) / 1000n));
  return `${date.toISOString().slice(0, -1)}${String(within).padStart(3, '0')}Z`;
}

function uuidOf(bytes: Bytes): string {
  const hex = toHex(bytes);
  return [0, 8, 12, 16, 20].map((at, i, all) => hex.slice(at, all[i + 1])).join('-');
}

export interface Sealed {
  first: bigint;
  last: bigint;
  root: string; // in hex, like every hash and key
  previousSeal: bigint;
  previousHash: string;
  log: string;
  key: string;
  signature: Bytes;
}

export interface Stored {
  ofRoom: boolean;
  tenant: string;
  stream: string;
  at: bigint;
  call: string; // empty: none
  outcome: (typeof outcomes)[number];
  role: (typeof roles)[number];
  /** The hash of the stream's record before it. */
  previous: string;
  /** What the server has to say of it. */
  event: CallEvent;
  /** Of who is called or invited, and of the caller, where they were known. */
  calleeRoles: PartyRole[];
  callerRole: PartyRole;
  /** Why somebody declines, in that person's own words; empty: nothing was said. */
  word: string;
  sealed?: Sealed;
}

const none = '0'.repeat(32);
const isSet = (time: bigint) => time !== 0n;
const json = (text: string): unknown => JSON.parse(text || '{}');

/** An event's own fields, as those who see everything get them. */
function ownFields(type: string, of: Table, by: string, device: string): Partial<CallEvent> {
  switch (type) {
    case 'CALL_STARTED': {
      const calleeIds = of.texts(2);
      return {
        callerId: of.text(0),
        callerName: of.text(1),
        ...(calleeIds.length > 0 ? { calleeId: calleeIds[0] } : {}),
        calleeIds,
        calleeName: of.text(3),
        ...(isSet(of.long(5)) ? { ringDeadline: timeOf(of.long(5)) } : {}),
        metadata: json(of.text(4)),
      };
    }
    case 'RINGING':
      return { userId: by, deviceId: device };
    case 'ACCEPTED':
      return { acceptedBy: by };
    case 'REJECTED':
      return { rejectedBy: by, reason: of.text(0) || 'rejected' };
    case 'ENDED':
      return {
        endedBy: by,
        reason: known(ends, of.byte(0)),
        duration: of.uint(2),
        ...(of.text(1) ? { detail: of.text(1) } : {}),
      };
    case 'CALLEE_OFFLINE':
      return { calleeId: of.text(0) };
    case 'INVITED':
      return {
        calleeIds: of.texts(0),
        invitedBy: by,
        ...(isSet(of.long(1)) ? { ringDeadline: timeOf(of.long(1)) } : {}),
      };
    case 'SIGNAL':
      return { from: by, to: of.text(0), data: json(of.text(1)) };
    case 'PARTICIPANT_JOINED':
      return { userId: of.text(0), participant: { userId: of.text(0) } };
    case 'PARTICIPANT_LEFT':
      return { userId: of.text(0), reason: known(leaves, of.byte(1)) };
    case 'MEDIA':
      return {
        event: of.text(0),
        ...(of.text(1) ? { userId: of.text(1) } : {}),
        ...(of.text(2) ? { detail: of.text(2) } : {}),
        ...(isSet(of.long(3)) ? { reportedAt: timeOf(of.long(3)) } : {}),
      };
    default:
      return {};
  }
}

const sealedOf = (of: Table): Sealed => ({
  first: of.ulong(0),
  last: of.ulong(1),
  root: toHex(of.bytes(2, 32)),
  previousSeal: of.ulong(3),
  previousHash: toHex(of.bytes(4, 32)),
  log: of.text(5),
  key: toHex(of.bytes(6, 16)),
  signature: of.bytes(7, 64),
});

/** What the bytes say; nothing where they are no record, or of a newer version. */
export function stored(bytes: Bytes, position: number): Stored | undefined {
  try {
    return read(bytes, position);
  } catch {
    return undefined;
  }
}

function read(bytes: Bytes, position: number): Stored | undefined {
  const record = Table.root(bytes, 'CSR1');
  const own = record?.table(11);
  const type = types[record?.byte(10) ?? 0];
  if (!record || !own || !type) return undefined;
  const actor = record.table(5);
  const by = actor ? actor.text(0) : 'system';
  const device = actor?.text(2) ?? '';
  const ofRoom = record.byte(0) === 0;
  const outcome = known(outcomes, record.byte(8));
  const call = toHex(record.bytes(7, 16)) === none ? '' : uuidOf(record.bytes(7, 16));
  const [callerRole, calleeRoles] =
    type === 'CALL_STARTED'
      ? [own.byte(8), own.byteList(7)]
      : type === 'INVITED'
        ? [0, own.byteList(3)]
        : [0, []];
  return {
    ofRoom,
    tenant: record.text(1),
    stream: record.text(2),
    at: record.long(4),
    call,
    outcome,
    role: actor ? known(roles, actor.byte(1)) : 'SYSTEM',
    previous: toHex(record.bytes(12, 32)),
    event: {
      type,
      ...(ofRoom ? { roomName: record.text(2) } : {}),
      seq: Number(record.ulong(3)),
      pos: position,
      at: timeOf(record.long(4)),
      callId: call || null,
      by,
      ...(device ? { deviceId: device } : {}),
      ...(outcome === 'applied' ? {} : { outcome }),
      ...(outcome === 'refused' ? { code: known(codes, record.byte(9)) } : {}),
      ...ownFields(type, own, by, device),
    },
    callerRole: known(partyRoles, callerRole),
    calleeRoles: calleeRoles.map((role) => known(partyRoles, role)),
    word: type === 'REJECTED' ? own.text(0) : '',
    ...(type === 'SEALED' ? { sealed: sealedOf(own) } : {}),
  };
}

/** The text that a seal's signature is of. */
export function statementOf(sealed: Sealed, at: bigint): string {
  const { first, last, root, previousSeal, previousHash, log, key } = sealed;
  return [
    'callstate seal 1',
    `log ${log}`,
    `first ${first}`,
    `last ${last}`,
    `records ${last - first + 1n}`,
    `root ${root}`,
    `previous-seal ${previousSeal}`,
    `previous-hash ${previousHash}`,
    `microseconds ${at}`,
    `key ${key}`,
    '',
  ].join('\n');
}

/** Whether a seal has a signature. */
export const isSigned = ({ key }: Sealed) => key !== none;
