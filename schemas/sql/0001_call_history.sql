-- The history of calls: one row for each call, one for each of its records.
-- Runs inside the schema of choice (search_path), in one transaction.

CREATE TABLE "CallLog" (
  "id"                   uuid PRIMARY KEY,
  "tenantId"             text NOT NULL,
  "roomName"             text NOT NULL,
  "fromUserId"           text,
  "toUserId"             text,
  "fromPortalCustomerId" text,
  "toPortalCustomerId"   text,
  "callerName"           text,
  "calleeName"           text,
  "status"               text NOT NULL,
  "startedAt"            timestamptz(6) NOT NULL,
  "answeredAt"           timestamptz(6),
  "endedAt"              timestamptz(6),
  "ringDeadline"         timestamptz(6),
  "duration"             integer,
  "endReason"            text,
  "endDetail"            text,
  "metadata"             jsonb,
  "participants"         jsonb NOT NULL,
  "position"             bigint NOT NULL,
  "changedPosition"      bigint NOT NULL
) WITH (fillfactor = 50);  -- a live call's row is updated in place

CREATE INDEX "CallLog_tenant_started" ON "CallLog" ("tenantId", "startedAt" DESC);
CREATE INDEX "CallLog_tenant_room" ON "CallLog" ("tenantId", "roomName", "startedAt" DESC);
CREATE INDEX "CallLog_tenant_from" ON "CallLog" ("tenantId", "fromUserId", "startedAt" DESC)
  WHERE "fromUserId" IS NOT NULL;
CREATE INDEX "CallLog_tenant_to" ON "CallLog" ("tenantId", "toUserId", "startedAt" DESC)
  WHERE "toUserId" IS NOT NULL;
CREATE INDEX "CallLog_tenant_from_customer"
  ON "CallLog" ("tenantId", "fromPortalCustomerId", "startedAt" DESC)
  WHERE "fromPortalCustomerId" IS NOT NULL;
CREATE INDEX "CallLog_tenant_to_customer"
  ON "CallLog" ("tenantId", "toPortalCustomerId", "startedAt" DESC)
  WHERE "toPortalCustomerId" IS NOT NULL;

COMMENT ON TABLE "CallLog" IS
  'One row for each call. Kept by callstate from its event log: read it, do not write it.';
COMMENT ON COLUMN "CallLog"."id" IS 'The call''s id, as in events and URLs (UUIDv7).';
COMMENT ON COLUMN "CallLog"."tenantId" IS 'The organisation that the call belongs to.';
COMMENT ON COLUMN "CallLog"."roomName" IS 'Where the call happened; a room has many calls, one at a time.';
COMMENT ON COLUMN "CallLog"."fromUserId" IS 'The caller, unless a portal customer.';
COMMENT ON COLUMN "CallLog"."toUserId" IS
  'The first callee, unless known as a portal customer; a callee''s role is known once it has acted.';
COMMENT ON COLUMN "CallLog"."fromPortalCustomerId" IS 'The caller, where a portal customer.';
COMMENT ON COLUMN "CallLog"."toPortalCustomerId" IS 'The first callee, where a portal customer.';
COMMENT ON COLUMN "CallLog"."callerName" IS 'The caller''s display name, as of the start.';
COMMENT ON COLUMN "CallLog"."calleeName" IS 'The callee''s display name, as the caller gave it.';
COMMENT ON COLUMN "CallLog"."status" IS
  'RINGING, CONNECTED, ENDED, REJECTED, CANCELLED, MISSED or FAILED.';
COMMENT ON COLUMN "CallLog"."startedAt" IS 'When the caller called.';
COMMENT ON COLUMN "CallLog"."answeredAt" IS 'When the first callee accepted; null: nobody has.';
COMMENT ON COLUMN "CallLog"."endedAt" IS 'When the call ended; null while it goes on.';
COMMENT ON COLUMN "CallLog"."ringDeadline" IS 'Until when the latest invitation rings.';
COMMENT ON COLUMN "CallLog"."duration" IS
  'Whole seconds from the answer to the end, 0 where nobody answered; null while the call goes on.';
