#include "projections/webhooks/webhooks.hpp"

#include <gmock/gmock.h>

#include "core/call/world.hpp"
#include "support/memory_outbox.hpp"
#include "support/stand_ins.hpp"

namespace callstate::projections {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto log_id = "0190d6a4-7c1e-7b3a-9f00-3f2a9c41d07b";

/// A projection that reads the log of a world, as a runner has it read.
class WebhooksTest : public testing::Test {
 protected:
  WebhooksTest() {
    // The log begins, and it is the first to look: everything is told.
    (void)outbox.open(log_id, 0, 0);
  }

  /// Forgets all that is in memory, as a kill does.
  void restart() {
    webhooks.emplace(outbox, 0, clock,
                     Webhooks::Hooks{.appended = [this] { ++appended; },
                                     .warn = [this](auto line) { warned += line; }});
  }
  /// Reads on to the position, and commits; the reading begins where `open` says.
  std::expected<void, Trouble> read_to(call::Position upto) {
    if (!webhooks) restart();
    const auto from = webhooks->open(log_id, world.log.size());
    if (!from) return std::unexpected(from.error());
    folded_from = *from;
    for (auto position = *from + 1; position <= upto; ++position)
      if (auto taken = webhooks->take(world.log.at(position - 1)); !taken) return taken;
    return webhooks->commit(upto);
  }
  std::expected<void, Trouble> read() { return read_to(world.log.size()); }

  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> types;
    for (const auto& event : outbox.all_waiting()) types.push_back(event.type);
    return types;
  }

  support::MemoryOutbox outbox;
  support::ManualClock clock;
  std::optional<Webhooks> webhooks;
  call::World world;
  call::Position folded_from = 0;
  int appended = 0;
  std::string warned;
};

TEST_F(WebhooksTest, PutWhatIsToldIntoTheOutboxWithThePosition) {
  world.offline = {"bob"};
  world.send("alice", call::start({"bob"}));
  world.wait(world.rules.ring_timeout);
  ASSERT_TRUE(read());
  EXPECT_THAT(told(), ElementsAre("call.callee_offline", "call.ended", "call.missed"));
  EXPECT_EQ(outbox.standing().position, world.log.size());
  EXPECT_EQ(outbox.all_waiting().front().queued_at, clock.now());
  EXPECT_GT(appended, 0);
  EXPECT_EQ(warned, "");
}

TEST_F(WebhooksTest, TellEachEventOnceWhereverTheReadingStops) {
  world.offline = {"bob", "carol"};
  for (int i = 0; i < 3; ++i) {
    world.send("alice", call::start({"bob", "carol"}));
    world.send("bob", call::Accept{});
    world.send("alice", call::End{});
    world.send("alice", call::start({"bob"}));
    world.wait(world.rules.ring_timeout);
  }
  ASSERT_TRUE(read());
  const auto all = outbox.all_waiting();
  ASSERT_THAT(all, SizeIs(18));
  for (call::Position stop = 1; stop < world.log.size(); ++stop) {
    support::MemoryOutbox other;
    (void)other.open(log_id, 0, 0);
    Webhooks first(other, 0, clock, {.appended = [] {}, .warn = [](auto) {}});
    auto from = *first.open(log_id, world.log.size());
    for (auto at = from + 1; at <= stop; ++at) ASSERT_TRUE(first.take(world.log[at - 1]));
    ASSERT_TRUE(first.commit(stop));
    // Killed with more taken and not committed.
    ASSERT_TRUE(first.take(world.log[stop]));
    Webhooks second(other, 0, clock, {.appended = [] {}, .warn = [](auto) {}});
    from = *second.open(log_id, world.log.size());
    EXPECT_LE(from, stop);
    for (auto at = from + 1; at <= world.log.size(); ++at)
      ASSERT_TRUE(second.take(world.log[at - 1]));
    ASSERT_TRUE(second.commit(world.log.size()));
    const auto again = other.all_waiting();
    ASSERT_EQ(again.size(), all.size()) << stop;
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(again[i].id, all[i].id) << stop;
      EXPECT_EQ(again[i].body, all[i].body) << stop;
    }
  }
}

