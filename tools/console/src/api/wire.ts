// What the server says, as docs/protocol.md has it.

export const statuses = [
  'RINGING',
  'CONNECTED',
  'ENDED',
  'REJECTED',
  'CANCELLED',
  'MISSED',
  'FAILED',
] as const;
export type Status = (typeof statuses)[number];
export const isLive = (status: Status) => status === 'RINGING' || status === 'CONNECTED';

export interface Party {
  userId: string;
  role: 'caller' | 'callee';
  userRole: string | null;
}

export interface Call {
  callId: string;
  roomName: string;
  status: Status;
  callerId: string;
  callerName: string;
  calleeId: string;
  calleeName: string;
  participants: Party[];
  metadata: Record<string, unknown>;
  startedAt: string;
  startedPos: number;
  pos: number;
  answeredAt?: string;
  ringDeadline?: string;
  endedAt?: string;
  duration?: number;
  endReason?: string;
  detail?: string;
}

export interface CallPage {
  calls: Call[];
  next: string | null;
  pos: number;
}

/** An event, or what was tried and not applied: then it has an `outcome`. */
export interface CallEvent {
  type: string;
  roomName?: string;
  seq: number;
  pos: number;
  at: string;
  callId: string | null;
  by: string;
  outcome?: 'ignored' | 'refused';
  code?: string;
  /** Which of the user's devices; only where the server says so. */
  deviceId?: string;
  userId?: string;
  callerId?: string;
  callerName?: string;
  calleeId?: string;
  calleeIds?: string[];
  calleeName?: string;
  reason?: string;
  duration?: number;
  detail?: string;
  to?: string;
  event?: string;
  version?: string;
  data?: unknown;
  metadata?: unknown;
  ringDeadline?: string;
  reportedAt?: string;
  acceptedBy?: string;
  rejectedBy?: string;
  endedBy?: string;
  invitedBy?: string;
  from?: string;
  participant?: { userId: string };
}

export interface EventPage {
  events: CallEvent[];
  next: number | null;
  pos: number;
}

export interface RoomState {
  roomName: string;
  callId: string | null;
  callState: 'IDLE' | 'RINGING' | 'CONNECTED' | 'ENDED';
  participants: { userId: string; role: 'caller' | 'callee'; state: string }[];
  seq: number;
  pos: number;
}

export interface Projection {
  name: string;
  state: string;
  since: string;
  position: number;
  head: number;
  lagRecords: number;
  lagSeconds: number;
  retries: number;
  skipped: { position: number; reason?: string; at: string }[];
  /** The last there was; it is over unless the state says otherwise. */
  trouble?: { kind: string; message?: string; at: string; position?: number };
  rebuild?: ProjectionJob;
  verify?: ProjectionJob;
}

export interface ProjectionJob {
  state: string;
  startedAt: string;
  progress: { step: string; done: number; total: number };
  error?: string;
}
