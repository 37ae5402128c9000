// The schema: made once, whoever comes first, and refused where it is another's.

#include <thread>

#include "projections/postgres/fixture.hpp"

namespace callstate::projections::postgres {
namespace {

using history::Trouble;

class PostgresMigrations : public PostgresTest {
 protected:
  std::string open() {
    PostgresSink sink(settings, payload_of);
    const auto standing = sink.open(log_id, 10);
    return standing ? std::string() : standing.error().message;
  }
  void expect_lasting(const std::string& words) {
    PostgresSink sink(settings, payload_of);
    const auto standing = sink.open(log_id, 10);
    ASSERT_FALSE(standing);
    EXPECT_EQ(standing.error().kind, Trouble::Kind::lasting);
    EXPECT_THAT(standing.error().message, ::testing::HasSubstr(words));
  }
};

TEST_F(PostgresMigrations, RunTwiceDoNothing) {
  ASSERT_EQ(open(), "");
  const auto first = query(R"(SELECT * FROM "SchemaMigration")");
  EXPECT_EQ(first.size(), 4U);
  ASSERT_EQ(open(), "");
  EXPECT_EQ(query(R"(SELECT * FROM "SchemaMigration")"), first);
}

TEST_F(PostgresMigrations, ByManyServersAtOnceAreDoneOnce) {
  std::vector<std::string> said(6);
  {
    std::vector<std::jthread> servers;
    for (auto& words : said) servers.emplace_back([&] { words = open(); });
  }
  for (const auto& words : said) EXPECT_EQ(words, "");
  EXPECT_EQ(one(R"(SELECT count(*) FROM "SchemaMigration")"), "4");
}

TEST_F(PostgresMigrations, GoIntoTheSchemaOfChoice) {
  settings.schema = R"(Cörm "calls")";
  cluster.execute(database, R"(CREATE SCHEMA "Cörm ""calls""")");
  ASSERT_EQ(open(), "");
  cluster.execute(database, R"(SELECT "status" FROM "Cörm ""calls"""."CallLog")");
}

TEST_F(PostgresMigrations, RefuseASchemaOfANewerCallstate) {
  ASSERT_EQ(open(), "");
  execute(R"(INSERT INTO "SchemaMigration" VALUES (5, '0005_more', 'x', now()))");
  expect_lasting("was made by a newer callstate (migration 5, 0005_more)");
}

TEST_F(PostgresMigrations, RefuseWhatWasMigratedByOtherTexts) {
  ASSERT_EQ(open(), "");
  execute(R"(UPDATE "SchemaMigration" SET "sha256" = 'x' WHERE "version" = 2)");
  expect_lasting("migration 2 of the schema callstate was another one");
}

TEST_F(PostgresMigrations, ThatFailLeaveNothingBehindAndGoOnOnceMended) {
  execute(R"(CREATE SCHEMA callstate; CREATE TABLE callstate."CallEvent" (mine int))");
  expect_lasting("a migration is half done by other hands");
  EXPECT_EQ(one("SELECT to_regclass('callstate.\"CallLog\"') IS NULL"), "t")
      << "half of it is there";
  execute(R"(DROP TABLE "CallEvent")");
  EXPECT_EQ(open(), "");
}

TEST_F(PostgresMigrations, CommentEveryTableAndColumn) {
  ASSERT_EQ(open(), "");
  const auto bare = query(
      "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
      "WHERE c.relnamespace = 'callstate'::regnamespace AND c.relkind = 'r' AND a.attnum >= 0 AND "
      "c.relname <> 'SchemaMigration' AND col_description(c.oid, a.attnum) IS NULL");
  for (const auto& column : bare) ADD_FAILURE() << column[0] << "." << column[1] << " has none";
  EXPECT_EQ(query("SELECT relname FROM pg_class WHERE relnamespace = 'callstate'::regnamespace AND "
                  "relkind = 'r' AND obj_description(oid) IS NULL")
                .size(),
            0U);
}

TEST_F(PostgresMigrations, LetATenantReadItsOwnRowsOnly) {
  append(log, random_records(3, 4, 60));
  Following(settings, log).run();
  cluster.execute(database,
                  "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN;"
                  "GRANT USAGE ON SCHEMA callstate TO reader;"
                  "GRANT SELECT ON ALL TABLES IN SCHEMA callstate TO reader");
  settings.connection = cluster.connection(database, "user=reader");
  const auto tenants = [&](const std::string& claims, const std::string& table) {
    const auto rows = query("SELECT set_config('request.jwt.claims', '" + claims +
                            "', true); SELECT DISTINCT \"tenantId\" FROM \"" + table + '"');
    return rows;
  };
  for (const std::string table : {"CallLog", "CallEvent"}) {
    const std::vector<std::vector<std::string>> acme{{"acme"}};
    const std::vector<std::vector<std::string>> globex{{"globex"}};
    EXPECT_EQ(tenants(R"({"app_metadata":{"tenant_id":"acme"},"tenant_id":"globex"})", table),
              acme);
    EXPECT_EQ(tenants(R"({"tenant_id":"globex"})", table), globex);
    EXPECT_TRUE(tenants(R"({"sub":"somebody"})", table).empty());
    EXPECT_TRUE(query("SELECT * FROM \"" + table + '"').empty()) << "without a token";
  }
  EXPECT_TRUE(query(R"(SELECT * FROM "ProjectionCheckpoint")").empty());
}

TEST(PostgresSettings, NameWhatIsWrong) {
  EXPECT_TRUE(check({.connection = "postgresql://me:secret@db.example/crm?sslmode=require"}));
  EXPECT_FALSE(check({.connection = ""}));
  const auto bad = check({.connection = "postgresql://me:sec%ret@db.example/crm"});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error(), ::testing::Not(::testing::HasSubstr("sec")));
  EXPECT_FALSE(check({.connection = "host=x", .schema = ""}));
  EXPECT_FALSE(check({.connection = "host=x", .schema = "pg_catalog"}));
  EXPECT_FALSE(check({.connection = "host=x", .schema = std::string("a\0b", 3)}));
  EXPECT_FALSE(check({.connection = "host=x", .schema = std::string(64, 'a')}));
}

}  // namespace
}  // namespace callstate::projections::postgres