TEST_F(WebhooksTest, FoldAnewFromTheStartOfTheOldestLiveCallAndNoFurther) {
  world.send("alice", call::start({"bob"}));
  world.send("alice", call::End{});
  const auto over = world.log.size();
  ASSERT_TRUE(read());
  EXPECT_EQ(outbox.standing().fold_after, over);
  world.send("alice", call::start({"bob"}));
  world.send("bob", call::Accept{});
  ASSERT_TRUE(read());
  EXPECT_EQ(outbox.standing().fold_after, over);
  EXPECT_EQ(outbox.standing().position, world.log.size());
  restart();
  world.send("bob", call::End{});
  ASSERT_TRUE(read());
  EXPECT_EQ(folded_from, over);
  EXPECT_EQ(outbox.standing().fold_after, world.log.size());
  EXPECT_THAT(told(), ElementsAre("call.ended", "call.ended"));
}

TEST_F(WebhooksTest, TellNothingOfWhatHappenedBeforeTheyWereAskedFor) {
  support::MemoryOutbox fresh;
  world.offline = {"bob"};
  world.send("alice", call::start({"bob"}));
  Webhooks late(fresh, world.log.size(), clock,
                {.appended = [] {}, .warn = [this](auto line) { warned += line; }});
  EXPECT_EQ(*late.open(log_id, world.log.size()), world.log.size());
  EXPECT_THAT(warned, HasSubstr("begins anew"));
  const auto before = world.log.size();
  world.send("alice", call::End{});  // of a call that nobody was told of
  world.send("alice", call::start({"bob"}));
  for (auto at = before; at < world.log.size(); ++at) ASSERT_TRUE(late.take(world.log[at]));
  ASSERT_TRUE(late.commit(world.log.size()));
  std::vector<std::string> types;
  for (const auto& event : fresh.all_waiting()) types.push_back(event.type);
  EXPECT_THAT(types, ElementsAre("call.callee_offline"));
}

// The outbox is opened by a thread of its own, while clients come in already.
TEST_F(WebhooksTest, TellWhatHappensBetweenTheStartAndTheOpeningOfTheOutbox) {
  support::MemoryOutbox fresh;
  world.offline = {"bob"};
  Webhooks started(fresh, world.log.size(), clock, {.appended = [] {}, .warn = [](auto) {}});
  world.send("alice", call::start({"bob"}));
  const auto from = *started.open(log_id, world.log.size());
  for (auto at = from; at < world.log.size(); ++at) ASSERT_TRUE(started.take(world.log[at]));
  ASSERT_TRUE(started.commit(world.log.size()));
  EXPECT_THAT(fresh.all_waiting(), SizeIs(1));
}

TEST_F(WebhooksTest, KeepNothingOfABatchThatTheOutboxDidNotTake) {
  world = call::World::ended();
  ASSERT_TRUE(read_to(1));
  for (auto at = std::size_t{1}; at < world.log.size(); ++at)
    ASSERT_TRUE(webhooks->take(world.log[at]));
  outbox.fail(Trouble{.message = "full"});
  EXPECT_FALSE(webhooks->commit(world.log.size()));
  EXPECT_FALSE(webhooks->open(log_id, world.log.size()));
  outbox.fail(std::nullopt);
  EXPECT_EQ(outbox.standing().position, 1U);
  ASSERT_TRUE(read());
  EXPECT_THAT(told(), ElementsAre("call.ended"));
}

TEST_F(WebhooksTest, ReadNoFurtherWhileTooManyWait) {
  std::vector<history::OutgoingEvent> many(Webhooks::waiting_max);
  ASSERT_TRUE(outbox.append(many, {}));
  world = call::World::ended();
  const auto refused = read();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Trouble::Kind::passing);
  EXPECT_THAT(refused.error().message, HasSubstr("100000 webhooks wait"));
  EXPECT_EQ(outbox.standing().position, 0U);
  ASSERT_TRUE(outbox.taken(1));
  ASSERT_TRUE(read());
  EXPECT_EQ(outbox.all_waiting().back().type, "call.ended");
}

TEST_F(WebhooksTest, GoBeyondARecordOnPurpose) {
  world = call::World::ended();
  ASSERT_TRUE(read_to(1));
  ASSERT_TRUE(webhooks->skip(2, "a reason", clock.now()));
  EXPECT_EQ(outbox.standing().position, 2U);
  EXPECT_EQ(outbox.standing().fold_after, 0U);  // the call goes on
  ASSERT_TRUE(read());
  EXPECT_THAT(told(), ElementsAre("call.ended"));
}

}  // namespace
}  // namespace callstate::projections
