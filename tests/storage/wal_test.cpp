#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "storage/detail/head_file.hpp"
#include "storage/detail/wal_file.hpp"
#include "storage/stores.hpp"

// What RocksDB would take for the end of the write-ahead log.

namespace callstate::storage::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Entry {
  std::size_t at = 0;
  std::size_t size = 0;  // with its header
};

/// The chunks of a sound file.
std::vector<Entry> entries_of(const std::string& bytes) {
  constexpr std::size_t block = 32UL * 1024;
  std::vector<Entry> entries;
  for (std::size_t at = 0; at + 7 <= bytes.size();) {
    const auto left = block - at % block;
    if (left < 7) {
      at += left;
      continue;
    }
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
    entries.push_back({at, 7UL + byte(4) + byte(5) * 256UL});
    at += entries.back().size;
  }
  return entries;
}

/// 300 records one by one, as after a kill: all of them in the write-ahead log.
class Wal : public ::testing::Test {
 protected:
  static constexpr call::Position head = 300;

  Wal() {
    const auto store = open(directory_ / "live");
    append(*store, head, 1);
    copy_files(directory_ / "live", log_);
    std::filesystem::remove(head_file(log_));
    file_ = file_in(log_, ".log");
    bytes_ = bytes_of(file_);
    entries_ = entries_of(bytes_);
  }

  /// The refusal of a log with these bytes, or nothing; of both ways to open.
  std::string refusal_with(const std::string& bytes) {
    write_bytes(file_, bytes);
    const auto refusal = refusal_to_read(log_);
    if (refusal.empty()) return refusal;
    EXPECT_EQ(refusal_of(log_), refusal);
    EXPECT_EQ(bytes_of(file_), bytes) << "what is left must stay for an inquiry";
    return refusal;
  }

  std::string changed(std::size_t at, char value, std::size_t count = 1) const {
    auto bytes = bytes_;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, value);
    return bytes;
  }

  TemporaryDirectory directory_;
  std::filesystem::path log_ = directory_ / "log";
  std::filesystem::path file_;
  std::string bytes_;
  std::vector<Entry> entries_;
};

TEST_F(Wal, AnEntryOfAnyOtherTypeIsRefused) {
  for (const char type : {'\0', '\5', '\6', '\10', '\11', '\25'}) {
    for (std::size_t i = 1; i < entries_.size(); i += 7) {
      EXPECT_THAT(refusal_with(changed(entries_[i].at + 6, type)), HasSubstr("osition"))
          << "entry " << i << " of type " << int{type};
    }
  }
}

TEST_F(Wal, AnEntryOfAnotherTypeIsNamedByItsPosition) {
  // Entry 0 names the log, so that entry 20 is position 20.
  EXPECT_THAT(refusal_with(changed(entries_[20].at + 6, 5)),
              AllOf(HasSubstr("position 20 is missing"), HasSubstr("room acme/room-8"),
                    HasSubstr(file_.filename().string()),
                    HasSubstr("byte " + std::to_string(entries_[20].at))));
}

TEST_F(Wal, AFlippedBitOfALengthIsRefused) {
  const auto last_block = bytes_.size() / (32 * 1024) * (32 * 1024);
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    const auto at = entries_[i].at;
    if (at < last_block && i % 20 != 0) continue;
    for (const std::size_t bit : {1, 5, 9, 14, 15}) {
      const auto where = at + 4 + bit / 8;
      const auto bytes = changed(where, static_cast<char>(bytes_[where] ^ (1 << bit % 8)));
      EXPECT_NE(refusal_with(bytes), "") << "entry " << i << ", bit " << bit;
    }
  }
}

TEST_F(Wal, AZeroedHeaderIsRefused) {
  for (std::size_t i = 1; i < entries_.size(); i += 7) {
    EXPECT_NE(refusal_with(changed(entries_[i].at, '\0', 7)), "") << "entry " << i;
  }
  EXPECT_THAT(refusal_with(changed(entries_.back().at, '\0', 7)),
              AllOf(HasSubstr("from position 300 on"), HasSubstr("ends at position 299")));
}

TEST_F(Wal, ZerosToTheEndAreRefused) {
  const auto entry = entries_[entries_.size() - 30];
  EXPECT_THAT(refusal_with(changed(entry.at, '\0', bytes_.size() - entry.at)),
              HasSubstr("from position 271 on"));
}

TEST_F(Wal, ATornLastEntryIsNot) {
  for (std::size_t cut = 1; cut < entries_.back().size; ++cut) {
    EXPECT_EQ(refusal_with(bytes_.substr(0, bytes_.size() - cut)), "") << cut << " bytes";
  }
}

