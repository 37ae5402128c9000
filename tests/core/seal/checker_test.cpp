#include "core/seal/checker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/engine/sealing.hpp"
#include "support/memory_log.hpp"
#include "support/plain_sealer.hpp"

namespace callstate::seal {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = Finding::Kind;

/// A log that is sealed every fourth record, and what a checker finds in it.
class Seals : public ::testing::Test {
 protected:
  void SetUp() override { sealer.set_key(7); }

  void write(std::size_t records) {
    engine::Sealing sealing({.by = &sealer, .records = 4});
    sealing.begin({}, begins - 1, begins, begins);
    for (std::size_t i = 0; i < records; ++i) {
      call::Record record;
      record.stream.name = call::UserId::clipped('r' + std::to_string(i % 3));
      record.payload = call::Ringing{};
      add(std::move(record), sealing);
      if (!sealing.due(call::Time{})) continue;
      call::Record seal;
      seal.stream.kind = call::StreamKind::server;
      seal.payload = *sealing.make(seal.at);
      add(std::move(seal), sealing);
    }
  }

  void add(call::Record record, engine::Sealing& sealing) {
    record.position = begins + log.size();
    sealing.take(record, support::hash_of(record));
    log.push_back(std::move(record));
  }

  [[nodiscard]] std::vector<Finding> check(const std::string& log_id = {},
                                           call::Position from = 1) const {
    Checker checker(
        support::plain_hash, log_id,
        [](const call::Sealed& sealed, std::string_view statement) {
          using enum Checker::Verdict;
          if (sealed.key[0] != 7) return unknown_key;
          const auto right = support::PlainSealer::signature_of(statement);
          return right == sealed.signature ? good : bad;
        },
        from);
    std::vector<Finding> found;
    for (const auto& record : log) checker.take(record, support::hash_of(record), found);
    counts = checker.counts();
    return found;
  }

  call::Sealed& seal_at(std::size_t index) { return std::get<call::Sealed>(log.at(index).payload); }

  support::PlainSealer sealer;
  call::Position begins = 1;  // the log does
  std::vector<call::Record> log;
  mutable Checker::Counts counts;
};

TEST_F(Seals, OfASoundLogAreAllRight) {
  write(20);
  EXPECT_THAT(check(sealer.log_id()), IsEmpty());
  EXPECT_EQ(counts.seals, 6U);
  EXPECT_EQ(counts.good_signatures, 6U);
  EXPECT_EQ(counts.sealed_up_to, counts.last_seal - 1);
  EXPECT_EQ(seal_at(4).first, 1U);
  EXPECT_EQ(seal_at(4).last, 4U);
  EXPECT_EQ(seal_at(8).first, 5U) << "the seal before is sealed too";
  EXPECT_EQ(seal_at(8).previous_seal, 5U);
}

TEST_F(Seals, NameTheIntervalOfAnAlteredRecord) {
  write(20);
  log[5].message_id = call::MessageId::clipped("other");
  const auto found = check();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::altered);
  EXPECT_EQ(found[0].first, 5U);
  EXPECT_EQ(found[0].last, 8U);
}

TEST_F(Seals, FindTwoRecordsOfDifferentStreamsThatHaveChangedPlaces) {
  write(20);
  std::swap(log[5], log[6]);
  log[5].position = 6;
  log[6].position = 7;
  const auto found = check();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::altered);
}

TEST_F(Seals, FindARemovedRecordAndGoOnBehindIt) {
  write(20);
  log.erase(log.begin() + 6);
  const auto found = check();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].first, 5U);
  EXPECT_EQ(counts.seals, 6U);
}

TEST_F(Seals, FindARemovedSeal) {
  write(20);
  log.erase(log.begin() + 8);
  const auto found = check();
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(found[0].what, HasSubstr("a seal is missing"));
}

TEST_F(Seals, OfWhoHasNoKeyAreForged) {
  write(20);
  seal_at(8).signature[0] ^= 1U;
  auto found = check();
  ASSERT_THAT(found, SizeIs(3)) << "and the next seal finds it altered, twice";
  EXPECT_EQ(found[0].kind, Kind::forged);
  EXPECT_THAT(found[0].what, HasSubstr("its signature is wrong"));
  seal_at(8).key.fill(9);
  found = check();
  EXPECT_THAT(found[0].what, HasSubstr("09090909"));
  seal_at(8).key = {};
  seal_at(8).signature = {};
  found = check();
  EXPECT_THAT(found[0].what, HasSubstr("it is not signed"));
}

TEST_F(Seals, WhoseEveryFieldIsSigned) {
  const std::vector<std::function<void(call::Record&, call::Sealed&)>> changes{
      [](call::Record& record, call::Sealed&) { record.at += std::chrono::seconds(1); },
      [](call::Record&, call::Sealed& sealed) { sealed.root[0] ^= 1U; },
      [](call::Record&, call::Sealed& sealed) { --sealed.first; },
      [](call::Record&, call::Sealed& sealed) { --sealed.last; },
      [](call::Record&, call::Sealed& sealed) { ++sealed.previous_seal; },
      [](call::Record&, call::Sealed& sealed) { sealed.previous[0] ^= 1U; },
      [](call::Record&, call::Sealed& sealed) { sealed.log_id[0] = '1'; }};
  for (const auto& change : changes) {
    log.clear();
    write(20);
    change(log.at(8), seal_at(8));
    std::size_t forged = 0;
    for (const auto& finding : check()) {
      forged += finding.kind == Kind::forged && finding.seal == 9 ? 1 : 0;
    }
    EXPECT_EQ(forged, 1U) << &change - changes.data();
  }
}

TEST_F(Seals, OfAnotherLogAreToldApart) {
  write(8);
  const auto found = check("11111111-2222-4333-8444-555555555555");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].kind, Kind::misplaced);
  EXPECT_THAT(found[0].what, HasSubstr(sealer.log_id()));
}

TEST_F(Seals, OverWhatWasDroppedStillFollowOneAnother) {
  write(40);
  std::erase_if(log, [](const call::Record& record) {
    const bool is_seal = std::holds_alternative<call::Sealed>(record.payload);
    return record.position < 13 && !is_seal;
  });
  ASSERT_EQ(log[0].position, 5U);
  ASSERT_EQ(log[1].position, 9U);
  ASSERT_EQ(log[2].position, 13U) << "a seal's record, behind what it seals";
  EXPECT_THAT(check({}, 13), IsEmpty());
  EXPECT_EQ(counts.outlived, 3U);
  EXPECT_EQ(counts.good_signatures, counts.seals);

  log[4].message_id = call::MessageId::clipped("other");
  auto found = check({}, 13);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::altered);
  EXPECT_EQ(found[0].first, 13U);
  log[4].message_id = {};
  log.erase(log.begin());
  found = check({}, 13);
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(found[0].what, HasSubstr("another seal before it"));
}

TEST_F(Seals, TheFirstMayBeginWithTheLog) {
  begins = 5;
  write(20);
  ASSERT_EQ(seal_at(4).first, 5U);
  EXPECT_THAT(check({}, 5), IsEmpty());
  EXPECT_EQ(counts.outlived, 0U);
  const auto found = check({}, 4);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].kind, Kind::misplaced) << "it lacks what came before";
}

}  // namespace
}  // namespace callstate::seal
