// Every row held against the log; what has drifted is listed, and mended on demand.

#include "projections/postgres/fixture.hpp"

namespace callstate::projections::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class PostgresVerify : public PostgresTest {
 protected:
  PostgresVerify() : records(random_records(31, 10, 250)) {
    append(log, records);
    Following(settings, log).run();
  }
  const std::vector<call::Record> records;
  Source source{log, log_id, payload_of};

  Verified look(const VerifyOptions& options = {}) const {
    const auto found = verify(settings, source, options, [](const Progress&) { return true; });
    EXPECT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found && found->finished);
    return found.value_or(Verified{});
  }
  /// `CallLog differs status`, `CallEvent missing`: without the keys.
  static std::vector<std::string> kinds(const Verified& found) {
    std::vector<std::string> made;
    for (const auto& drift : found.drift) {
      made.push_back(drift.table + ' ' + std::string(name_of(drift.kind)) +
                     (drift.column.empty() ? "" : ' ' + drift.column));
    }
    return made;
  }
};

TEST_F(PostgresVerify, FindsNothingInRowsThatAreRight) {
  const auto found = look();
  EXPECT_TRUE(found.drift.empty());
  EXPECT_FALSE(found.more);
  EXPECT_EQ(found.position, records.size());
  EXPECT_EQ(std::to_string(found.calls), one(R"(SELECT count(*) FROM "CallLog")"));
  EXPECT_EQ(std::to_string(found.events), one(R"(SELECT count(*) FROM "CallEvent")"));
  EXPECT_EQ(one("SELECT count(*) FROM pg_class WHERE relname LIKE '%rebuild%'"), "0");
}

TEST_F(PostgresVerify, FindsEachDriftAndMendsIt) {
  const std::string some = R"((SELECT "id" FROM "CallLog" ORDER BY "position" OFFSET )";
  const auto id = one("SELECT " + some + "1 LIMIT 1)");
  execute(R"(UPDATE "CallLog" SET "status" = 'LOST', "duration" = 99 WHERE "id" = )" + some +
          "1 LIMIT 1)");
  execute(R"(DELETE FROM "CallLog" WHERE "id" = )" + some + "3 LIMIT 1)");
  execute(R"(INSERT INTO "CallLog" SELECT (jsonb_populate_record(c, '{"id":)"
          R"("99999999-0000-7000-8000-000000000000"}')).* FROM "CallLog" AS c LIMIT 1)");
  execute(R"(UPDATE "CallEvent" SET "payload" = '{"a":1}', "code" = 'NONE' WHERE "position" = 7)");
  execute(R"(DELETE FROM "CallEvent" WHERE "position" = 9)");
  execute(R"(UPDATE "CallEvent" SET "position" = 777777 WHERE "position" = 11)");

  const auto found = look();
  EXPECT_THAT(
      kinds(found),
      UnorderedElementsAre("CallLog differs status", "CallLog differs duration", "CallLog missing",
                           "CallLog extra", "CallEvent differs payload", "CallEvent differs code",
                           "CallEvent missing", "CallEvent missing", "CallEvent extra"));
  for (const auto& drift : found.drift) {
    if (drift.column == "status") {
      EXPECT_EQ(drift.found, "LOST");
      EXPECT_NE(drift.expected, "LOST");
      EXPECT_EQ(to_string(drift.call), id);
    }
    if (drift.column == "payload") {
      EXPECT_EQ(drift.position, 7U);
      EXPECT_THAT(drift.expected, HasSubstr(R"("number": 7)"));
    }
  }
  const auto mended = look({.repair = true});
  EXPECT_EQ(kinds(mended), kinds(found));
  EXPECT_EQ(mended.repaired, 7U);
  EXPECT_TRUE(look().drift.empty());
  expect_rows_of(records);
}

TEST_F(PostgresVerify, MendsOnlyWhatHasDrifted) {
  execute(R"(UPDATE "CallEvent" SET "actorId" = 'x' WHERE "position" = 5)");
  const auto untouched = query(R"(SELECT "position", xmin FROM "CallEvent" WHERE "position" <> 5)");
  EXPECT_EQ(look({.repair = true}).repaired, 1U);
  EXPECT_EQ(query(R"(SELECT "position", xmin FROM "CallEvent" WHERE "position" <> 5)"), untouched);
  expect_rows_of(records);
}

TEST_F(PostgresVerify, ListsSoManyAndSaysThereAreMore) {
  execute(R"(UPDATE "CallEvent" SET "actorId" = 'x')");
  const auto found = look({.drift_max = 10});
  EXPECT_EQ(found.drift.size(), 10U);
  EXPECT_TRUE(found.more);
  EXPECT_EQ(found.drift.front().position, 1U);
}

TEST_F(PostgresVerify, ComparesUpToWhereTheRowsAre) {
  append(log, plain_records(10));
  const auto found = look();
  EXPECT_EQ(found.position, records.size());
  EXPECT_TRUE(found.drift.empty());
}

TEST_F(PostgresVerify, SeesNoDriftInWhatIsWrittenMeanwhile) {
  Following following(settings, log, 50);
  const auto found = verify(settings, source, {.batch_records = 100}, [&](const Progress&) {
    append(log, plain_records(3, log.head()));
    following.run();
    return true;
  });
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->drift.empty());
  EXPECT_GT(found->position, records.size());
}

TEST_F(PostgresVerify, AfterARebuildThatWasInterruptedAheadOfTheRows) {
  append(log, plain_records(100));
  (void)rebuild(settings, source, {.batch_records = 10},
                [&](const Progress& at) { return at.done < records.size() + 50; });
  EXPECT_TRUE(look().drift.empty());
}

TEST_F(PostgresVerify, RefusesWithoutRowsOfThisLog) {
  source.log_id = "log-2";
  const auto other = verify(settings, source, {}, [](const Progress&) { return true; });
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("another log"));
  settings.schema = "empty";
  const auto none = verify(settings, source, {}, [](const Progress&) { return true; });
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("no rows in PostgreSQL yet"));
}

using PostgresMending = PostgresTest;

TEST_F(PostgresMending, OfTheOnlyCallThatGoesOnHasItGoneOnWith) {
  const Source source{log, log_id, payload_of};
  const auto go_on = [](const Progress&) { return true; };
  for (const bool repairs : {true, false}) {
    auto begun = plain_records(2, repairs ? 0 : 2);
    const auto end = begun.back();
    begun.pop_back();
    append(log, begun);
    Following(settings, log).run();
    execute(R"(DELETE FROM "CallLog" WHERE "id" = ')" + to_string(end.call) + "'");
    Following(settings, log).run();  // knows nothing of it
    if (repairs) {
      EXPECT_EQ(verify(settings, source, {.repair = true}, go_on).value().repaired, 1U);
    } else {
      EXPECT_EQ(rebuild(settings, source, {}, go_on).value().replaced, 1U);
    }
    append(log, {end});
    Following(settings, log).run();
    expect_rows_of(log.all());
  }
}

}  // namespace
}  // namespace callstate::projections::postgres
