#include "core/engine/engine.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/engine/fixture.hpp"
#include "core/engine/system.hpp"

// The engine with its threads.

namespace callstate::engine {
namespace {

using std::chrono::milliseconds;

// Spent only by a test that fails.
constexpr std::chrono::seconds patience{10};

/// Holds commits back while it is closed.
class Gate {
 public:
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  void open() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = false;
    }
    changed_.notify_all();
  }
  /// Waits until a commit is held back.
  [[nodiscard]] bool someone_waits() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return waiting_ > 0; });
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !closed_; });
    --waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  int waiting_ = 0;
};

/// Tells how many calls have been decided, committed or not.
class CountingIds final : public IdSource {
 public:
  call::CallId next_call(call::Time now) override {
    const auto id = ids_.next_call(now);
    {
      const std::scoped_lock lock(mutex_);
      ++calls_;
    }
    more_.notify_all();
    return id;
  }
  std::uint64_t random() override { return ids_.random(); }
  [[nodiscard]] bool wait_for(std::size_t calls) {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, patience, [&] { return calls_ >= calls; });
  }

 private:
  support::SeededIds ids_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::size_t calls_ = 0;
};

/// The machine's clock, until it is set back by a day.
class SteppingClock final : public Clock {
 public:
  [[nodiscard]] call::Time now() const override {
    return real_.now() - (back_ ? std::chrono::hours(24) : std::chrono::hours(0));
  }
  void step_back() { back_ = true; }

 private:
  SystemClock real_;
  std::atomic<bool> back_ = false;
};

class EngineTest : public SequencerTest {
 protected:
  void SetUp() override {
    settings.calls.per_second = 0;
    log.set_gate([this] { gate.pass(); });
  }
  void TearDown() override {
    gate.open();
    engine.reset();
  }

  Recovery run(const Clock& with) {
    engine = std::make_unique<Engine>(settings, with, counted, log, log, snapshots, delivery);
    const auto found = engine->start([this](const Failure&) {
      ++failures;
      failures.notify_all();
    });
    EXPECT_TRUE(found);
    return found.value_or(Recovery{});
  }
  Recovery run() { return run(clock); }

  static Submission a_call(SessionId session, int number) {
    const auto name = std::to_string(number);
    return message(
        session, name,
        call::StartCall{
            .callees = {user("zoe")}, .caller_name = {}, .callee_name = {}, .metadata = {}},
        name);
  }
  void join(SessionId session, std::string_view who) {
    ASSERT_TRUE(engine->submit(opening(session, who)));
    ASSERT_TRUE(delivery.wait_for([&](const auto& effects) {
      return std::ranges::any_of(only<Attach>(effects),
                                 [&](const Attach& one) { return one.session == session; });
    }));
  }
  [[nodiscard]] bool acknowledged(SessionId session, std::size_t count) {
    return delivery.wait_for(
        [&](const auto& effects) { return replies<Ack>(effects, session).size() >= count; });
  }
  [[nodiscard]] bool has_published(std::string_view type) {
    return delivery.wait_for([&](const auto& effects) {
      const auto types = published(effects);
      return std::ranges::find(types, type) != types.end();
    });
  }

  // All of these outlive the engine's threads.
  SystemClock real;
  SteppingClock stepping;
  Gate gate;
  CountingIds counted;
  std::atomic<int> failures = 0;
  std::unique_ptr<Engine> engine;
};

TEST_F(EngineTest, DecidesWhileItCommitsAndCommitsThatTogether) {
  run();
  join(1, "ann");
  gate.close();
  ASSERT_TRUE(engine->submit(a_call(1, 0)));
  ASSERT_TRUE(gate.someone_waits());
  const auto before = log.batch_sizes().size();
  for (int number = 1; number <= 10; ++number) ASSERT_TRUE(engine->submit(a_call(1, number)));
  // All of them are decided although the first is still being committed.
  ASSERT_TRUE(counted.wait_for(11));
  EXPECT_TRUE(replies<Ack>(delivery.all(), 1).empty());
  gate.open();
  ASSERT_TRUE(acknowledged(1, 11));
  const auto sizes = log.batch_sizes();
  ASSERT_EQ(sizes.size(), before + 2);
  EXPECT_EQ(sizes[before], 2U);  // CALL_STARTED, CALLEE_OFFLINE
  EXPECT_EQ(sizes[before + 1], 20U);
}