TEST_F(Wal, ANewSizeWithoutTheBytesIsNot) {
  // A power cut: the file has grown, and what was to be there never came.
  for (const auto more : {1, 6, 7, 100, 70'000}) {
    write_bytes(file_, bytes_);
    std::filesystem::resize_file(file_, bytes_.size() + static_cast<std::size_t>(more));
    EXPECT_EQ(refusal_to_read(log_), "") << more << " bytes";
  }
  EXPECT_EQ(open(log_)->reader().head(), head);
}

TEST_F(Wal, ATornEntryBeforeAnotherFileIsRefusedUnlessThatGoesOn) {
  const auto torn = bytes_.substr(0, entries_[50].at + 5);
  const auto next = log_ / "000099.log";
  const auto entry = [&](std::size_t i) { return bytes_.substr(entries_[i].at, entries_[i].size); };
  write_bytes(next, entry(60));
  EXPECT_THAT(refusal_with(torn), HasSubstr("positions 50 to 59 are missing"));
  write_bytes(next, "");
  EXPECT_EQ(refusal_with(torn), "") << "a start that was killed leaves an empty one";
  write_bytes(next, entry(50));
  EXPECT_EQ(refusal_with(torn), "") << "a start has cut it off already";
}

TEST_F(Wal, ManyEntriesInOneAreReadWhole) {
  // Batches of several blocks, so that entries have first, middle and last parts.
  const auto store = open(directory_ / "big");
  append(*store, 3000, 1000);
  const auto files = read_wal(directory_ / "big");
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1U);
  EXPECT_EQ(files->front().tail, WalFile::Tail::none);
  EXPECT_EQ(files->front().found, (std::vector<Extent>{{1, 3000}}));

  const auto torn = directory_ / "torn";
  copy_files(directory_ / "big", torn);
  write_head(torn, 2000);
  const auto file = file_in(torn, ".log");
  const auto size = std::filesystem::file_size(file);
  for (std::size_t cut = 1; cut < size / 4; cut += 10'007) {
    std::filesystem::resize_file(file, size - cut);
    EXPECT_EQ(refusal_to_read(torn), "") << cut << " bytes";
  }
  EXPECT_EQ(open(torn)->reader().head(), 2000U);
}

class Head : public ::testing::Test {
 protected:
  Head() {
    append(*open(path_), 100);  // and closed: in the table files
    const auto store = open(path_);
    append(*store, 50);
    copy_files(path_, killed_);
    write_head(killed_, 150);  // what the store writes within a second
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "log";
  std::filesystem::path killed_ = directory_ / "killed";
};

TEST_F(Head, IsRememberedAtAClose) {
  EXPECT_EQ(read_head(path_), 150U);
}

TEST_F(Head, AWriteAheadLogThatIsGoneIsRefused) {
  std::filesystem::remove(file_in(killed_, ".log"));
  for (const auto& refusal : {refusal_to_read(killed_), refusal_of(killed_), refusal_of(killed_)}) {
    EXPECT_THAT(refusal, AllOf(HasSubstr("ends at 100, but position 150 had been acknowledged"),
                               HasSubstr("positions 101 to 150 are missing")));
  }
}

TEST_F(Head, AWriteAheadLogThatWasCutIsRefused) {
  const auto file = file_in(killed_, ".log");
  std::filesystem::resize_file(file, entries_of(bytes_of(file))[3].at);
  EXPECT_THAT(refusal_of(killed_), HasSubstr("positions 131 to 150 are missing"));
  EXPECT_TRUE(std::filesystem::exists(file)) << "what is left must stay for an inquiry";
}

TEST_F(Head, ALogThatIsGoneAltogetherIsNotBegunAnew) {
  for (const auto& entry : std::filesystem::directory_iterator(killed_)) {
    if (entry.path() != head_file(killed_)) std::filesystem::remove(entry.path());
  }
  const auto store = Store::open({.path = killed_});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message, HasSubstr("positions 1 to 150 are missing"));
  EXPECT_FALSE(std::filesystem::exists(killed_ / "CURRENT"));
}

TEST_F(Head, ADamagedFileSaysNothing) {
  write_bytes(head_file(killed_), "999 1\n");
  EXPECT_EQ(open(killed_)->reader().head(), 150U);
  std::filesystem::remove(head_file(killed_));
  EXPECT_EQ(open(killed_)->reader().head(), 150U);
}

}  // namespace
}  // namespace callstate::storage::testing
