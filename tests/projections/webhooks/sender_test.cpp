#include "projections/webhooks/sender.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <deque>

#include "support/memory_outbox.hpp"
#include "support/stand_ins.hpp"

namespace callstate::projections {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

constexpr std::chrono::seconds patience{60};  // spent by a failing test only

/// Requests wait until the test answers them.
class FakeClient final : public HttpClient {
 public:
  void start(std::uint64_t number, Request request) override {
    const std::scoped_lock lock(mutex_);
    started_.emplace_back(number, std::move(request));
    changed_.notify_all();
  }
  std::vector<Finished> run(std::chrono::milliseconds at_most) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return woken_ || !finished_.empty(); });
    woken_ = false;
    return std::exchange(finished_, {});
  }
  void wake() override {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  /// The next request to be sent.
  std::pair<std::uint64_t, Request> next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [this] { return !started_.empty(); })) {
      ADD_FAILURE() << "nothing is sent";
      return {};
    }
    auto taken = std::move(started_.front());
    started_.pop_front();
    return taken;
  }
  void answer(std::uint64_t number, Answer answer) {
    const std::scoped_lock lock(mutex_);
    finished_.push_back({number, std::move(answer)});
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::uint64_t, Request>> started_;
  std::vector<Finished> finished_;
  bool woken_ = false;
};

/// Lines that the operator was told.
class Lines {
 public:
  void operator()(bool bad, std::string_view line) {
    const std::scoped_lock lock(mutex_);
    lines_.push_back((bad ? "bad: " : "good: ") + std::string(line));
    changed_.notify_all();
  }
  /// Waits for so many; gives them.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return lines_.size() >= count; }));
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

class SenderTest : public testing::Test {
 protected:
  SenderTest() {
    (void)outbox.open("a-log", 0, 0);
    settings.pause_min = settings.pause_max = 1ms;
    settings.farewell = 10ms;
    begin();
  }
  void begin() {
    auto made = std::make_unique<FakeClient>();
    client = made.get();
    sender.emplace(settings, *parse_signing_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                   outbox, std::move(made), clock,
                   [this](bool bad, std::string_view line) { lines(bad, line); });
  }

  void queue(const std::string& id, std::uint8_t call = 1) {
    history::OutgoingEvent event;
    event.id = id;
    event.call.bytes[15] = call;
    event.queued_at = clock.now();
    event.body = "{\"a\":1}";
    ASSERT_TRUE(outbox.append(std::vector{event}, {}));
    sender->wake();
  }

  support::MemoryOutbox outbox;
  support::ManualClock clock;
  DeliverySettings settings;
  Lines lines;
  FakeClient* client = nullptr;
  std::optional<Sender> sender;
};

TEST_F(SenderTest, SignsWhatItSendsAtTheTimeOfEachAttempt) {
  sender->start();
  queue("evt_1");
  const auto [number, request] = client->next();
  const auto sent_s = clock.now().time_since_epoch() / 1s;
  EXPECT_EQ(request.body, "{\"a\":1}");
  EXPECT_THAT(request.fields, Contains(Pair("webhook-id", "evt_1")));
  EXPECT_THAT(request.fields, Contains(Pair("webhook-timestamp", std::to_string(sent_s))));
  EXPECT_THAT(request.fields, Contains(Pair("webhook-signature", StartsWith("v1,"))));
  EXPECT_THAT(request.fields, Contains(Pair("Content-Type", "application/json")));
  clock.advance(10s);
  client->answer(number, {.status = 500});
  const auto [again, second] = client->next();
  EXPECT_EQ(again, number);
  EXPECT_THAT(second.fields, Contains(Pair("webhook-id", "evt_1")));
  EXPECT_THAT(second.fields, Contains(Pair("webhook-timestamp", std::to_string(sent_s + 10))));
  EXPECT_NE(second.fields, request.fields);
}

TEST_F(SenderTest, SendsWhatWasThereWhenItStarts) {
  queue("evt_1");
  sender->start();
  EXPECT_EQ(client->next().first, 1U);
}

TEST_F(SenderTest, SaysOnceThatItFailsAndThatItIsWellAgain) {
  sender->start();
  queue("evt_1");
  for (int i = 0; i < 3; ++i) client->answer(client->next().first, {.status = 502});
  client->answer(client->next().first, {.status = 200});
  EXPECT_THAT(lines.wait_for(2), ElementsAre(HasSubstr("bad: a webhook was not taken (HTTP 502)"),
                                             "good: webhooks are taken again"));
}

TEST_F(SenderTest, SaysThatItGaveUp) {
  sender->start();
  queue("evt_1");
  client->answer(client->next().first, {.status = 410});
  EXPECT_THAT(lines.wait_for(1), ElementsAre(HasSubstr("callstate webhooks dead")));
  EXPECT_EQ(outbox.counts().dead, 1U);
}

TEST_F(SenderTest, SaysThatTheOldestOfTheDeadMadeWay) {
  outbox.overrun(12);
  sender->start();
  queue("evt_1");
  client->answer(client->next().first, {.status = 410});
  EXPECT_THAT(lines.wait_for(1), ElementsAre(HasSubstr("but for the 12 oldest")));
}

TEST_F(SenderTest, RemembersAnAnswerThatTheOutboxCouldNotTake) {
  sender->start();
  queue("evt_1");
  const auto number = client->next().first;
  outbox.fail(history::Trouble{.message = "the disk is full"});
  client->answer(number, {.status = 200});
  EXPECT_THAT(lines.wait_for(1), ElementsAre(HasSubstr("the disk is full")));
  outbox.fail(std::nullopt);
  queue("evt_2");
  // The later one of the same call goes out only when the first is settled.
  EXPECT_EQ(client->next().first, number + 1);
  EXPECT_EQ(outbox.all_waiting().size(), 1U);
}

TEST_F(SenderTest, GivesWhatIsUnderWayAMomentAtTheEnd) {
  settings.farewell = patience;
  begin();
  sender->start();
  queue("evt_1");
  const auto number = client->next().first;
  client->answer(number, {.status = 200});
  sender->stop();
  EXPECT_EQ(outbox.counts().waiting, 0U);
  EXPECT_EQ(sender->reading().deliveries.delivered, 1U);
}

TEST_F(SenderTest, ShowsHowLongTheOldestHasWaited) {
  sender->start();
  queue("evt_1");
  (void)client->next();
  queue("evt_2", 2);
  (void)client->next();
  clock.advance(90s);
  const auto reading = sender->reading();
  EXPECT_EQ(reading.oldest, 90s);
  EXPECT_EQ(reading.outbox.waiting, 2U);
}

}  // namespace
}  // namespace callstate::projections
