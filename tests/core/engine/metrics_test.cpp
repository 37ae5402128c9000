#include "core/engine/metrics.hpp"

#include <gmock/gmock.h>

#include <array>
#include <numeric>
#include <string>

#include "core/engine/engine.hpp"
#include "core/engine/fixture.hpp"

namespace callstate::engine {
namespace {

using testing::ElementsAre;

constexpr std::array<std::uint64_t, 3> bounds{10, 20, 50};

TEST(Histogram, CountsAValueAtTheFirstBoundThatIsNotBelowIt) {
  Histogram<3> histogram(bounds);
  for (const std::uint64_t value : {0, 10, 11, 20, 50, 51, 1'000}) histogram.record(value);
  const auto reading = histogram.read();
  EXPECT_EQ(reading.bounds, bounds);
  EXPECT_THAT(reading.counts, ElementsAre(2, 2, 1, 2));
  EXPECT_EQ(reading.sum, 1'142U);
}

TEST(Histogram, ReadingsAddUp) {
  Histogram<3> one(bounds);
  Histogram<3> other(bounds);
  one.record(5);
  other.record(15);
  other.record(99);
  auto both = one.read();
  both += other.read();
  EXPECT_THAT(both.counts, ElementsAre(1, 1, 0, 1));
  EXPECT_EQ(both.sum, 119U);
}

TEST(Histogram, TheBoundsInUseRise) {
  EXPECT_TRUE(std::ranges::is_sorted(time_bounds));
  EXPECT_TRUE(std::ranges::is_sorted(size_bounds));
}

TEST(MessageType, EachSignalingMessageHasItsNameOnTheWire) {
  EXPECT_EQ(type_of(call::StartCall{}), MessageType::call_started);
  EXPECT_EQ(type_of(call::Reject{}), MessageType::rejected);
  EXPECT_EQ(type_of(call::Signal{}), MessageType::signal);
  for (const auto name : message_type_names) EXPECT_FALSE(name.empty());
  for (const auto name : message_outcome_names) EXPECT_FALSE(name.empty());
}

class Metrics : public SequencerTest {
 protected:
  void SetUp() override {
    boot();
    open(1, "ann");
    open(2, "bob");
  }

  [[nodiscard]] std::uint64_t count(MessageType type, MessageOutcome outcome) const {
    MessageReading reading{};
    sequencer->metrics().deciding.messages.add_to(reading);
    return reading[static_cast<std::size_t>(type)][static_cast<std::size_t>(outcome)];
  }
  [[nodiscard]] std::uint64_t calls_ended(call::EndReason reason) const {
    return sequencer->metrics().deciding.ended[static_cast<std::size_t>(reason)].value();
  }
  [[nodiscard]] LiveCalls live() const { return sequencer->live_calls(); }
};

TEST_F(Metrics, TellWhatBecameOfMessages) {
  start_call(1, "r1", {"bob"}, "one");
  start_call(1, "r1", {"bob"}, "one");
  send(2, "r1", call::Accept{});
  send(1, "r1", call::Accept{});
  send(2, "r1", call::End{});
  send(1, "r1", call::End{});
  using enum MessageType;
  using enum MessageOutcome;
  EXPECT_EQ(count(call_started, applied), 1U);
  EXPECT_EQ(count(call_started, duplicate), 1U);
  EXPECT_EQ(count(accepted, applied), 1U);
  EXPECT_EQ(count(accepted, refused), 1U);
  EXPECT_EQ(count(MessageType::ended, applied), 1U);
  EXPECT_EQ(count(MessageType::ended, ignored), 1U);
  EXPECT_EQ(calls_ended(call::EndReason::hangup), 1U);
}

TEST_F(Metrics, CountWhatLimitsTurnAway) {
  settings.calls = {.per_second = 0.001, .burst = 1};
  settings.sessions_per_user_max = 1;
  crash();
  boot();
  open(1, "ann");
  open(2, "ann");
  start_call(1, "r1", {"bob"});
  start_call(1, "r2", {"bob"});
  const auto& deciding = sequencer->metrics().deciding;
  EXPECT_EQ(deciding.sessions.value(), 1U);
  EXPECT_EQ(deciding.too_many_sessions.value(), 1U);
  EXPECT_EQ(deciding.too_many_calls.value(), 1U);
  EXPECT_EQ(count(MessageType::call_started, MessageOutcome::rate_limited), 1U);
}

TEST_F(Metrics, CountJoinsAndLeaves) {
  submit(Join{1, room("r"), {}});
  submit(Leave{1, room("r"), {}});
  submit(Leave{9, room("r"), {}});  // of no session
  EXPECT_EQ(count(MessageType::join, MessageOutcome::applied), 1U);
  EXPECT_EQ(count(MessageType::leave, MessageOutcome::applied), 1U);
}

TEST_F(Metrics, CallsThatLiveAreBackAtNoneInTheEnd) {
  EXPECT_EQ(live(), LiveCalls{});
  start_call(1, "r1", {"bob"});
  EXPECT_EQ(live().ringing, 1U);
  send(2, "r1", call::Accept{});
  EXPECT_EQ(live().ringing, 0U);
  EXPECT_EQ(live().connected, 1U);
  start_call(1, "r2", {"eve"});
  EXPECT_EQ(live().ringing, 1U);
  send(2, "r1", call::End{});
  EXPECT_EQ(live().connected, 0U);
  pass(settings.rules.ring_timeout);
  EXPECT_EQ(live(), LiveCalls{});
  EXPECT_EQ(calls_ended(call::EndReason::no_answer), 1U);
}

TEST_F(Metrics, CallsThatLiveAreCountedAnewAfterARestart) {
  start_call(1, "r1", {"bob"});
  start_call(1, "r2", {"bob"});
  send(2, "r2", call::Accept{});
  for (const bool in_order : {false, true}) {
    if (in_order) {
      stop();
    } else {
      crash();
    }
    boot();
    EXPECT_EQ(live().ringing, 1U);
    EXPECT_EQ(live().connected, 1U);
    EXPECT_EQ(sequencer->users_online(), 2U);
  }
  pass(settings.rules.ring_timeout);
  EXPECT_EQ(live(), LiveCalls{});
  EXPECT_EQ(sequencer->users_online(), 0U);
}

TEST_F(Metrics, UsersAreOnlineUntilTheGraceOfTheirLastSession) {
  EXPECT_EQ(sequencer->users_online(), 2U);
  open(3, "ann");
  close(1);
  close(2);
  pass(settings.rules.presence_grace);
  EXPECT_EQ(sequencer->users_online(), 1U);
  close(3);
  pass(settings.rules.presence_grace);
  EXPECT_EQ(sequencer->users_online(), 0U);
}

template <std::size_t N>
std::uint64_t total(const HistogramReading<N>& reading) {
  return std::accumulate(reading.counts.begin(), reading.counts.end(), std::uint64_t{0});
}

TEST_F(Metrics, TheEngineMeasuresEachMessageAndEachBatch) {
  sequencer.reset();
  settings.calls.per_second = 0;
  Engine engine(settings, clock, ids, log, log, snapshots, delivery);
  ASSERT_TRUE(engine.start([](const Failure&) {}));
  ASSERT_TRUE(engine.submit(opening(1, "ann")));
  constexpr int calls = 20;
  for (int i = 0; i < calls; ++i) {
    call::StartCall start;
    start.callees.push_back(user("zoe"));
    ASSERT_TRUE(engine.submit(message(1, std::to_string(i), start, std::to_string(i))));
  }
  ASSERT_TRUE(delivery.wait_for(
      [](const auto& effects) { return replies<Ack>(effects, 1).size() == calls; }));
  engine.stop();
  const auto& committing = engine.metrics().committing;
  EXPECT_EQ(total(committing.append.read()), calls);
  EXPECT_EQ(total(committing.hop.read()), calls);
  const auto stats = engine.stats();
  EXPECT_EQ(committing.batch.read().sum, stats.records);
  EXPECT_LE(total(committing.batch.read()), stats.batches);
  EXPECT_EQ(total(committing.commit.read()), total(committing.batch.read()));
  EXPECT_EQ(stats.calls.ringing, calls);
  // Nobody decides any more.
  EXPECT_FALSE(engine.submit(Leave{1, room("r"), {}}));
  MessageReading turned_away{};
  engine.metrics().submitting.messages.add_to(turned_away);
  EXPECT_EQ(turned_away[static_cast<std::size_t>(MessageType::leave)]
                       [static_cast<std::size_t>(MessageOutcome::overloaded)],
            1U);
}

}  // namespace
}  // namespace callstate::engine
