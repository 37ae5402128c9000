import type { Call, CallEvent } from '../api/wire.ts';
import { msOf, span } from './time.ts';

// What happened, in words.

/** A device that gave no label has one of the server's: `s-a152b086-1`. */
export const deviceName = (device: string) =>
  /^s-[0-9a-f]+-\d+$/.test(device) ? `unnamed ${device.slice(2)}` : device;

const on = ({ deviceId }: CallEvent) => (deviceId ? ` on ${deviceName(deviceId)}` : '');
const list = (users: readonly string[]) =>
  users.length > 3
    ? `${users.slice(0, 3).join(', ')} and ${users.length - 3} more`
    : users.join(', ');

export const reasons: Record<string, string> = {
  hangup: 'hung up',
  cancelled: 'cancelled by the caller',
  rejected: 'declined',
  no_answer: 'nobody answered',
  connection_lost: 'the connection was lost',
  max_duration: 'the longest duration was reached',
  media_finished: 'the media room was closed',
};

function ended(event: CallEvent): string {
  const word = event.detail ? `, “${event.detail}”` : '';
  if (event.reason === 'hangup' && event.by !== 'system')
    return `${event.by} hung up${on(event)}${word}`;
  if (event.reason === 'cancelled') return `${event.by} cancelled the call${word}`;
  return `the call ended: ${reasons[event.reason ?? ''] ?? event.reason ?? 'no reason given'}${word}`;
}

function left({ userId, reason }: CallEvent): string {
  if (reason === 'disconnected') return `${userId} lost the connection`;
  if (reason === 'connection_lost') return `${userId} did not come back in time`;
  if (reason === 'no_answer') return `${userId} did not answer in time`;
  return `${userId} left the call`;
}

function happened(event: CallEvent): string {
  const { by } = event;
  switch (event.type) {
    case 'CALL_STARTED':
      return `${by} called ${list(event.calleeIds ?? [event.calleeId ?? ''])}${
        event.deviceId ? ` from ${deviceName(event.deviceId)}` : ''
      }`;
    case 'RINGING':
      return `it rang at ${by}${on(event)}`;
    case 'ACCEPTED':
      return `${by} accepted${on(event)}`;
    case 'REJECTED':
      return `${by} declined${on(event)}${
        event.reason && event.reason !== 'rejected' ? `, “${event.reason}”` : ''
      }`;
    case 'ENDED':
      return ended(event);
    case 'TIMED_OUT':
      return 'nobody answered in time';
    case 'CALLEE_OFFLINE':
      return `${event.calleeId} had no device online`;
    case 'INVITED':
      return `${by} invited ${list(event.calleeIds ?? [])}`;
    case 'SIGNAL':
      return `${by} signalled ${event.to ?? ''}`;
    case 'PARTICIPANT_JOINED':
      return `${event.userId} was back`;
    case 'PARTICIPANT_LEFT':
      return left(event);
    case 'MEDIA':
      return `media server: ${event.event ?? ''}${event.userId ? ` ${event.userId}` : ''}${
        event.detail ? `, ${event.detail}` : ''
      }`;
    case 'SERVER_STARTED':
      return 'the server started anew; everybody had to come back';
    default:
      return `${event.type} by ${by}`;
  }
}

const attempts: Record<string, string> = {
  CALL_STARTED: 'to start a call',
  RINGING: 'to ring',
  ACCEPTED: 'to accept',
  REJECTED: 'to decline',
  ENDED: 'to hang up',
  INVITED: 'to invite',
  SIGNAL: 'to signal',
};

export const codes: Record<string, string> = {
  WRONG_STATE: 'it had no place in the call as it stood',
  NOT_PARTICIPANT: 'not in this call',
  IDENTITY_MISMATCH: 'it named somebody else as its sender',
  ANSWERED_ELSEWHERE: 'another device had answered',
  GLARE: 'the other side was already calling',
  FORBIDDEN: 'not allowed for this role',
  INVALID_MESSAGE: 'the list of callees made no sense',
};

/** One event as a sentence, without its full stop. */
export function sentence(event: CallEvent): string {
  if (!event.outcome) return happened(event);
  const what = `${event.by} tried ${attempts[event.type] ?? event.type}${on(event)}`;
  if (event.outcome === 'ignored') return `${what}: it changed nothing`;
  return `${what}: refused, ${codes[event.code ?? ''] ?? event.code ?? ''}`;
}

/** The word for a call's state or what became of it. */
export const statusWords: Record<string, string> = {
  RINGING: 'Ringing',
  CONNECTED: 'Talking',
  ENDED: 'Ended',
  REJECTED: 'Declined',
  CANCELLED: 'Cancelled',
  MISSED: 'Missed',
  FAILED: 'Failed',
  IDLE: 'Not begun',
};

export const callees = (call: Call) =>
  call.participants.filter(({ role }) => role === 'callee').map(({ userId }) => userId);

/** `Alice Adams`, else the id. */
export const nameOf = (call: Call, user: string) =>
  (user === call.callerId && call.callerName) ||
  (user === call.calleeId && call.calleeName) ||
  user;

/** Of our own words; an id stays as it is. */
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** From the answer to the end; the server's own `duration` is of whole seconds. */
export const talkedMs = ({ answeredAt, endedAt }: Call) =>
  answeredAt && endedAt ? msOf(endedAt) - msOf(answeredAt) : 0;

/** What happened, for who has ten seconds. */
export function story(call: Call, events: readonly CallEvent[]): string {
  const started = msOf(call.startedAt);
  const after = (at: string | undefined) => span(msOf(at ?? call.startedAt) - started);
  const first = (type: string) => events.find((event) => event.type === type && !event.outcome);
  const parts = [
    `${nameOf(call, call.callerId)} called ${list(callees(call).map((user) => nameOf(call, user)))}.`,
  ];
  const rang = first('RINGING');
  const accepted = first('ACCEPTED');
  const offline = first('CALLEE_OFFLINE');
  if (offline) parts.push(`${nameOf(call, offline.calleeId ?? '')} had no device online.`);
  if (rang) parts.push(`It rang${on(rang)} after ${after(rang.at)}.`);
  if (accepted)
    parts.push(`${nameOf(call, accepted.by)} answered${on(accepted)} after ${after(accepted.at)}.`);
  const losses = events.filter(
    (event) =>
      event.type === 'PARTICIPANT_LEFT' && event.reason === 'disconnected' && !event.outcome,
  ).length;
  if (losses > 0) parts.push(`A connection was lost ${losses === 1 ? 'once' : `${losses} times`}.`);
  const end = [...events].reverse().find((event) => event.type === 'ENDED' && !event.outcome);
  const talked = call.endedAt && call.answeredAt ? `They talked for ${span(talkedMs(call))}` : '';
  if (end) {
    const how =
      end.reason === 'hangup' && end.by !== 'system'
        ? `${nameOf(call, end.by)} hung up`
        : end.reason === 'cancelled'
          ? `${nameOf(call, end.by)} cancelled`
          : (reasons[end.reason ?? ''] ?? end.reason ?? '');
    const byUser = (end.reason === 'hangup' && end.by !== 'system') || end.reason === 'cancelled';
    parts.push(talked ? `${talked}, then ${how}.` : `${byUser ? how : capital(how)}.`);
  } else if (call.status === 'CONNECTED') parts.push('They are talking now.');
  else if (call.status === 'RINGING') parts.push('It rings now.');
  const refused = events.filter(({ outcome }) => outcome === 'refused').length;
  if (refused > 0)
    parts.push(`${refused === 1 ? 'One attempt was' : `${refused} attempts were`} refused.`);
  return parts.join(' ');
}
