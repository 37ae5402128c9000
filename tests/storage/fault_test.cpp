#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/detail/opening.hpp"
#include "storage/faulty_file_system.hpp"
#include "storage/stores.hpp"

// A disk that fails under the real RocksDB.

namespace callstate::storage::testing {
namespace {

using ::testing::HasSubstr;
using Operation = FaultyFileSystem::Operation;

rocksdb::IOStatus broken() {
  return rocksdb::IOStatus::IOError("the test's broken disk");
}
rocksdb::IOStatus full() {
  return rocksdb::IOStatus::NoSpace("the test's full disk");
}

class Fault : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open_on_faulty_disk() {
    auto store = open_store({.path = path_}, disk_.env.get());
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
  }

  /// What of the acknowledged is there after a power cut.
  std::size_t left_after_power_cut(std::size_t unsynced_bytes_kept = 0) {
    const auto copy = directory_ / ("cut-" + std::to_string(cuts_++));
    disk_.files->copy_after_power_cut(path_, copy, unsynced_bytes_kept);
    return positions_in(open(copy)->reader()).size();
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "log";
  FaultyDisk disk_;
  int cuts_ = 0;
};

TEST_F(Fault, APowerCutLosesNothingThatWasAcknowledged) {
  const auto store = open_on_faulty_disk();
  EXPECT_EQ(left_after_power_cut(), 0U);
  for (std::size_t round = 1; round <= 10; ++round) {
    append(*store, 20);
    EXPECT_EQ(left_after_power_cut(), round * 20);
  }
}

TEST_F(Fault, APowerCutAfterAMarkLosesNothingThatTheMarkCovers) {
  {
    const auto store = open_on_faulty_disk();
    append(*store, 20);
    store->snapshots().mark({20, {}});
  }
  const auto copy = directory_ / "cut";
  disk_.files->copy_after_power_cut(path_, copy);
  EXPECT_EQ(open(copy)->snapshots().last_mark().position, 20U);
}

TEST_F(Fault, EveryCommitIsSynced) {
  const auto store = open_on_faulty_disk();
  const auto before = disk_.files->count(Operation::sync, ".log");
  append(*store, 50, 5);
  EXPECT_GE(disk_.files->count(Operation::sync, ".log") - before, 10);
}

TEST_F(Fault, AFailedSyncIsFinalEvenWhenTheDiskWorksAgain) {
  const auto store = open_on_faulty_disk();
  append(*store, 20);
  disk_.files->fail(Operation::sync, ".log", 1, broken(), false);
  const auto failed = try_append(*store, 10);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("positions 21 to 30"));
  EXPECT_EQ(store->reader().head(), 20U);
  EXPECT_FALSE(try_append(*store, 10));
  EXPECT_FALSE(try_append(*store, 10));
  EXPECT_EQ(left_after_power_cut(), 20U);
  EXPECT_EQ(left_after_power_cut(100), 20U) << "nor does a torn write come back";
}

TEST_F(Fault, AfterAFailedSyncARestartSaysWhatIsThere) {
  {
    const auto store = open_on_faulty_disk();
    append(*store, 20);
    disk_.files->fail(Operation::sync, ".log", 1, broken(), false);
    EXPECT_FALSE(try_append(*store, 10));
  }
  const auto store = open_on_faulty_disk();
  const auto head = store->reader().head();
  EXPECT_TRUE(head == 20 || head == 30) << head;
  append(*store, 10);
  EXPECT_EQ(positions_in(store->reader()).size(), head + 10);
}

TEST_F(Fault, AFullDiskStopsTheLogAndARestartGoesOn) {
  {
    const auto store = open_on_faulty_disk();
    append(*store, 20);
    disk_.files->fail(Operation::append, ".log", 1, full(), true);
    const auto failed = try_append(*store, 10);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("make room on the disk and restart"));
    disk_.files->heal();
    EXPECT_FALSE(try_append(*store, 10)) << "RocksDB would say it resumed and go on failing";
    EXPECT_EQ(positions_in(store->reader()).size(), 20U) << "reads go on";
  }
  const auto store = open_on_faulty_disk();
  append(*store, 10);
  EXPECT_EQ(positions_in(store->reader()).size(), 30U);
}

TEST_F(Fault, AFailureInTheBackgroundStopsTheLog) {
  const auto store = open_on_faulty_disk();
  append(*store, 20);
  disk_.files->fail(Operation::sync, ".sst", 1, broken(), true);
  EXPECT_FALSE(store->make_checkpoint(directory_ / "copy"));  // flushes
  EXPECT_FALSE(try_append(*store, 10));
  disk_.files->heal();
  EXPECT_FALSE(try_append(*store, 10));
}

TEST_F(Fault, EveryWriteAndSyncMayBeTheOneThatFails) {
  for (const auto operation : {Operation::append, Operation::sync}) {
    for (int nth = 1; nth <= 8; ++nth) {
      path_ = directory_ / (std::to_string(static_cast<int>(operation)) + std::to_string(nth));
      const auto store = open_on_faulty_disk();
      disk_.files->fail(operation, ".log", nth, broken(), true);
      while (try_append(*store, 10)) continue;
      disk_.files->heal();
      EXPECT_EQ(left_after_power_cut(), store->reader().head());
    }
  }
}

}  // namespace
}  // namespace callstate::storage::testing
