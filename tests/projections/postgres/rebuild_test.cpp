// Made anew from the log: all at once for whoever reads, beside whoever writes.

#include <atomic>
#include <thread>

#include "projections/postgres/fixture.hpp"

namespace callstate::projections::postgres {
namespace {

using history::Trouble;
using ::testing::HasSubstr;

bool go_on(const Progress&) {
  return true;
}

class PostgresRebuild : public PostgresTest {
 protected:
  Source source{log, log_id, payload_of};

  Rebuilt rebuild_all(const RebuildOptions& options = {.batch_records = 100}) {
    const auto made = rebuild(settings, source, options, go_on);
    EXPECT_TRUE(made) << made.error().message;
    EXPECT_TRUE(made && made->finished);
    return made.value_or(Rebuilt{});
  }
  void expect_tidy() const {
    EXPECT_EQ(one("SELECT count(*) FROM pg_class WHERE relname LIKE '%rebuild%'"), "0");
  }
};

TEST_F(PostgresRebuild, FromNothingGivesTheRowsOfAFold) {
  const auto records = random_records(21, 12, 200);
  append(log, records);
  rebuild_all();
  expect_rows_of(records);
  EXPECT_EQ(position(), std::to_string(records.size()));
  expect_tidy();
  EXPECT_EQ(Following(settings, log).run().lag_records, 0U);
  expect_rows_of(records);
}

TEST_F(PostgresRebuild, MendsWhateverHasBecomeOfTheRows) {
  const auto records = random_records(22, 12, 200);
  append(log, records);
  Following(settings, log).run();
  EXPECT_EQ(rebuild_all().replaced, 0U) << "rows that are right are not touched";
  execute(R"(DELETE FROM "CallLog" WHERE "position" % 3 = 0)");
  execute(R"(UPDATE "CallEvent" SET "payload" = '{}' WHERE "position" % 5 = 0)");
  execute(R"(UPDATE "CallEvent" SET "position" = "position" + 1000000 WHERE "position" % 7 = 0)");
  execute(R"(UPDATE "CallLog" SET "id" = gen_random_uuid() WHERE "position" % 4 = 0)");
  EXPECT_GT(rebuild_all().replaced, 0U);
  expect_rows_of(records);
  execute(R"(TRUNCATE "CallLog", "CallEvent")");
  rebuild_all();
  expect_rows_of(records);
  expect_tidy();
}

TEST_F(PostgresRebuild, KeepsTheTablesAndWhatHangsOnThem) {
  append(log, plain_records(20));
  Following(settings, log).run();
  execute(
      R"(CREATE VIEW "mine" AS SELECT "id" FROM "CallLog" WHERE "status" = 'ENDED';)"
      R"(CREATE INDEX "mine_too" ON "CallLog" ("endedAt"); GRANT SELECT ON "CallLog" TO PUBLIC)");
  const std::string looks =
      R"(SELECT oid, relacl, relrowsecurity, obj_description(oid), (SELECT count(*) FROM pg_index )"
      R"(WHERE indrelid = c.oid), (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) )"
      R"(FROM pg_class AS c WHERE relname IN ('CallLog', 'CallEvent') ORDER BY relname)";
  const auto before = query(looks);
  execute(R"(DELETE FROM "CallLog")");
  rebuild_all();
  EXPECT_EQ(query(looks), before);
  EXPECT_EQ(one(R"(SELECT count(*) FROM "mine")"), "20");
}

TEST_F(PostgresRebuild, GoesOnWhereItWasInterrupted) {
  append(log, plain_records(500));
  call::Position stopped_at = 0;
  const auto stopped = rebuild(settings, source, {.batch_records = 100}, [&](const Progress& at) {
    stopped_at = at.done;
    return at.done < 1'000;
  });
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_FALSE(stopped->finished);
  EXPECT_EQ(one(R"(SELECT count(*) FROM "CallEvent")"), "0") << "nothing is seen of it";

  call::Position went_on_at = 0;
  const auto finished = rebuild(settings, source, {.batch_records = 100}, [&](const Progress& at) {
    if (went_on_at == 0) went_on_at = at.done;
    return true;
  });
  ASSERT_TRUE(finished && finished->finished);
  EXPECT_EQ(went_on_at, stopped_at + 100);
  expect_rows_of(log.all());
  expect_tidy();
}

TEST_F(PostgresRebuild, BeginsAnewOnceTheLogIsAnotherOne) {
  append(log, plain_records(100));
  (void)rebuild(settings, source, {.batch_records = 100},
                [](const Progress& at) { return at.done < 200; });
  source.log_id = "log-2";
  rebuild_all();
  expect_rows_of(log.all());
}

TEST_F(PostgresRebuild, OfTheRowsOfAnotherLogMustBeAskedFor) {
  append(log, plain_records(10));
  Following(settings, log).run();
  support::MemoryLog other;
  append(other, random_records(23, 3, 50));
  const Source theirs{other, "log-2", payload_of};
  const auto refused = rebuild(settings, theirs, {}, go_on);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Trouble::Kind::lasting);
  EXPECT_THAT(refused.error().message, HasSubstr("another log (log-1, and this is log-2)"));
  expect_rows_of(log.all());
  const auto made = rebuild(settings, theirs, {.take_over = true}, go_on);
  ASSERT_TRUE(made) << made.error().message;
  expect_rows_of(other.all());
  EXPECT_EQ(Following(settings, other, 100, "log-2").run().lag_records, 0U);
}

TEST_F(PostgresRebuild, BringsRowsBackThatAreAheadOfTheLog) {
  append(log, plain_records(10));
  Following(settings, log).run();
  log.lose_after(7);
  rebuild_all();
  expect_rows_of(log.all());
  EXPECT_EQ(position(), "7");
  EXPECT_EQ(Following(settings, log).run().lag_records, 0U);
}

TEST_F(PostgresRebuild, RefusesToRunTwiceAtATime) {
  append(log, plain_records(50));
  const auto made = rebuild(settings, source, {.batch_records = 50}, [&](const Progress&) {
    const auto second = rebuild(settings, source, {}, go_on);
    EXPECT_FALSE(second);
    if (!second) {
      EXPECT_THAT(second.error().message, HasSubstr("runs already"));
    }
    return true;
  });
  EXPECT_TRUE(made && made->finished);
}

TEST_F(PostgresRebuild, RefusesALogWithoutItsBeginning) {
  append(log, plain_records(50));
  log.set_first(20);
  const auto made = rebuild(settings, source, {}, go_on);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("no longer has its beginning: it goes from 20"));
}

