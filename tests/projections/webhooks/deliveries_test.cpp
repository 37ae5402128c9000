#include "projections/webhooks/deliveries.hpp"

#include <gmock/gmock.h>

#include <string>

#include "support/memory_outbox.hpp"

namespace callstate::projections {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Fate = Deliveries::Fate;

call::CallId call_of(std::uint8_t number) {
  call::CallId id;
  id.bytes[15] = number;
  return id;
}

/// Deliveries under a hand-set clock, to a receiver that is the test.
class DeliveriesTest : public testing::Test {
 protected:
  DeliveriesTest() { (void)outbox.open("a-log", 0, 0); }

  /// Queues an event of a call; gives its number.
  std::uint64_t queue(std::uint8_t call) {
    const auto number = ++queued;
    history::OutgoingEvent event;
    event.id = "evt_" + std::to_string(1'000 + number);
    event.type = "call.ended";
    event.tenant = tenant;
    event.call = call_of(call);
    event.queued_at = now.wall;
    event.body = "{}";
    EXPECT_TRUE(outbox.append(std::vector{event}, {}));
    return number;
  }
  std::vector<std::uint64_t> due() {
    const auto events = deliveries.due(now);
    std::vector<std::uint64_t> numbers;
    if (!events) return numbers;
    for (const auto& event : *events) {
      EXPECT_FALSE(event.body.empty());
      numbers.push_back(event.number);
    }
    return numbers;
  }
  Fate answer(std::uint64_t number, Answer answer) {
    const auto fate = deliveries.answered(number, answer, now);
    EXPECT_TRUE(fate);
    return fate.value_or(Fate::dead);
  }
  Fate status(std::uint64_t number, int status) { return answer(number, {.status = status}); }
  void pass(call::Duration time) {
    now.wall += time;
    now.steady += time;
  }
  /// How long until something may be due.
  call::Duration pause() {
    const auto next = deliveries.next();
    return next ? std::chrono::ceil<call::Duration>(*next - now.steady) : call::Duration::max();
  }

  const call::TenantId tenant = call::TenantId::clipped("acme");
  support::MemoryOutbox outbox;
  DeliverySettings settings;
  Deliveries deliveries{settings, outbox, 7};
  Moment now{.wall = call::Time(1'000h), .steady = std::chrono::steady_clock::time_point(1h)};
  std::uint64_t queued = 0;
};

TEST_F(DeliveriesTest, SendsTheEventsOfACallOneAfterTheOther) {
  queue(1);
  queue(1);
  queue(1);
  EXPECT_THAT(due(), ElementsAre(1));
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(status(1, 204), Fate::taken);
  EXPECT_THAT(due(), ElementsAre(2));
  EXPECT_EQ(status(2, 500), Fate::waits);
  EXPECT_THAT(due(), IsEmpty());
  pass(settings.pause_min);
  EXPECT_THAT(due(), ElementsAre(2));
  status(2, 200);
  EXPECT_THAT(due(), ElementsAre(3));
}

TEST_F(DeliveriesTest, HoldsUpNoOtherCall) {
  queue(1);
  queue(1);
  queue(2);
  EXPECT_THAT(due(), ElementsAre(1, 3));
  status(1, 500);
  status(3, 200);
  queue(2);
  queue(3);
  EXPECT_THAT(due(), ElementsAre(4, 5));
}

TEST_F(DeliveriesTest, GoesOnInACallWhoseEarlierEventWasGivenUp) {
  queue(1);
  queue(1);
  due();
  pass(settings.give_up_after);
  EXPECT_EQ(status(1, 500), Fate::dead);
  EXPECT_THAT(due(), ElementsAre(2));
}

TEST_F(DeliveriesTest, ForgetsWhatWasTaken) {
  queue(1);
  due();
  status(1, 200);
  EXPECT_EQ(outbox.counts().waiting, 0U);
  EXPECT_EQ(deliveries.in_memory(), 0U);
  EXPECT_EQ(deliveries.oldest(), std::nullopt);
  EXPECT_EQ(deliveries.counts().delivered, 1U);
}

TEST_F(DeliveriesTest, TakesNoAnswerButSuccessForTaken) {
  std::uint8_t call = 0;
  for (const int code : {100, 301, 302, 307, 308, 400, 401, 404, 422, 429, 500, 502, 503}) {
    const auto number = queue(++call);
    EXPECT_THAT(due(), ElementsAre(number));
    EXPECT_EQ(status(number, code), Fate::waits) << code;
  }
  for (const int code : {200, 201, 202, 204, 299}) {
    const auto number = queue(++call);
    EXPECT_THAT(due(), ElementsAre(number));
    EXPECT_EQ(status(number, code), Fate::taken) << code;
  }
}

TEST_F(DeliveriesTest, PausesLongerEachTimeWithinHalfOfTheDoubling) {
  queue(1);
  call::Duration doubled = settings.pause_min;
  for (int i = 0; i < 15; ++i) {
    ASSERT_THAT(due(), ElementsAre(1)) << i;
    status(1, 503);
    EXPECT_GE(pause(), doubled / 2) << i;
    EXPECT_LE(pause(), doubled) << i;
    pass(pause());
    doubled = std::min(doubled * 2, settings.pause_max);
  }
  EXPECT_EQ(doubled, settings.pause_max);
}

TEST_F(DeliveriesTest, DoesNotSendTogetherAgainWhatFailedTogether) {
  for (std::uint8_t i = 1; i <= 16; ++i) queue(i);
  for (const auto number : due()) status(number, 503);
  pass(pause());
  EXPECT_LT(due().size(), 8U);
}

TEST_F(DeliveriesTest, GivesUpWhatHasFailedForADay) {
  queue(1);
  const auto began = now.wall;
  int attempts = 0;
  for (;; ++attempts) {
    ASSERT_THAT(due(), ElementsAre(1));
    if (answer(1, {.error = "connection refused"}) == Fate::dead) break;
    pass(pause());
  }
  EXPECT_GE(now.wall - began, settings.give_up_after);
  EXPECT_LE(now.wall - began, settings.give_up_after + settings.pause_max);
  EXPECT_GT(attempts, 100);
  const auto dead = *outbox.dead(tenant, "", 10);
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].why, "connection refused");
  EXPECT_EQ(dead[0].attempts, static_cast<std::uint32_t>(attempts + 1));
  EXPECT_EQ(dead[0].event.body, "{}");
  EXPECT_EQ(dead[0].died_at, now.wall);
  EXPECT_EQ(deliveries.counts().dead, 1U);
}

TEST_F(DeliveriesTest, TriesOnceMoreWhatIsOlderThanADay) {
  queue(1);
  queue(2);
  pass(settings.give_up_after * 2);
  EXPECT_THAT(due(), ElementsAre(1, 2));
  EXPECT_EQ(status(1, 200), Fate::taken);
  EXPECT_EQ(status(2, 500), Fate::dead);
}

TEST_F(DeliveriesTest, GivesUpAtOnceWhatIsAnsweredGone) {
  queue(1);
  due();
  EXPECT_EQ(status(1, 410), Fate::dead);
  EXPECT_EQ((*outbox.dead(tenant, "", 1)).at(0).why, "HTTP 410");
}

TEST_F(DeliveriesTest, SendsAgainWhatIsBroughtBack) {
  queue(1);
  due();
  status(1, 410);
  EXPECT_THAT(due(), IsEmpty());
  ASSERT_TRUE(*outbox.revive(tenant, "evt_1001", now.wall));
  EXPECT_THAT(due(), ElementsAre(2));
  EXPECT_EQ(status(2, 200), Fate::taken);
  EXPECT_EQ(outbox.counts().dead, 0U);
}

TEST_F(DeliveriesTest, WaitsAsLongAsAReceiverAsksUpToABound) {
  queue(1);
  queue(2);
  due();
  answer(1, {.status = 503, .retry_after = 120s});
  answer(2, {.status = 503, .retry_after = 24h});
  EXPECT_EQ(pause(), 120s);
  queue(3);
  EXPECT_THAT(due(), ElementsAre(3));  // 503 is of the one event
  pass(120s);
  EXPECT_THAT(due(), ElementsAre(1));
  EXPECT_EQ(pause(), settings.retry_after_max - 120s);
}

TEST_F(DeliveriesTest, WaitsUpToTheBoundHoweverMuchAReceiverAsks) {
  queue(1);
  due();
  answer(1, {.status = 429, .retry_after = std::chrono::seconds::max()});
  queue(2);
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(pause(), settings.retry_after_max);
  pass(settings.retry_after_max);
  EXPECT_THAT(due(), UnorderedElementsAre(1, 2));
}

TEST_F(DeliveriesTest, SendsNothingToAReceiverThatIsAskedTooMuch) {
  queue(1);
  queue(2);
  due();
  answer(1, {.status = 429, .retry_after = 60s});
  status(2, 200);
  queue(3);
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(pause(), 60s);
  pass(60s);
  EXPECT_THAT(due(), UnorderedElementsAre(1, 3));
}

TEST_F(DeliveriesTest, HasNoMoreUnderWayThanAsked) {
  for (std::uint8_t i = 1; i <= 40; ++i) queue(i);
  EXPECT_EQ(due().size(), settings.concurrency);
  EXPECT_EQ(deliveries.next(), std::nullopt);
  EXPECT_THAT(due(), IsEmpty());
  status(5, 200);
  status(9, 500);
  EXPECT_THAT(due(), ElementsAre(17, 18));
}

TEST_F(DeliveriesTest, HoldsABoundedNumberInMemoryAndSendsAllTheSame) {
  constexpr std::size_t many = 25'000;
  for (std::size_t i = 0; i < many; ++i) queue(static_cast<std::uint8_t>(i % 250));
  std::set<std::uint64_t> sent;
  for (auto numbers = due(); !numbers.empty(); numbers = due()) {
    EXPECT_LE(deliveries.in_memory(), settings.waiting_max);
    for (const auto number : numbers) {
      sent.insert(number);
      status(number, 200);
    }
  }
  EXPECT_EQ(sent.size(), many);
  EXPECT_EQ(deliveries.in_memory(), 0U);
}

TEST_F(DeliveriesTest, BeginsWithTheOldestAfterAStart) {
  queue(1);
  pass(1min);
  queue(2);
  due();
  Deliveries next(settings, outbox, 8);
  const auto again = next.due(now);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->size(), 2U);
  EXPECT_EQ(again->front().number, 1U);
  EXPECT_EQ(next.oldest(), now.wall - 1min);
}

TEST_F(DeliveriesTest, WaitsForAnOutboxInTrouble) {
  queue(1);
  queue(2);
  outbox.fail(history::Trouble{.message = "full"});
  EXPECT_FALSE(deliveries.due(now));
  outbox.fail(std::nullopt);
  EXPECT_THAT(due(), ElementsAre(1, 2));
  outbox.fail(history::Trouble{.message = "full"});
  EXPECT_FALSE(deliveries.answered(1, {.status = 200}, now));
  EXPECT_FALSE(deliveries.answered(2, {.status = 410}, now));
  outbox.fail(std::nullopt);
  EXPECT_EQ(status(1, 200), Fate::taken);
  EXPECT_EQ(status(2, 410), Fate::dead);
  EXPECT_EQ((*outbox.dead(tenant, "", 1)).at(0).attempts, 1U);
  EXPECT_EQ(deliveries.under_way(), 0U);
}

}  // namespace
}  // namespace callstate::projections
