#include <gmock/gmock.h>

#include "core/engine/fixture.hpp"
#include "core/engine/retention.hpp"
#include "core/seal/checker.hpp"
#include "support/plain_sealer.hpp"

// Old calls are dropped from a log with seals: all seals stay, and sealing goes on.

namespace callstate::engine {
namespace {

using call::Position;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr SessionId ann{1};
constexpr SessionId bob{2};

class SealedRetention : public SequencerTest {
 protected:
  SealedRetention() {
    settings.seals = {.by = &sealer, .records = 6, .every = hours(1)};
    settings.checkpoint_every = 1'000;
  }

  void serve() {
    boot();
    open(ann, "ann");
    open(bob, "bob");
  }
  void call_in(std::string_view where) {
    start_call(ann, where, {"bob"});
    send(bob, where, call::Accept{});
    send(ann, where, call::End{});
  }
  void calls(int count) {
    for (int i = 0; i < count; ++i) call_in(std::string(1, static_cast<char>('a' + i % 3)));
  }

  Retention plan(call::Time older_than, Position cut_max = ~Position{0}) {
    auto planned = plan_retention(
        log, {.older_than = older_than, .cut_max = cut_max, .is_kept = is_kept_always});
    EXPECT_TRUE(planned) << planned.error().message;
    return planned.value_or(Retention{});
  }
  /// From a stopped log, up to that position at most.
  Retention retain(Position cut_max) {
    auto planned = plan(clock.now() + hours(1), cut_max);
    log.begin_later(planned.beginning);
    snapshots.clear();
    for (const auto& [key, kept] : planned.beginning.states) {
      std::visit([&](const auto& state) { snapshots.put(kept.stream, state); }, kept.state);
    }
    snapshots.mark(planned.beginning.mark);
    snapshots.flush();
    return planned;
  }

  std::vector<seal::Finding> check() {
    seal::Checker checker(support::plain_hash, sealer.log_id(), {}, log.first());
    std::vector<seal::Finding> found;
    for (const auto& record : log.all()) checker.take(record, support::hash_of(record), found);
    counts = checker.counts();
    return found;
  }
  /// What the seals cover, in order.
  std::vector<std::pair<Position, Position>> intervals() {
    std::vector<std::pair<Position, Position>> found;
    for (const auto& record : log.all()) {
      const auto* sealed = std::get_if<call::Sealed>(&record.payload);
      if (sealed != nullptr) found.emplace_back(sealed->first, sealed->last);
    }
    return found;
  }

