#include <gmock/gmock.h>

#include "projections/fakes.hpp"

namespace callstate::projections {
namespace {

using call::World;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST_F(FollowerTest, StopsBeforePoisonAndNamesIt) {
  auto world = World::group_of_three();
  world.send("alice", call::End{});
  append_records(world.log);
  sink.poison[3] = "the text is not UTF-8";
  restart();
  const auto next = run();
  EXPECT_EQ(next.pause, std::nullopt) << "nothing is due until somebody asks";
  EXPECT_EQ(sink.rows.position, 2U) << "what came before it is applied";
  const auto status = follower->status();
  EXPECT_EQ(status.state, State::stopped_by_poison);
  EXPECT_EQ(status.position, 2U);
  EXPECT_EQ(status.trouble->position, 3U);
  EXPECT_EQ(status.trouble->kind, Kind::poison);
  EXPECT_THAT(told, ElementsAre(AllOf(HasSubstr("projection fake: record 3 (ACCEPTED in room room "
                                                "of tenant acme) cannot be applied"),
                                      HasSubstr("the text is not UTF-8"))));
  run();
  run();
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(follower->status().state, State::stopped_by_poison);
}

TEST_F(FollowerTest, GoesBeyondPoisonOnPurpose) {
  auto world = World::group_of_three();
  world.send("alice", call::End{});
  append_records(world.log);
  sink.poison[3] = "why";
  restart();
  EXPECT_FALSE(follower->skip(3, "too early")) << "nothing has been found yet";
  run();
  for (const call::Position other : {0, 1, 2, 4, 99}) {
    const auto refused = follower->skip(other, "no");
    ASSERT_FALSE(refused) << other;
    EXPECT_THAT(refused.error().message, HasSubstr("not stopped by record"));
  }
  EXPECT_TRUE(follower->skip(3, "ticket 7"));
  EXPECT_FALSE(follower->skip(3, "twice"));
  run();
  EXPECT_THAT(sink.skipped, ElementsAre(Pair(3, "ticket 7")));
  EXPECT_EQ(sink.rows.position, 4U);
  EXPECT_EQ(follower->status().state, State::following);
  EXPECT_EQ(sink.rows.events.size(), 3U);
  EXPECT_THAT(told.back(), AllOf(HasSubstr("record 3 (ACCEPTED"), HasSubstr("ticket 7")));
  restart();
  run();
  EXPECT_EQ(sink.rows.position, 4U) << "a restart does not come back to it";
}

TEST_F(FollowerTest, FindsPoisonThatIsLaterOrEarlierThanTheOneThatIsKnown) {
  World world;
  for (int i = 0; i < 9; ++i) world.send("alice", call::Ring{});
  append_records(world.log);
  pace.batch_records_max = 100;
  sink.poison[3] = "first";
  sink.poison[8] = "second";
  restart();
  run();
  EXPECT_EQ(sink.rows.position, 2U);
  ASSERT_TRUE(follower->skip(3, "ok"));
  run();
  EXPECT_EQ(sink.rows.position, 7U);
  ASSERT_TRUE(follower->skip(8, "ok"));
  run();
  EXPECT_EQ(sink.rows.position, 9U);
}

TEST_F(FollowerTest, SaysSinceWhenAndWhatWasSkipped) {
  auto world = World::connected();
  append_records(world.log);
  sink.poison[2] = "why";
  const auto began = clock.now();
  restart();
  EXPECT_EQ(follower->status().since, began);
  clock.advance(std::chrono::seconds(5));
  run();
  EXPECT_EQ(follower->status().since, began + std::chrono::seconds(5));
  clock.advance(std::chrono::seconds(5));
  follower->step();
  EXPECT_EQ(follower->status().since, began + std::chrono::seconds(5)) << "it is still so";

  ASSERT_TRUE(follower->skip(2, "ticket 7"));
  const auto skipped = follower->status().skipped;
  ASSERT_EQ(skipped.size(), 1U);
  EXPECT_EQ(skipped[0].position, 2U);
  EXPECT_EQ(skipped[0].reason, "ticket 7");
  EXPECT_EQ(follower->status().since, began + std::chrono::seconds(10));
  restart();
  run();
  EXPECT_EQ(follower->status().skipped.size(), 1U) << "a restart knows it, too";
}

TEST_F(FollowerTest, PoisonAtTheFirstRecordAppliesNothing) {
  append_records(World::ringing().log);
  sink.poison[1] = "why";
  restart();
  run();
  EXPECT_EQ(sink.rows.position, 0U);
  EXPECT_EQ(follower->status().state, State::stopped_by_poison);
  ASSERT_TRUE(follower->skip(1, "ok"));
  EXPECT_EQ(run().pause, pace.look_every);
}

TEST_F(FollowerTest, PassingTroubleBeforePoisonIsWaitedFor) {
  auto world = World::connected();
  append_records(world.log);
  sink.poison[2] = "why";
  restart();
  follower->step();  // finds it
  sink.open_troubles.push_back(passing());
  EXPECT_EQ(follower->step().pause, pace.retry_first);
  EXPECT_EQ(follower->status().state, State::retrying);
  run();
  EXPECT_EQ(sink.rows.position, 1U);
  EXPECT_EQ(follower->status().state, State::stopped_by_poison);
}

/// Cannot take a record, or names one that it was not given.
class Picky final : public Projection {
 public:
  [[nodiscard]] const std::vector<history::Skipped>& skipped() const override {
    static const std::vector<history::Skipped> none;
    return none;
  }
  call::Position dislikes = 0;
  call::Position names = 0;
  std::vector<call::Position> commits;

  [[nodiscard]] std::string_view name() const override { return "picky"; }
  std::expected<call::Position, Trouble> open(const std::string&, call::Position) override {
    return commits.empty() ? 0 : commits.back();
  }
  std::expected<void, Trouble> take(const call::Record& record) override {
    if (record.position != dislikes) return {};
    return std::unexpected(Trouble{Kind::poison, "I do not like it", names});
  }
  std::expected<void, Trouble> commit(call::Position position) override {
    commits.push_back(position);
    return {};
  }
  std::expected<void, Trouble> skip(call::Position position, const std::string&,
                                    call::Time) override {
    commits.push_back(position);
    return {};
  }
};

TEST_F(FollowerTest, WhatCannotBeTakenIsPoisonToo) {
  auto world = World::group_of_three();
  append_records(world.log);
  Picky picky;
  picky.dislikes = picky.names = 2;
  follower.emplace(picky, log, log_id, ports(), pace);
  run();
  EXPECT_THAT(picky.commits, ElementsAre(1));
  EXPECT_EQ(follower->status().state, State::stopped_by_poison);
  ASSERT_TRUE(follower->skip(2, "ok"));
  run();
  EXPECT_THAT(picky.commits, ElementsAre(1, 2, 3));
}

TEST_F(FollowerTest, PoisonThatNamesNoRecordAheadIsTriedAgain) {
  auto world = World::group_of_three();
  append_records(world.log);
  Picky picky;
  picky.dislikes = 2;
  for (const call::Position named : {0, 99}) {
    picky.names = named;
    follower.emplace(picky, log, log_id, ports(), pace);
    EXPECT_EQ(follower->step().pause, pace.retry_max) << named;
    EXPECT_EQ(follower->status().state, State::retrying);
  }
}

}  // namespace
}  // namespace callstate::projections