COMMENT ON COLUMN "CallLog"."endReason" IS
  'hangup, cancelled, rejected, no_answer, connection_lost, max_duration or media_finished.';
COMMENT ON COLUMN "CallLog"."endDetail" IS 'The word of who hung up or declined.';
COMMENT ON COLUMN "CallLog"."metadata" IS
  'What the caller sent along, an object. One with "$json" holds as text what jsonb cannot carry exactly: read that as JSON.';
COMMENT ON COLUMN "CallLog"."participants" IS
  'Everybody of the call, the caller first: [{"user", "role"}]; role is null until known.';
COMMENT ON COLUMN "CallLog"."position" IS 'The log''s position of CALL_STARTED.';
COMMENT ON COLUMN "CallLog"."changedPosition" IS 'The log''s position of the last record that changed this row.';

CREATE TABLE "CallEvent" (
  "id"         uuid PRIMARY KEY,
  "tenantId"   text NOT NULL,
  "callId"     uuid,
  "callerId"   text,
  "calleeId"   text,
  "roomName"   text NOT NULL,
  "eventType"  text NOT NULL,
  "outcome"    text NOT NULL,
  "code"       text,
  "payload"    jsonb NOT NULL,
  "createdAt"  timestamptz(6) NOT NULL,
  "position"   bigint NOT NULL,
  "seq"        bigint NOT NULL,
  "actorId"    text NOT NULL,
  "actorRole"  text NOT NULL,
  "deviceId"   text,
  "messageId"  text
);

CREATE UNIQUE INDEX "CallEvent_position" ON "CallEvent" ("position");
CREATE INDEX "CallEvent_call_position" ON "CallEvent" ("callId", "position");
CREATE INDEX "CallEvent_tenant_room" ON "CallEvent" ("tenantId", "roomName", "position");

COMMENT ON TABLE "CallEvent" IS
  'One row for each record of a room, whatever became of it. Kept by callstate from its event log: read it, do not write it.';
COMMENT ON COLUMN "CallEvent"."id" IS 'Made from the time and the position: the same whenever the row is made again (UUIDv7).';
COMMENT ON COLUMN "CallEvent"."tenantId" IS 'The organisation that the room belongs to.';
COMMENT ON COLUMN "CallEvent"."callId" IS 'The call (CallLog.id); null where none is concerned.';
COMMENT ON COLUMN "CallEvent"."callerId" IS 'The caller of that call.';
COMMENT ON COLUMN "CallEvent"."calleeId" IS 'The first callee of that call.';
COMMENT ON COLUMN "CallEvent"."roomName" IS 'The room.';
COMMENT ON COLUMN "CallEvent"."eventType" IS 'CALL_STARTED, RINGING, ACCEPTED and so on, as on the wire.';
COMMENT ON COLUMN "CallEvent"."outcome" IS 'applied, ignored or refused.';
COMMENT ON COLUMN "CallEvent"."code" IS 'Why it was refused, as on the wire: WRONG_STATE and so on.';
COMMENT ON COLUMN "CallEvent"."payload" IS
  'The event as it went over the wire; of one that was not applied, what was asked for. "$json" as in CallLog.metadata.';
COMMENT ON COLUMN "CallEvent"."createdAt" IS 'The log''s time.';
COMMENT ON COLUMN "CallEvent"."position" IS 'The record''s number in the whole log.';
COMMENT ON COLUMN "CallEvent"."seq" IS 'The event''s number in its room; of one that was not applied, that of the last before it.';
COMMENT ON COLUMN "CallEvent"."actorId" IS 'Who did it; "system" for what the server concluded.';
COMMENT ON COLUMN "CallEvent"."actorRole" IS 'CRM_USER, PORTAL_CUSTOMER, AUDITOR, SERVICE or SYSTEM.';
COMMENT ON COLUMN "CallEvent"."deviceId" IS 'What the actor''s client calls its device.';
COMMENT ON COLUMN "CallEvent"."messageId" IS 'The client''s own id of the message.';
