// Rows in PostgreSQL are what the log says, each once.

#include <random>

#include "projections/postgres/fixture.hpp"

namespace callstate::projections::postgres {
namespace {

using history::Trouble;

class PostgresRows : public PostgresTest {};

TEST_F(PostgresRows, OfAThousandRandomCallsAreThoseOfAFold) {
  const auto records = random_records(1, 50, 1'200);
  append(log, records);
  Following following(settings, log, 333);
  const auto status = following.run();
  ASSERT_EQ(status.lag_records, 0U) << status.trouble.value_or(Trouble{}).message;
  EXPECT_EQ(position(), std::to_string(records.size()));
  EXPECT_GE(std::stoi(one(R"(SELECT count(*) FROM "CallLog")")), 1'000);
  expect_rows_of(records);
  // Cases that would otherwise prove nothing.
  for (const auto* filled : {"fromUserId", "toUserId", "fromPortalCustomerId", "toPortalCustomerId",
                             "endDetail", "metadata", "callerName"}) {
    EXPECT_NE(one(std::string("SELECT count(\"") + filled + "\") FROM \"CallLog\""), "0") << filled;
  }
  EXPECT_NE(one(R"(SELECT count(*) FROM "CallLog" WHERE "metadata" ? '$json')"), "0");
  EXPECT_EQ(one(R"(SELECT count(DISTINCT "status") FROM "CallLog")"), "7");
  EXPECT_EQ(one(R"(SELECT count(DISTINCT "outcome") FROM "CallEvent")"), "3");
}

TEST_F(PostgresRows, AreTheSameWhereverItIsInterrupted) {
  const auto records = random_records(2, 20, 100);
  append(log, records);
  std::mt19937_64 random(7);
  for (int life = 0; life < 25; ++life) {
    Following following(settings, log, 1 + random() % 200);
    following.run(static_cast<int>(1 + random() % 3));
  }
  Following following(settings, log);
  ASSERT_EQ(following.run().lag_records, 0U);
  expect_rows_of(records);
}

TEST_F(PostgresRows, HaveIdsThatRiseAndStayTheSame) {
  append(log, plain_records(3));
  ASSERT_EQ(Following(settings, log).run().lag_records, 0U);
  const auto ids = query(R"(SELECT "id" FROM "CallEvent" ORDER BY "position")");
  EXPECT_EQ(query(R"(SELECT "id" FROM "CallEvent" ORDER BY "id")"), ids);
  EXPECT_EQ(ids.front().front().at(14), '7');
}

TEST_F(PostgresRows, AreNotWrittenByWhoHasBeenDeposed) {
  append(log, plain_records(10));
  Following first(settings, log, 5);
  first.run(3);
  Following second(settings, log, 5);
  second.run(2);
  const auto there = position();

  history::CallHistory fold;
  for (const auto& record : log.all()) fold.add(record);
  const auto refused = first.sink.apply(fold.take());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("something else keeps the rows"));
  EXPECT_EQ(position(), there);
  // It may take over again: all that there is is there once.
  second.run(1);
  first.run();  // finds that it has no connection any more
  EXPECT_EQ(first.run().lag_records, 0U);
  expect_rows_of(log.all());
}

TEST_F(PostgresRows, AreNotWrittenBehindACheckpointThatWasMoved) {
  append(log, plain_records(10));
  Following following(settings, log, 5);
  following.run(3);
  execute(R"(UPDATE "ProjectionCheckpoint" SET "position" = 1)");
  const auto status = following.run(1);
  ASSERT_TRUE(status.trouble);
  EXPECT_EQ(status.trouble->kind, Trouble::Kind::lasting);
  EXPECT_THAT(status.trouble->message, ::testing::HasSubstr("is at 1 and was left at"));
  // From there on it would write what is there.
  const auto again = following.run(2);
  ASSERT_TRUE(again.trouble);
  EXPECT_THAT(again.trouble->message, ::testing::HasSubstr("already has rows"));
}

TEST_F(PostgresRows, OfCallsThatGoOnAreLookedForFromTheOldestOfThemOn) {
  const auto live_from = [this] { return one(R"(SELECT "liveFrom" FROM "ProjectionCheckpoint")"); };
  const auto found_live = [this] {
    PostgresSink sink(settings, payload_of);
    return sink.open(log_id, log.head()).value().live.size();
  };
  auto records = plain_records(5);
  const auto end = records.back();
  records.pop_back();
  append(log, records);
  Following following(settings, log, 7);
  following.run();
  EXPECT_EQ(live_from(), to_string(end.call));
  // Of what lies before it nothing is read, not even what says that it goes on.
  execute(R"(UPDATE "CallLog" SET "status" = 'RINGING' WHERE "id" < ')" + to_string(end.call) +
          "'");
  EXPECT_EQ(found_live(), 1U);
  execute(R"(UPDATE "ProjectionCheckpoint" SET "liveFrom" = NULL)");
  EXPECT_EQ(found_live(), 5U);
  EXPECT_EQ(live_from(), to_string(records.front().call));
}

TEST_F(PostgresRows, OfNoCallThatGoesOnSayThatThereIsNone) {
  append(log, plain_records(2));
  Following(settings, log).run();
  EXPECT_EQ(one(R"(SELECT "liveFrom" FROM "ProjectionCheckpoint")"),
            "ffffffff-ffff-ffff-ffff-ffffffffffff");
}

TEST_F(PostgresRows, OfAnotherLogAreLeftAlone) {
  append(log, plain_records(2));
  Following(settings, log).run();
  Following other(settings, log, 100, "log-2");
  const auto status = other.run();
  ASSERT_TRUE(status.trouble);
  EXPECT_EQ(status.trouble->kind, Trouble::Kind::lasting);
  EXPECT_THAT(status.trouble->message,
              ::testing::HasSubstr("another log (log-1, and this is log-2)"));
  expect_rows_of(log.all());
}

TEST_F(PostgresRows, AheadOfTheLogAreLeftAlone) {
  append(log, plain_records(2));
  Following(settings, log).run();
  log.lose_after(3);
  const auto status = Following(settings, log).run();
  ASSERT_TRUE(status.trouble);
  EXPECT_EQ(status.trouble->kind, Trouble::Kind::lasting);
  EXPECT_THAT(status.trouble->message, ::testing::HasSubstr("ahead of the log, which ends at 3"));
}

TEST_F(PostgresRows, ThatCannotBeHeldStopItUntilTheyAreSkipped) {
  const auto records = plain_records(6);
  append(log, records);
  const auto bad = call::Position{6};
  const PayloadText garbled = [&](const call::Record& record) {
    return record.position == bad ? std::string("{oops") : payload_of(record);
  };
  Following following(settings, log, 100, log_id, garbled);
  const auto stopped = following.run();
  EXPECT_EQ(stopped.state, State::stopped_by_poison);
  ASSERT_TRUE(stopped.trouble);
  EXPECT_EQ(stopped.trouble->position, bad);
  EXPECT_EQ(position(), std::to_string(bad - 1)) << "what comes before it is there";
  EXPECT_FALSE(following.follower.skip(bad + 1, "no"));

  ASSERT_TRUE(following.follower.skip(bad, "garbled by a test"));
  EXPECT_EQ(following.run().lag_records, 0U);
  EXPECT_EQ(query(R"(SELECT "position", "reason" FROM "ProjectionSkip")"),
            (std::vector<std::vector<std::string>>{{"6", "garbled by a test"}}));
  auto without = records;
  without.erase(without.begin() + static_cast<std::ptrdiff_t>(bad) - 1);
  expect_rows_of(without);

  // Made anew they leave it out as well.
  const auto made =
      rebuild(settings, {log, log_id, garbled}, {}, [](const Progress&) { return true; });
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->replaced, 0U);
  expect_rows_of(without);
}

TEST_F(PostgresRows, HoldNamesThatTextCannot) {
  auto records = plain_records(1);
  std::get<call::CallStarted>(records[0].payload).caller_name = std::string("A\0B", 3);
  append(log, records);
  ASSERT_EQ(Following(settings, log).run().lag_records, 0U);
  EXPECT_EQ(one(R"(SELECT "callerName" FROM "CallLog")"), "A␀B");
}

}  // namespace
}  // namespace callstate::projections::postgres
