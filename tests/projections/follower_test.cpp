#include <gmock/gmock.h>

#include "projections/fakes.hpp"

namespace callstate::projections {
namespace {

using call::World;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

TEST_F(FollowerTest, AppliesTheLogInBatches) {
  auto world = World::group_of_three();
  world.send("alice", call::End{});
  world.send("alice", call::start({"bob"}));
  world.send("alice", call::End{});
  world.send("bob", call::Accept{});
  append_records(world.log);
  ASSERT_EQ(log.head(), 7U);
  restart();
  const auto next = run();
  EXPECT_EQ(next.pause, pace.look_every);
  EXPECT_TRUE(next.sooner_if_notified);
  EXPECT_THAT(sink.applied, ElementsAre(4, 7));
  EXPECT_EQ(sink.rows.calls, history::fold(world.log).calls);
  EXPECT_EQ(sink.rows.events.size(), 7U);
  const auto status = follower->status();
  EXPECT_EQ(status.name, "fake");
  EXPECT_EQ(status.state, State::following);
  EXPECT_EQ(status.position, 7U);
  EXPECT_EQ(status.records, 7U);
  EXPECT_EQ(status.commits, 2U);
  EXPECT_EQ(status.retries, 0U);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(FollowerTest, LooksAgainSoonWhereItHasJustFoundSomething) {
  pace.look_again = 3ms;
  auto world = World::ringing();
  append_records(world.log);
  restart();
  EXPECT_EQ(run().pause, 3ms);
  EXPECT_EQ(run().pause, pace.look_every) << "there was nothing";
}

TEST_F(FollowerTest, LooksAgainAndAppliesWhatCame) {
  auto world = World::ringing();
  append_records(world.log);
  restart();
  run();
  run();
  EXPECT_EQ(follower->status().commits, 1U) << "nothing came, nothing is committed";
  world.send("bob", call::Accept{});
  append_records(std::span(world.log).subspan(1));
  run();
  EXPECT_EQ(sink.rows.position, 2U);
  EXPECT_EQ(sink.rows.calls, history::fold(world.log).calls);
}

TEST_F(FollowerTest, BeginsWhereTheSinkStands) {
  auto world = World::connected();
  append_records(world.log);
  restart();
  run();
  world.send("alice", call::End{});
  append_records(std::span(world.log).subspan(2));
  restart();
  run();
  EXPECT_THAT(sink.applied, ElementsAre(2, 3));
  EXPECT_EQ(sink.rows.calls, history::fold(world.log).calls);
  EXPECT_EQ(follower->status().records, 1U);
}

/// Takes as long as the test says.
class Slow final : public Projection {
 public:
  [[nodiscard]] const std::vector<history::Skipped>& skipped() const override {
    static const std::vector<history::Skipped> none;
    return none;
  }
  explicit Slow(support::ManualClock& clock) : clock_(clock) {}
  [[nodiscard]] std::string_view name() const override { return "slow"; }
  std::expected<call::Position, Trouble> open(const std::string&, call::Position) override {
    return 0;
  }
  std::expected<void, Trouble> take(const call::Record&) override {
    clock_.advance(30ms);
    return {};
  }
  std::expected<void, Trouble> commit(call::Position position) override {
    commits.push_back(position);
    return {};
  }
  std::expected<void, Trouble> skip(call::Position, const std::string&, call::Time) override {
    return {};
  }
  std::vector<call::Position> commits;

 private:
  support::ManualClock& clock_;
};

TEST_F(FollowerTest, ABatchIsBoundedByTime) {
  auto world = World::group_of_three();
  world.send("alice", call::End{});
  world.send("alice", call::start({"bob"}));
  append_records(world.log);
  pace = {.batch_records_max = 1'000, .batch_time_max = 50ms};
  Slow slow(clock);
  follower.emplace(slow, log, log_id, ports(), pace);
  run();
  EXPECT_THAT(slow.commits, ElementsAre(2, 4, 5));
}

TEST_F(FollowerTest, PausesGrowAfterPassingTrouble) {
  append_records(World::ringing().log);
  for (int i = 0; i < 12; ++i) sink.open_troubles.push_back(passing());
  restart();
  std::vector<call::Duration> pauses;
  for (int i = 0; i < 12; ++i) {
    const auto next = follower->step();
    EXPECT_FALSE(next.sooner_if_notified);
    pauses.push_back(next.pause.value());
    EXPECT_EQ(follower->status().state, State::retrying);
  }
  EXPECT_THAT(pauses, ElementsAre(100ms, 200ms, 400ms, 800ms, 1'600ms, 3'200ms, 6'400ms, 12'800ms,
                                  25'600ms, 30s, 30s, 30s));
  EXPECT_THAT(told, ElementsAre(HasSubstr("projection fake: not reachable"))) << "said once";
  EXPECT_EQ(follower->status().retries, 12U);
  EXPECT_EQ(follower->status().trouble->message, "not reachable");

  EXPECT_EQ(follower->step().pause, pace.look_every);
  EXPECT_THAT(told.back(), HasSubstr("goes on after position 1"));
  EXPECT_EQ(follower->status().state, State::following);
  sink.apply_troubles.emplace_back(FakeSink::Answer::lost_before, passing());
  auto world = World::connected();
  append_records(std::span(world.log).subspan(1));
  EXPECT_EQ(follower->step().pause, 100ms) << "from the beginning, after it went on";
}

TEST_F(FollowerTest, PausesAreCutByChanceByUpToHalf) {
  for (int i = 0; i < 2; ++i) sink.open_troubles.push_back(passing());
  restart();
  random = 50'000;
  EXPECT_EQ(follower->step().pause, 50ms);
  random = 50'001;  // of 100,001
  EXPECT_EQ(follower->step().pause, 200ms - 50'001us);
}

TEST_F(FollowerTest, PausesGrowWhileOpeningSucceedsAndApplyingDoesNot) {
  append_records(World::ringing().log);
  for (int i = 0; i < 3; ++i)
    sink.apply_troubles.emplace_back(FakeSink::Answer::lost_before, passing("full"));
  restart();
  EXPECT_EQ(follower->step().pause, 100ms);
  EXPECT_EQ(follower->step().pause, 200ms);
  EXPECT_EQ(follower->step().pause, 400ms);
  EXPECT_EQ(sink.opened, 3);
}

TEST_F(FollowerTest, RetriesSlowlyAfterLastingTroubleAndSaysSoOnce) {
  for (int i = 0; i < 3; ++i) sink.open_troubles.push_back(lasting());
  sink.open_troubles.push_back(lasting("another table"));
  restart();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(follower->step().pause, 30s);
  EXPECT_THAT(told, ElementsAre(HasSubstr("no permission"), HasSubstr("another table")));
  run();
  EXPECT_EQ(told.size(), 3U);
}

TEST_F(FollowerTest, RefusesRowsOfAnotherLog) {
  restart("another-log");
  EXPECT_EQ(follower->step().pause, 30s);
  EXPECT_THAT(told, ElementsAre(HasSubstr("these rows are of the log a-log")));
}

/// Says that it has come further than the log.
class Ahead final : public Projection {
 public:
  [[nodiscard]] const std::vector<history::Skipped>& skipped() const override {
    static const std::vector<history::Skipped> none;
    return none;
  }
  [[nodiscard]] std::string_view name() const override { return "ahead"; }
  std::expected<call::Position, Trouble> open(const std::string&, call::Position head) override {
    return head + 1;
  }
  std::expected<void, Trouble> take(const call::Record&) override { return {}; }
  std::expected<void, Trouble> commit(call::Position) override { return {}; }
  std::expected<void, Trouble> skip(call::Position, const std::string&, call::Time) override {
    return {};
  }
};

TEST_F(FollowerTest, RefusesToBeAheadOfTheLog) {
  append_records(World::ringing().log);
  Ahead ahead;
  follower.emplace(ahead, log, log_id, ports(), pace);
  EXPECT_EQ(follower->step().pause, 30s);
  EXPECT_THAT(told, ElementsAre(HasSubstr("position 2, and the log ends at 1")));
  EXPECT_EQ(follower->status().state, State::retrying);
}

TEST_F(FollowerTest, DoesNotGoOnOverARecordThatIsMissing) {
  auto world = World::group_of_three();
  append_records(world.log);
  log.lose(2);
  restart();
  EXPECT_EQ(follower->step().pause, 30s);
  EXPECT_THAT(told, ElementsAre(HasSubstr("no record 2")));
  EXPECT_EQ(sink.rows.position, 0U);
}

TEST_F(FollowerTest, OfALogThatBeginsLaterTakesWhatWasKeptInOneStep) {
  auto world = World::group_of_three();
  for (int i = 0; i < 4; ++i) world.send("bob", call::Accept{});
  append_records(world.log);
  const auto head = log.head();
  ASSERT_EQ(head, 7U);
  log.lose(2);
  log.lose(3);
  log.lose(4);
  log.lose(5);
  log.set_first(6);
  restart();
  run();
  EXPECT_THAT(sink.applied, ElementsAre(5, 7));
  EXPECT_EQ(sink.rows.events.size(), 3U);
  EXPECT_EQ(follower->status().state, State::following);
}

TEST_F(FollowerTest, DoesNotGoOnWhereWhatFollowsWasDropped) {
  auto world = World::connected();
  append_records(world.log);
  restart();
  run();
  world.send("alice", call::End{});
  world.send("alice", call::start({"bob"}));
  append_records(std::span(world.log).subspan(2));
  log.set_first(4);
  restart();
  run();
  EXPECT_EQ(follower->status().state, State::retrying);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("the log begins with 4"));
  EXPECT_EQ(sink.rows.position, 2U);
}

TEST_F(FollowerTest, SaysHowFarBehindItIs) {
  restart();
  EXPECT_EQ(follower->status().state, State::stopped);
  run();
  EXPECT_EQ(follower->status().lag, call::Duration{});

  auto world = World::group_of_three();
  world.send("alice", call::End{});
  world.send("alice", call::start({"bob"}));
  for (auto& record : world.log) record.at = clock.now();
  world.log.at(4).at += 7s;
  append_records(world.log);
  clock.advance(10s);
  EXPECT_EQ(follower->status().lag_records, 5U);
  EXPECT_EQ(follower->status().lag, 10s) << "by the time of the next record";
  follower->step();
  const auto status = follower->status();
  EXPECT_EQ(status.position, 4U);
  EXPECT_EQ(status.head, 5U);
  EXPECT_EQ(status.lag_records, 1U);
  EXPECT_EQ(status.lag, 3s);
  clock.advance(-5s);
  EXPECT_EQ(follower->status().lag, 0s) << "a clock that has stepped back";
  run();
  EXPECT_EQ(follower->status().lag_records, 0U);
  EXPECT_EQ(follower->status().lag, 0s);
  follower->stop();
  EXPECT_EQ(follower->status().state, State::stopped);
}

TEST_F(FollowerTest, CatchesUpWhileMoreThanABatchIsLeft) {
  World world;
  for (int i = 0; i < 9; ++i) world.send("alice", call::Ring{});
  append_records(world.log);
  restart();
  EXPECT_EQ(follower->step().pause, 0s);
  EXPECT_EQ(follower->status().state, State::catching_up);
  follower->step();
  EXPECT_EQ(follower->status().state, State::following);
}

TEST(StateNames, AreOnesOfTheirOwn) {
  EXPECT_EQ(name_of(State::stopped_by_poison), "stopped_by_poison");
  EXPECT_EQ(name_of(State::stopped), "stopped");
  EXPECT_EQ(name_of(static_cast<State>(99)), "?");
}

}  // namespace
}  // namespace callstate::projections
