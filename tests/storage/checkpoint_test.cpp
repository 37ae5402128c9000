#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "storage/stores.hpp"

namespace callstate::storage::testing {
namespace {

std::string listing(const std::filesystem::path& directory) {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    files.push_back(file.path().filename().string() + " " + std::to_string(file.file_size()));
  }
  std::ranges::sort(files);
  std::string text;
  for (const auto& file : files) text += file + "\n";
  return text;
}

TEST(Checkpoint, IsReadBesideTheLiveLog) {
  const TemporaryDirectory directory;
  const auto store = open(directory / "live");
  append(*store, 100);
  ASSERT_TRUE(store->make_checkpoint(directory / "copy"));
  append(*store, 50);
  const auto copy = StoredLog::open(directory / "copy");
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ((*copy)->log_id(), store->log_id());
  EXPECT_EQ(positions_in((*copy)->reader()).size(), 100U);
  EXPECT_TRUE((*copy)->verify_checksums());
}

TEST(Checkpoint, MadeWhileWritingIsWholeAndHoldsWhatWasAcknowledged) {
  const TemporaryDirectory directory;
  const auto store = open(directory / "live");
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) {
      append(*store, 100);
      store->snapshots().mark({.position = store->reader().head()});
    }
  });
  for (int round = 0; round < 10; ++round) {
    const auto acknowledged = store->reader().head();
    const auto path = directory / std::to_string(round);
    ASSERT_TRUE(store->make_checkpoint(path));
    const auto copy = StoredLog::open(path);
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_GE((*copy)->reader().head(), acknowledged);
    EXPECT_EQ(positions_in((*copy)->reader()).size(), (*copy)->reader().head());
  }
  stop = true;
  writer.join();
}

TEST(Checkpoint, MustNotExistYet) {
  const TemporaryDirectory directory;
  const auto store = open(directory / "live");
  EXPECT_FALSE(store->make_checkpoint(directory.path()));
}

TEST(StoredLog, ReadsAStoppedLogWithItsWriteAheadLogAndChangesNothing) {
  const TemporaryDirectory directory;
  {
    const auto store = open(directory / "live");
    append(*store, 60);
    copy_files(directory / "live", directory / "stopped");
  }
  const auto before = listing(directory / "stopped");
  {
    const auto log = StoredLog::open(directory / "stopped");
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ((*log)->reader().head(), 60U);
    EXPECT_EQ(positions_in((*log)->reader()).size(), 60U);
  }
  EXPECT_EQ(listing(directory / "stopped"), before);
}

TEST(StoredLog, KeepsServersOutAndOtherReadersIn) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 5);
  const auto first = StoredLog::open(directory.path());
  ASSERT_TRUE(first);
  EXPECT_TRUE(StoredLog::open(directory.path()));
  EXPECT_THAT(refusal_of(directory.path()), ::testing::HasSubstr("in use"));
}

}  // namespace
}  // namespace callstate::storage::testing
