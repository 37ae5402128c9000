-- Where calls that go on are looked for: an opening reads their rows, and must not
-- read those of all calls there ever were. An index of them would be one more that
-- every change of a status moves a row in.

ALTER TABLE "ProjectionCheckpoint" ADD COLUMN "liveFrom" uuid;
COMMENT ON COLUMN "ProjectionCheckpoint"."liveFrom" IS
  'No call that goes on has a lower id. Null: not known until the rows are kept on.';