  support::PlainSealer sealer;
  seal::Checker::Counts counts;
};

TEST_F(SealedRetention, CutsWhereASealEndsAndKeepsThemAll) {
  serve();
  calls(8);
  stop();
  const auto before = intervals();
  ASSERT_GE(before.size(), 4U);
  const auto cut = before[2].second;
  const auto made = retain(cut + 3);
  EXPECT_EQ(made.beginning.first, cut + 1);
  EXPECT_EQ(made.held, 3U);
  EXPECT_FALSE(made.unsealed);
  EXPECT_FALSE(made.beginning.holds(1));
  EXPECT_EQ(intervals(), before);
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_EQ(counts.outlived, 3U);
  EXPECT_EQ(counts.seals, before.size());
}

TEST_F(SealedRetention, GoesNowhereBeforeTheEndOfTheFirst) {
  serve();
  calls(4);
  stop();
  const auto made = plan(clock.now() + hours(1), intervals()[0].second - 1);
  EXPECT_EQ(made.beginning.first, 1U);
  EXPECT_EQ(made.records, 0U);
  EXPECT_EQ(made.held, intervals()[0].second - 1);
}

TEST_F(SealedRetention, AServerGoesOnSealingAndItMayBeDoneAgain) {
  serve();
  calls(8);
  stop();
  for (int round = 0; round < 3; ++round) {
    retain(log.head() - 5);
    const auto kept = intervals();
    serve();
    calls(4);
    stop();
    const auto now = intervals();
    ASSERT_GT(now.size(), kept.size()) << round;
    EXPECT_TRUE(std::ranges::equal(kept, std::span(now).first(kept.size()))) << round;
    for (std::size_t i = 1; i < now.size(); ++i) EXPECT_EQ(now[i].first, now[i - 1].second + 1);
    EXPECT_THAT(check(), IsEmpty()) << round;
    EXPECT_EQ(counts.sealed_up_to, log.head() - 1) << round;
    EXPECT_GT(counts.outlived, 0U);
    EXPECT_LT(counts.outlived, counts.seals);
  }
}

TEST_F(SealedRetention, AfterACrashAsWell) {
  serve();
  calls(8);
  stop();
  retain(log.head() - 5);
  for (int round = 0; round < 3; ++round) {
    serve();
    calls(1);
    crash(false);
    snapshots.mark(log.beginning()->mark);  // all that is left of them
    for (const auto& [key, kept] : log.beginning()->states) {
      std::visit([&](const auto& state) { snapshots.put(kept.stream, state); }, kept.state);
    }
    snapshots.flush();
  }
  serve();
  stop();
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_EQ(counts.sealed_up_to, log.head() - 1);
}

TEST_F(SealedRetention, AnAlteredRecordIsStillFound) {
  serve();
  calls(8);
  stop();
  retain(intervals()[1].second);
  const auto whole = intervals()[3];
  log.alter(whole.first + 2,
            [](call::Record& record) { record.message_id = call::MessageId::clipped("other"); });
  const auto found = check();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, seal::Finding::Kind::altered);
  EXPECT_EQ(found[0].first, whole.first);
}

TEST_F(SealedRetention, ARemovedSealIsStillFound) {
  serve();
  calls(8);
  stop();
  retain(intervals()[2].second);
  log.lose(log.beginning()->kept.front());
  EXPECT_FALSE(check().empty());
}

TEST_F(SealedRetention, WhatNoSealCoversYetStays) {
  serve();
  calls(3);
  stop();
  settings.seals.by = nullptr;
  serve();
  calls(3);
  stop();
  const auto made = plan(clock.now() + hours(1));
  EXPECT_EQ(made.beginning.first, intervals().back().second + 1);
  EXPECT_TRUE(made.unsealed);
  EXPECT_EQ(made.held, log.head() - made.beginning.first);
}

TEST_F(SealedRetention, ALogWithoutSealsIsSealedFromItsBeginningOn) {
  settings.seals.by = nullptr;
  serve();
  calls(3);
  start_call(ann, "live", {"bob"});
  calls(1);
  stop();
  const auto first = retain(log.head() - 2);
  EXPECT_EQ(first.held, 0U);
  ASSERT_FALSE(first.beginning.kept.empty());
  settings.seals.by = &sealer;
  serve();
  calls(4);
  stop();
  ASSERT_GE(intervals().size(), 2U);
  EXPECT_EQ(intervals().front().first, first.beginning.first);
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_EQ(counts.outlived, 0U);

  retain(intervals()[0].second);
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_EQ(counts.outlived, 1U);
  serve();
  calls(2);
  stop();
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_EQ(counts.sealed_up_to, log.head() - 1);
}

TEST_F(SealedRetention, APastThatIsSealedFarBehindMayBeDropped) {
  settings.seals.by = nullptr;
  settings.seals.tail_max = 2 * seal::chunk_positions;
  boot();
  open(ann, "ann");
  while (log.head() < 5 * seal::chunk_positions) {
    Batch batch = begin();
    for (int i = 0; i < 4'096; ++i) {
      Submission one = message(ann, "r", call::Ring{});
      sequencer->decide(one, batch);
    }
    commit(std::move(batch));
  }
  crash();
  settings.seals.by = &sealer;
  /// Seals so many chunks, and gives the roots' positions.
  const auto seal_past = [&](int chunks) {
    boot();
    const auto past = sequencer->sealing().past();
    ASSERT_TRUE(past);
    seal::Tree tree(support::plain_hash);
    tree.start(past->first);
    for (auto at = past->first; chunks > 0; ++at) {
      tree.add(support::hash_of(log.at(at)));
      const auto first = tree.first();
      if (const auto root = tree.take_chunk()) {
        submit(SealPast{first, *root});
        --chunks;
      }
    }
    stop();
  };
  seal_past(2);
  const auto made = retain(3 * seal::chunk_positions);
  EXPECT_EQ(made.beginning.first, 2 * seal::chunk_positions + 1) << "the third has no seal yet";
  EXPECT_TRUE(made.unsealed);
  EXPECT_THAT(intervals(), SizeIs(2));
  EXPECT_THAT(check(), IsEmpty());
  seal_past(1);
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_EQ(intervals().back().first, made.beginning.first);
  retain(3 * seal::chunk_positions);
  seal_past(1);
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_EQ(counts.outlived, 3U);
  EXPECT_EQ(counts.seals, 4U);
}

TEST_F(SealedRetention, TheServersStartsDuringALiveCallStayWithIt) {
  serve();
  calls(1);
  start_call(ann, "live", {"bob"});
  const auto started = log.head() - 1;
  stop();
  serve();
  const auto restarted = [&] {
    for (auto at = log.head();; --at) {
      if (std::holds_alternative<call::ServerStarted>(log.at(at).payload)) return at;
    }
  }();
  calls(2);
  stop();
  const auto made = plan(clock.now() + hours(1));
  ASSERT_GT(made.beginning.first, restarted);
  EXPECT_EQ(made.live, 1U);
  EXPECT_TRUE(made.beginning.holds(restarted));
  EXPECT_FALSE(made.beginning.holds(1)) << "the start before the call";
  EXPECT_TRUE(made.beginning.holds(started) || made.beginning.holds(started + 1));
}

}  // namespace
}  // namespace callstate::engine
