-- Who reads with a tenant's token sees that tenant's rows. Not forced: the owner
-- of the tables, which is callstate's own role, is above the policies, and so is
-- whoever has BYPASSRLS. Reading also needs GRANT USAGE and SELECT, which are the
-- operator's to give.

CREATE FUNCTION "callstate_tenant"() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE SET search_path = ''
AS $$
  SELECT coalesce(claims #>> '{app_metadata,tenant_id}', claims ->> 'tenant_id')
  FROM (SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb AS claims) AS token
$$;
COMMENT ON FUNCTION "callstate_tenant"() IS
  'The tenant of the token that a request came with, by the claims that callstate reads.';

ALTER TABLE "CallLog" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "a tenant reads its own calls" ON "CallLog" FOR SELECT
  USING ("tenantId" = (SELECT "callstate_tenant"()));

ALTER TABLE "CallEvent" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "a tenant reads its own events" ON "CallEvent" FOR SELECT
  USING ("tenantId" = (SELECT "callstate_tenant"()));

-- Nobody's but the owner's.
ALTER TABLE "ProjectionCheckpoint" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "ProjectionSkip" ENABLE ROW LEVEL SECURITY;
