#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "storage/record_codec.hpp"
#include "storage/record_text.hpp"
#include "storage/sample_records.hpp"
#include "storage/sha256.hpp"
#include "storage/stores.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::HasSubstr;

std::vector<call::Position> first_positions(std::size_t count) {
  std::vector<call::Position> positions(count);
  std::iota(positions.begin(), positions.end(), 1);
  return positions;
}

TEST(Append, RecordsComeBackInOrderWithTheirHashes) {
  const TemporaryDirectory directory;
  auto records = sample_records();
  std::vector<call::Hash> hashes;
  {
    const auto store = open(directory.path());
    EXPECT_EQ(store->reader().head(), 0U);
    auto batch = store->log().begin();
    for (auto& record : records) hashes.push_back(batch->add(record));
    EXPECT_EQ(batch->size(), records.size());
    EXPECT_EQ(store->reader().head(), 0U) << "not durable yet";
    ASSERT_TRUE(store->log().commit(std::move(batch)));
    EXPECT_EQ(store->reader().head(), records.size());
  }
  const auto store = open(directory.path());
  ASSERT_EQ(store->reader().head(), records.size());
  std::size_t at = 0;
  ASSERT_TRUE(store->reader().read(1, ~0UL, [&](const auto& record, const call::Hash& hash) {
    EXPECT_EQ(record.position, at + 1);
    EXPECT_EQ(to_text(record), to_text(records[at]));
    EXPECT_EQ(hash, hashes[at]);
    ++at;
    return true;
  }));
  EXPECT_EQ(at, records.size());
}

TEST(Append, TheHashIsThatOfTheBytes) {
  const TemporaryDirectory directory;
  const auto store = open(directory.path());
  auto record = sample_records().front();
  const auto batch = store->log().begin();
  RecordEncoder encoder;
  EXPECT_EQ(batch->add(record), sha256(encoder.encode(record)));
}

TEST(Append, GoesOnWhereItEndedAfterReopening) {
  const TemporaryDirectory directory;
  for (int round = 0; round < 5; ++round) append(*open(directory.path()), 33);
  const auto store = open(directory.path());
  EXPECT_EQ(positions_in(store->reader()), first_positions(165));
}

TEST(Append, ReadsAreBoundedAsAsked) {
  const TemporaryDirectory directory;
  const auto store = open(directory.path());
  append(*store, 50);
  const auto read = [&](call::Position from, call::Position to, std::size_t max = 1000) {
    std::vector<call::Position> positions;
    EXPECT_TRUE(store->reader().read(from, to, [&](const auto& record, const auto&) {
      positions.push_back(record.position);
      return positions.size() < max;
    }));
    return positions;
  };
  EXPECT_EQ(read(7, 9), (std::vector<call::Position>{7, 8, 9}));
  EXPECT_EQ(read(0, 2), (std::vector<call::Position>{1, 2}));
  EXPECT_EQ(read(49, 1000), (std::vector<call::Position>{49, 50}));
  EXPECT_EQ(read(51, 1000), (std::vector<call::Position>{}));
  EXPECT_EQ(read(9, 8), (std::vector<call::Position>{}));
  EXPECT_EQ(read(1, 50, 3), (std::vector<call::Position>{1, 2, 3}));
}

TEST(Append, AnEmptyBatchIsNothing) {
  const TemporaryDirectory directory;
  const auto store = open(directory.path());
  EXPECT_TRUE(store->log().commit(store->log().begin()));
  append(*store, 1);
  EXPECT_EQ(store->reader().head(), 1U);
}

TEST(Append, ABatchIsFilledWhileTheOneBeforeIsCommitted) {
  const TemporaryDirectory directory;
  const auto store = open(directory.path());
  std::unique_ptr<engine::LogBatch> filled;
  for (int round = 0; round < 200; ++round) {
    std::thread committer([&] {
      if (filled) {
        EXPECT_TRUE(store->log().commit(std::move(filled)));
      }
    });
    auto next = store->log().begin();
    EXPECT_EQ(next->size(), 0U) << "batches that come back are empty";
    for (int i = 0; i < 7; ++i) {
      auto record = signal_in("standup", 1);
      next->add(record);
    }
    committer.join();
    filled = std::move(next);
  }
  ASSERT_TRUE(store->log().commit(std::move(filled)));
  EXPECT_EQ(positions_in(store->reader()), first_positions(1400));
}

TEST(Append, BatchesOutOfOrderStopTheLog) {
  const TemporaryDirectory directory;
  const auto store = open(directory.path());
  auto first = store->log().begin();
  auto second = store->log().begin();
  auto record = signal_in("standup", 1);
  first->add(record);
  second->add(record);
  const auto committed = store->log().commit(std::move(second));
  ASSERT_FALSE(committed);
  EXPECT_THAT(committed.error().message, HasSubstr("order"));
  EXPECT_FALSE(store->log().commit(std::move(first)));
}

TEST(Append, TheLogKeepsItsId) {
  const TemporaryDirectory directory;
  const auto id = open(directory / "a")->log_id();
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(open(directory / "a")->log_id(), id);
  EXPECT_NE(open(directory / "b")->log_id(), id);
}

}  // namespace
}  // namespace callstate::storage::testing