TEST_F(EngineTest, AcknowledgesInTheOrderOfSubmission) {
  run();
  join(1, "ann");
  for (int number = 0; number < 200; ++number) ASSERT_TRUE(engine->submit(a_call(1, number)));
  ASSERT_TRUE(acknowledged(1, 200));
  int number = 0;
  call::Position last = 0;
  for (const auto& ack : replies<Ack>(delivery.all(), 1)) {
    EXPECT_EQ(ack.id, id(std::to_string(number++)));
    EXPECT_GT(ack.position, last);
    last = ack.position;
  }
}

TEST_F(EngineTest, ServesManyThreads) {
  run();
  constexpr int threads = 4;
  constexpr int each = 300;
  for (int i = 0; i < threads; ++i) {
    join(static_cast<SessionId>(i + 1), std::string("user").append(std::to_string(i)));
  }
  {
    std::vector<std::jthread> submitting;
    for (int i = 0; i < threads; ++i) {
      submitting.emplace_back([&, i] {
        for (int n = 0; n < each; ++n) {
          while (!engine->submit(a_call(static_cast<SessionId>(i + 1), i * each + n))) {
            std::this_thread::yield();
          }
        }
      });
    }
  }
  for (int i = 0; i < threads; ++i) {
    EXPECT_TRUE(acknowledged(static_cast<SessionId>(i + 1), each));
  }
  engine->stop();
  EXPECT_EQ(engine->stats().head, log.head());
  call::Position expected = 1;
  for (const auto& record : log.all()) EXPECT_EQ(record.position, expected++);
}

TEST_F(EngineTest, AfterAFailedCommitNothingIsDeliveredAndItSaysSoOnce) {
  run();
  join(1, "ann");
  gate.close();
  ASSERT_TRUE(engine->submit(a_call(1, 0)));
  ASSERT_TRUE(gate.someone_waits());
  // The next batch is decided on top of the one that fails.
  ASSERT_TRUE(engine->submit(a_call(1, 1)));
  ASSERT_TRUE(counted.wait_for(2));
  const auto before = delivery.all().size();
  log.fail_commit(1, support::MemoryLog::Fault::lost);
  gate.open();
  failures.wait(0);
  engine->stop();
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(delivery.all().size(), before);
  EXPECT_TRUE(engine->stats().failed);
  EXPECT_FALSE(engine->submit(a_call(1, 2)));
  EXPECT_FALSE(engine->submit(CloseNotice{1}));
}

TEST_F(EngineTest, ALogThatFailsAtTheStartIsReported) {
  log.fail_commit(1, support::MemoryLog::Fault::lost);
  engine = std::make_unique<Engine>(settings, clock, counted, log, log, snapshots, delivery);
  EXPECT_FALSE(engine->start([](const Failure&) {}));
  EXPECT_FALSE(engine->submit(opening(1, "ann")));
  engine->stop();
}

TEST_F(EngineTest, AFullInboxTakesCloseNoticesOnly) {
  settings.inbox_max = 4;
  settings.batch_max = 2;
  run();
  join(1, "ann");
  gate.close();
  int taken = 0;
  // What is being committed, what is decided, what was taken, what waits.
  constexpr int all_of_it = 100;
  while (taken < all_of_it && engine->submit(a_call(1, taken))) ++taken;
  if (taken == 4) {
    // Before anything was decided: then there is room again, and once more full.
    ASSERT_TRUE(gate.someone_waits());
    while (taken < all_of_it && engine->submit(a_call(1, taken))) ++taken;
  }
  EXPECT_LT(taken, all_of_it);
  EXPECT_TRUE(engine->submit(CloseNotice{1}));
  gate.open();
  EXPECT_TRUE(acknowledged(1, static_cast<std::size_t>(taken)));
}

