#include "core/engine/sealing.hpp"

#include <gmock/gmock.h>

#include "core/engine/engine.hpp"
#include "core/engine/fixture.hpp"
#include "core/seal/checker.hpp"
#include "support/plain_sealer.hpp"

namespace callstate::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SealingTest : public SequencerTest {
 protected:
  SealingTest() {
    settings.seals = {.by = &sealer, .records = 6, .every = 10s};
    settings.checkpoint_every = 1'000;
  }

  /// Where the seals are, all of which must be right.
  std::vector<call::Position> seals() {
    seal::Checker checker(support::plain_hash, sealer.log_id());
    std::vector<seal::Finding> found;
    std::vector<call::Position> at;
    for (const auto& record : log.all()) {
      checker.take(record, support::hash_of(record), found);
      if (std::holds_alternative<call::Sealed>(record.payload)) at.push_back(record.position);
    }
    EXPECT_THAT(found, IsEmpty());
    sealed_up_to = checker.counts().sealed_up_to;
    return at;
  }

  void refuse(int times) {
    for (int i = 0; i < times; ++i) send(1, "r", call::Ring{});
  }

  support::PlainSealer sealer;
  call::Position sealed_up_to = 0;
};

TEST_F(SealingTest, SealsOnceEnoughHasCome) {
  boot();
  open(1, "alice");
  refuse(3);
  EXPECT_THAT(seals(), IsEmpty());
  refuse(1);
  EXPECT_THAT(seals(), ElementsAre(7U));
  EXPECT_EQ(sealed_up_to, 6U);
  refuse(5);
  EXPECT_THAT(seals(), ElementsAre(7U, 13U)) << "the seal itself is one of them";
}

TEST_F(SealingTest, SealsWhatHasWaitedLongEnoughAndThenNothingMore) {
  boot();
  pass(9s);
  EXPECT_THAT(seals(), IsEmpty());
  EXPECT_EQ(sequencer->next_deadline(), clock.now() + 1s);
  pass(1s);
  EXPECT_THAT(seals(), ElementsAre(2U));
  EXPECT_EQ(sequencer->next_deadline(), std::nullopt);
  pass(60s);
  EXPECT_THAT(seals(), ElementsAre(2U));
}

TEST_F(SealingTest, AStopSealsTheRest) {
  boot();
  open(1, "alice");
  stop();
  EXPECT_THAT(seals(), ElementsAre(3U));
  EXPECT_EQ(sealed_up_to, 2U);
}

TEST_F(SealingTest, NothingIsSealedOnAFullDisk) {
  boot();
  log.set_room(false);
  pass(20s);
  EXPECT_THAT(seals(), IsEmpty());
  log.set_room(true);
  pass(1s);
  EXPECT_THAT(seals(), ElementsAre(2U));
}

TEST_F(SealingTest, ASealThatCannotBeSignedIsTriedAgain) {
  sealer.set_key(1);
  sealer.broken = true;
  boot();
  pass(10s);
  EXPECT_THAT(seals(), IsEmpty());
  EXPECT_EQ(sequencer->next_deadline(), clock.now() + 1s);
  sealer.broken = false;
  pass(1s);
  EXPECT_THAT(seals(), ElementsAre(2U));
}

TEST_F(SealingTest, ARestartGoesOnWhereTheLastSealEnded) {
  for (const bool with_checkpoints : {false, true}) {
    log.lose_after(0);
    log.crash();
    snapshots.clear();
    settings.checkpoint_every = with_checkpoints ? 4 : 1'000;
    for (int round = 0; round < 5; ++round) {
      boot();
      open(1, "alice");
      refuse(4);
      crash();
    }
    EXPECT_EQ(seals().empty(), false);
    boot();
    submit(SealNow{});
    const auto at = seals();
    EXPECT_EQ(sealed_up_to, at.back() - 1) << with_checkpoints;
    EXPECT_EQ(at.back(), log.head());
  }
}

TEST_F(SealingTest, ALongUnsealedPastIsLeftForLater) {
  settings.seals.by = nullptr;
  settings.seals.tail_max = 2 * seal::chunk_positions;
  boot();
  open(1, "alice");
  const call::Position long_log = 5 * seal::chunk_positions;
  while (log.head() < long_log) {
    Batch batch = begin();
    for (int i = 0; i < 4'096; ++i) {
      Submission one = message(1, "r", call::Ring{});
      sequencer->decide(one, batch);
    }
    commit(std::move(batch));
  }
  crash();
  settings.seals.by = &sealer;
  boot();
  const auto past = sequencer->sealing().past();
  ASSERT_TRUE(past);
  EXPECT_EQ(past->first, 1U);
  EXPECT_EQ(past->last, 5 * seal::chunk_positions);
  pass(60s);
  EXPECT_THAT(seals(), IsEmpty()) << "the past comes first";

  // Each chunk, with an end of the process behind it; whatever the next start knows
  // of what was sealed until then.
  seal::Tree tree(support::plain_hash);
  for (call::Position at = 1; at <= past->last; ++at) {
    tree.add(support::hash_of(log.at(at)));
    const auto first = tree.first();
    if (const auto root = tree.take_chunk()) {
      submit(SealPast{first, *root});
      submit(SealPast{first, *root});  // once is enough
      crash(first % (2 * seal::chunk_positions) == 1);
      boot();
    }
  }
  submit(SealNow{});
  EXPECT_GE(seals().size(), 4U);
  EXPECT_EQ(sealed_up_to, log.head() - 1);
}

TEST(SealingEngine, SealsThePastBesideWhatIsServedAndWhenItIsAskedTo) {
  support::ManualClock clock;
  support::SeededIds ids;
  support::MemoryLog log;
  support::MemorySnapshots snapshots;
  support::RecordingDelivery delivery;
  const support::PlainSealer sealer;
  Settings settings;
  const auto nobody_fails = [](const Failure& failure) { ADD_FAILURE() << failure.message; };
  for (call::Position written = 0; written < 5 * seal::chunk_positions;) {
    auto batch = log.begin();
    for (int i = 0; i < 1'024; ++i, ++written) {
      call::Record record;
      record.stream.name = call::UserId::clipped('r' + std::to_string(written));
      record.payload = call::Ringing{};
      record.outcome = call::Outcome::ignored;
      batch->add(record);
    }
    ASSERT_TRUE(log.commit(std::move(batch)));
  }
  settings.seals = {.by = &sealer, .tail_max = 2 * seal::chunk_positions};
  Engine engine(settings, clock, ids, log, log, snapshots, delivery);
  ASSERT_TRUE(engine.start(nobody_fails));
  while (!engine.seal_up_to(5 * seal::chunk_positions + 1, 100ms)) continue;
  EXPECT_GE(engine.stats().sealed, 5 * seal::chunk_positions + 1);
  engine.stop();
  seal::Checker checker(support::plain_hash, sealer.log_id());
  std::vector<seal::Finding> found;
  for (const auto& record : log.all()) checker.take(record, support::hash_of(record), found);
  EXPECT_THAT(found, IsEmpty());
  EXPECT_EQ(checker.counts().sealed_up_to + 1, checker.counts().last_seal);
}

}  // namespace
}  // namespace callstate::engine