// Of rows that are all wrong a reader sees all of them wrong, then all of them right.
class Reader {
 public:
  explicit Reader(const Settings& settings, call::Position upto)
      : connection_(settings.connection), upto_(std::to_string(upto)) {}

  void read(const std::atomic<bool>& over) {
    while (!over) look();
  }
  /// Both tables in one snapshot, and each by itself.
  void look() {
    pqxx::transaction<pqxx::repeatable_read> work(connection_);
    const auto calls = count(work, "CallLog", "changedPosition");
    const auto events = count(work, "CallEvent", "position");
    EXPECT_EQ(calls.first, events.first) << "one half is of before, one of after";
    calls.first ? ++wrongs_ : ++rights_;
  }
  [[nodiscard]] int wrongs() const { return wrongs_; }
  [[nodiscard]] int rights() const { return rights_; }

 private:
  /// Whether the rows are the wrong ones, and how many there are.
  std::pair<bool, int> count(pqxx::transaction_base& work, const std::string& table,
                             const std::string& position) {
    const auto row = work.exec1(
        "SELECT count(*), count(*) FILTER (WHERE \"roomName\" = 'wrong') FROM "
        "callstate.\"" +
        table + "\" WHERE \"" + position + "\" <= " + upto_);
    const auto all = row[0].as<int>();
    const auto wrong = row[1].as<int>();
    EXPECT_TRUE(wrong == 0 || wrong == all) << table << ": " << wrong << " of " << all;
    auto& expected = counts_[table];
    if (expected == 0) expected = all;
    EXPECT_EQ(all, expected) << table << ": rows came or went";
    return {wrong > 0, all};
  }

  pqxx::connection connection_;
  const std::string upto_;
  std::map<std::string, int> counts_;
  int wrongs_ = 0;
  int rights_ = 0;
};

TEST_F(PostgresRebuild, IsSeenAsAWholeWhileOthersReadAndWrite) {
  append(log, plain_records(2'000));
  Following following(settings, log, 500);
  following.run();
  const auto settled = log.head();
  execute(
      R"(UPDATE "CallLog" SET "roomName" = 'wrong'; UPDATE "CallEvent" SET "roomName" = 'wrong')");

  std::atomic<bool> over = false;
  Reader reader(settings, settled);
  std::thread reading([&] { reader.read(over); });
  // The log grows, and the sink goes on, all the while.
  std::thread writing([&] {
    for (std::size_t more = 1; !over; ++more) {
      append(log, plain_records(10, 10'000 + more * 10));
      following.run();
    }
  });
  const auto made = rebuild(settings, source, {.batch_records = 500}, go_on);
  over = true;
  reading.join();
  writing.join();
  ASSERT_TRUE(made && made->finished) << (made ? "" : made.error().message);
  EXPECT_GE(made->replaced, 8'000U);
  EXPECT_GT(reader.wrongs(), 0) << "it has not read before";
  reader.look();
  EXPECT_GT(reader.rights(), 0) << "it has not read after";
  EXPECT_GT(log.head(), settled) << "nothing was written meanwhile";
  following.run();
  ASSERT_EQ(following.run().lag_records, 0U);
  expect_rows_of(log.all());
  expect_tidy();
}

TEST_F(PostgresRebuild, AheadOfALateSinkMovesItOn) {
  append(log, plain_records(20));
  Following late(settings, log, 10);
  late.run(3);
  rebuild_all();
  const auto deposed = late.run(1);
  ASSERT_TRUE(deposed.trouble);
  EXPECT_EQ(deposed.trouble->kind, Trouble::Kind::passing);
  EXPECT_THAT(deposed.trouble->message, HasSubstr("a rebuild that has just finished"));
  EXPECT_EQ(late.run().lag_records, 0U);
  expect_rows_of(log.all());
}

}  // namespace
}  // namespace callstate::projections::postgres
