#include "projections/runner.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>

#include "projections/fakes.hpp"

namespace callstate::projections {
namespace {

using call::World;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// No pause ends by itself while a test runs, unless it says so.
constexpr Pace patient{.look_every = 1h, .retry_first = 1h, .retry_max = 1h};

class RunnerTest : public testing::Test {
 protected:
  FollowerPorts ports() {
    return {.clock = clock, .random = [] { return 0U; }, .tell = {}};
  }

  support::MemoryLog log;
  support::ManualClock clock;
  FakeSink sink;
  HistoryProjection projection{"fake", sink};
};

TEST_F(RunnerTest, FollowsTheLog) {
  auto world = World::connected();
  append(log, world.log);
  Runner runner(projection, log, log_id, ports(), {.look_every = 1ms});
  EXPECT_EQ(runner.status().state, State::stopped);
  runner.start();
  EXPECT_TRUE(sink.wait_for(2));
  world.send("alice", call::End{});
  append(log, std::span(world.log).subspan(2));
  EXPECT_TRUE(sink.wait_for(3)) << "by itself, a moment later";
  runner.stop();
  runner.stop();
  EXPECT_EQ(runner.status().state, State::stopped);
  EXPECT_EQ(runner.status().position, 3U);
}

TEST_F(RunnerTest, LooksAtOnceWhenItIsNotified) {
  auto world = World::connected();
  append(log, std::span(world.log).first(1));
  Runner runner(projection, log, log_id, ports(), patient);
  runner.start();
  EXPECT_TRUE(sink.wait_for(1));
  append(log, std::span(world.log).subspan(1));
  runner.notify();
  EXPECT_TRUE(sink.wait_for(2));
}

TEST_F(RunnerTest, AppliesWhatWasAppendedLastBeforeItStops) {
  auto world = World::connected();
  append(log, std::span(world.log).first(1));
  Runner runner(projection, log, log_id, ports(), patient);
  runner.start();
  EXPECT_TRUE(sink.wait_for(1));
  append(log, std::span(world.log).subspan(1));
  runner.stop();
  EXPECT_EQ(runner.status().position, 2U);
}

TEST_F(RunnerTest, StopsInThePauseAfterTrouble) {
  sink.open_troubles.push_back(passing());
  append(log, World::ringing().log);
  Runner runner(projection, log, log_id, ports(), patient);
  runner.start();
  while (runner.status().state != State::retrying) std::this_thread::yield();
  runner.notify();  // does not cut the pause
  runner.stop();
  EXPECT_EQ(sink.opened, 1);
  EXPECT_EQ(runner.status().position, 0U);
}

TEST_F(RunnerTest, SkipsPoisonForWhoeverAsks) {
  auto world = World::group_of_three();
  append(log, world.log);
  sink.poison[2] = "why";
  Runner runner(projection, log, log_id, ports(), patient);
  EXPECT_FALSE(runner.skip(2, "it does not run yet"));
  runner.start();
  EXPECT_TRUE(sink.wait_for(1));
  while (runner.status().state != State::stopped_by_poison) std::this_thread::yield();
  const auto refused = runner.skip(1, "wrong");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("not stopped by record 1"));
  EXPECT_TRUE(runner.skip(2, "ticket 7"));
  EXPECT_TRUE(sink.wait_for(3));
  runner.stop();
  EXPECT_FALSE(runner.skip(3, "it runs no more"));
  EXPECT_EQ(sink.skipped.at(2), "ticket 7");
}

TEST_F(RunnerTest, StandsStillForWork) {
  auto world = World::group_of_three();
  append(log, std::span(world.log).first(2));
  Runner runner(projection, log, log_id, ports(), patient);
  const Runner::Work nothing = []() -> std::expected<void, Trouble> { return {}; };
  EXPECT_FALSE(runner.between_steps(nothing)) << "it does not run yet";
  runner.start();
  EXPECT_TRUE(sink.wait_for(2));
  append(log, std::span(world.log).subspan(2));
  call::Position at = 0;
  const auto worked = runner.between_steps([&]() -> std::expected<void, Trouble> {
    at = sink.rows.position;
    sink.rows.position = 1;  // as of what was put in their place
    return {};
  });
  EXPECT_TRUE(worked);
  EXPECT_EQ(at, 2U) << "no step ran meanwhile";
  EXPECT_TRUE(sink.wait_for(3)) << "it goes on from where it is opened, though no pause is over";
  EXPECT_EQ(sink.opened, 2);
  EXPECT_EQ(sink.applied, (std::vector<call::Position>{2, 3}));

  const auto failed = runner.between_steps(
      []() -> std::expected<void, Trouble> { return std::unexpected(lasting("no")); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no");
  runner.stop();
  EXPECT_FALSE(runner.between_steps(nothing)) << "it runs no more";
}

TEST_F(RunnerTest, ItsThreadStandsBackForOthers) {
  const auto niceness_of = [&](const Pace& pace) {
    Runner runner(projection, log, log_id, ports(), pace);
    runner.start();
    int found = -1;
    EXPECT_TRUE(runner.between_steps([&]() -> std::expected<void, Trouble> {
      found = ::getpriority(PRIO_PROCESS, 0);
      return {};
    }));
    runner.stop();
    return found;
  };
  const int own = ::getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(niceness_of(patient), std::max(own, behind_calls));
  Pace prompt = patient;
  prompt.niceness = 0;
  EXPECT_EQ(niceness_of(prompt), own);
}

}  // namespace
}  // namespace callstate::projections
