-- How far the rows have come. In the same transaction as the rows, always.

CREATE TABLE "ProjectionCheckpoint" (
  "projection" text PRIMARY KEY,
  "logId"      text NOT NULL,
  "position"   bigint NOT NULL,
  "writer"     bigint NOT NULL,
  "updatedAt"  timestamptz(6) NOT NULL
) WITH (fillfactor = 50);  -- written with every batch

COMMENT ON TABLE "ProjectionCheckpoint" IS
  'How far callstate''s rows have come: everything of the log up to the position is in them.';
COMMENT ON COLUMN "ProjectionCheckpoint"."projection" IS 'Which rows: postgres.';
COMMENT ON COLUMN "ProjectionCheckpoint"."logId" IS 'The log that the rows are made from.';
COMMENT ON COLUMN "ProjectionCheckpoint"."position" IS 'The last position of that log that is in the rows.';
COMMENT ON COLUMN "ProjectionCheckpoint"."writer" IS
  'Rises whenever a server begins to keep the rows: who has an older number writes no more.';
COMMENT ON COLUMN "ProjectionCheckpoint"."updatedAt" IS 'When the rows last moved, by this database''s clock.';

CREATE TABLE "ProjectionSkip" (
  "projection" text NOT NULL,
  "position"   bigint NOT NULL,
  "reason"     text NOT NULL,
  "skippedAt"  timestamptz(6) NOT NULL,
  PRIMARY KEY ("projection", "position")
);

COMMENT ON TABLE "ProjectionSkip" IS 'Positions of the log that were passed over on purpose.';
COMMENT ON COLUMN "ProjectionSkip"."projection" IS 'Which rows: postgres.';
COMMENT ON COLUMN "ProjectionSkip"."position" IS 'The position that was passed over.';
COMMENT ON COLUMN "ProjectionSkip"."reason" IS 'Why, in the words of who did it.';
COMMENT ON COLUMN "ProjectionSkip"."skippedAt" IS 'When.';