TEST_F(EngineTest, OfSeveralItTakesTheFirstThatFitAndEveryCloseNotice) {
  settings.inbox_max = 4;
  settings.batch_max = 2;
  run();
  join(1, "ann");
  join(2, "bob");
  gate.close();
  constexpr std::size_t all_of_it = 100;
  std::vector<Submission> many;
  for (std::size_t i = 0; i < all_of_it; ++i) many.emplace_back(a_call(1, static_cast<int>(i)));
  many.emplace_back(CloseNotice{2});
  many.emplace_back(a_call(1, all_of_it));
  const std::size_t taken = engine->submit_all(many);
  EXPECT_EQ(taken, settings.inbox_max);
  EXPECT_EQ(std::get<Send>(many[taken]).message.id, std::get<Send>(a_call(1, 4)).message.id)
      << "what is not taken is left as it was";
  gate.open();
  EXPECT_TRUE(acknowledged(1, taken));
  engine->stop();
  EXPECT_EQ(engine->stats().sessions, 1);
}

// JOINs leave no records: a batch of nothing else had no bound.
TEST_F(EngineTest, ABatchHoldsSoManySubmissions) {
  settings.batch_max = 4;
  run();
  join(1, "ann");
  gate.close();
  ASSERT_TRUE(engine->submit(a_call(1, 0)));
  ASSERT_TRUE(gate.someone_waits());
  for (int number = 0; number < 20; ++number) {
    ASSERT_TRUE(engine->submit(Join{1, room("r"), {}}));
  }
  gate.open();
  ASSERT_TRUE(delivery.wait_for(
      [&](const auto& effects) { return only<Subscribe>(effects).size() == 20; }));
  for (const auto size : delivery.sizes()) EXPECT_LE(size, 2 * settings.batch_max);
}

TEST_F(EngineTest, AStopCommitsWhatItHasAndLeavesACheckpoint) {
  run();
  join(1, "ann");
  for (int number = 0; number < 50; ++number) ASSERT_TRUE(engine->submit(a_call(1, number)));
  engine->stop();
  EXPECT_EQ(replies<Ack>(delivery.all(), 1).size(), 50U);
  EXPECT_FALSE(engine->submit(a_call(1, 50)));
  EXPECT_EQ(snapshots.last_mark().position, log.head());
  const auto head = log.head();
  engine->stop();
  EXPECT_EQ(log.head(), head);
  const Recovery found = run();
  EXPECT_EQ(found.replayed, 0U);
  EXPECT_EQ(found.live_rooms, 50U);
}

TEST_F(EngineTest, AStopWaitsForTheCommitUnderWay) {
  run();
  join(1, "ann");
  gate.close();
  ASSERT_TRUE(engine->submit(a_call(1, 0)));
  ASSERT_TRUE(gate.someone_waits());
  ASSERT_TRUE(engine->submit(a_call(1, 1)));
  std::jthread stopping([&] { engine->stop(); });
  gate.open();
  stopping.join();
  EXPECT_EQ(replies<Ack>(delivery.all(), 1).size(), 2U);
}

TEST_F(EngineTest, AnEngineThatNeverStartedMayStop) {
  engine = std::make_unique<Engine>(settings, clock, counted, log, log, snapshots, delivery);
  engine->stop();
  EXPECT_FALSE(engine->submit(opening(1, "ann")));
}

TEST_F(EngineTest, DeadlinesPassWithAnIdleInbox) {
  settings.rules.ring_timeout = milliseconds(30);
  run(real);
  join(1, "ann");
  ASSERT_TRUE(engine->submit(a_call(1, 0)));
  EXPECT_TRUE(has_published("TIMED_OUT"));
}

// Nobody comes after a restart: the calls of before end all the same.
TEST_F(EngineTest, DeadlinesPassAfterAStartWithAnIdleInbox) {
  run(real);
  join(1, "ann");
  ASSERT_TRUE(engine->submit(a_call(1, 0)));
  ASSERT_TRUE(acknowledged(1, 1));
  engine->stop();
  settings.rules.reconnect_grace = milliseconds(30);
  settings.rules.presence_grace = milliseconds(20);
  run(real);
  EXPECT_TRUE(has_published("ENDED"));
  EXPECT_TRUE(has_published("USER_OFFLINE"));
}

TEST_F(EngineTest, DeadlinesPassAlthoughTheClockStepsBackWhileItWaits) {
  settings.rules.ring_timeout = milliseconds(100);
  run(stepping);
  join(1, "ann");
  ASSERT_TRUE(engine->submit(a_call(1, 0)));
  ASSERT_TRUE(acknowledged(1, 1));
  stepping.step_back();
  EXPECT_TRUE(has_published("TIMED_OUT"));
}

}  // namespace
}  // namespace callstate::engine
