#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "storage/detail/options.hpp"
#include "storage/detail/positions.hpp"
#include "storage/raw_database.hpp"
#include "storage/stores.hpp"

// Damaged logs are refused, by position and room, and are left as they are.

namespace callstate::storage::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

/// A log of 1,000 records whose write-ahead log still holds the second half.
class Damage : public ::testing::Test {
 protected:
  Damage() {
    append(*open(directory_ / "live"), 500);
    const auto store = open(directory_ / "live");
    append(*store, 500);
    copy_files(directory_ / "live", log_);
  }

  void damage(const std::string& extension, const std::function<void(std::string&)>& how) {
    const auto file = file_in(log_, extension);
    auto bytes = bytes_of(file);
    how(bytes);
    write_bytes(file, bytes);
  }

  /// Of the record at this position: where its text stands in the bytes. The
  /// rooms repeat every ten records.
  static std::size_t offset_of(const std::string& bytes, call::Position nth) {
    std::size_t at = 0;
    for (call::Position i = 0; i < nth; ++i) at = bytes.find("room-", at + 1);
    return at;
  }

  TemporaryDirectory directory_;
  std::filesystem::path log_ = directory_ / "log";
};

TEST_F(Damage, AFlippedBitInTheWriteAheadLogIsRefusedByPosition) {
  damage(".log", [](std::string& bytes) { bytes[offset_of(bytes, 101)] ^= 1; });  // 601
  for (const auto& refusal : {refusal_to_read(log_), refusal_of(log_), refusal_of(log_)}) {
    EXPECT_THAT(refusal, AllOf(HasSubstr("positions 601 to "), HasSubstr("room acme/room-9"),
                               HasSubstr("checksum")));
  }
}

TEST_F(Damage, AFlippedBitInTheLastBatchIsRefusedToo) {
  damage(".log", [](std::string& bytes) { bytes[bytes.size() - 20] ^= 1; });
  EXPECT_THAT(refusal_of(log_), AllOf(HasSubstr("from position 991 on"), HasSubstr("990")));
}

/// The refusal once a page of the write-ahead log has been zeroed.
std::string refusal_with_zeroed_page(const std::filesystem::path& log, std::size_t page) {
  const auto copy = log.string() + "-" + std::to_string(page);
  copy_files(log, copy);
  const auto file = file_in(copy, ".log");
  auto bytes = bytes_of(file);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(page * 4096), 4096, '\0');
  write_bytes(file, bytes);
  auto refusal = refusal_of(copy);
  EXPECT_EQ(bytes_of(file), bytes) << "what is left must stay for a repair";
  EXPECT_EQ(refusal_of(copy), refusal) << "and is refused again";
  std::filesystem::remove_all(copy);
  return refusal;
}

TEST_F(Damage, AZeroedPageInTheWriteAheadLogIsRefused) {
  const auto size = std::filesystem::file_size(file_in(log_, ".log"));
  for (std::size_t page = 0; (page + 2) * 4096 < size; page += 3) {
    EXPECT_THAT(refusal_with_zeroed_page(log_, page), ContainsRegex("positions? [0-9]+"))
        << "page " << page;
  }
}

TEST_F(Damage, AZeroedPageThatRocksDbReadsAsPaddingIsAHole) {
  // Entries that fill the log's 32 KiB blocks to the byte: after a zeroed header
  // the reader finds the next block in order and goes on without a word.
  const auto whole = directory_ / "whole";
  append(*open(directory_ / "exact"), 10);
  change_behind_its_back(directory_ / "exact", [&](Database& database) {
    const std::string value(992, 'v');
    for (call::Position position = 11; position <= 200; ++position) {
      const PositionKey key(position);
      ASSERT_TRUE(database.db->Put(synced(), database.log, key.view(), value).ok());
    }
    copy_files(directory_ / "exact", whole);
  });
  ASSERT_EQ(std::filesystem::file_size(file_in(whole, ".log")), 190U * 1024);
  int holes = 0;
  for (std::size_t page = 1; page < 40; page += 3) {
    const auto refusal = refusal_with_zeroed_page(whole, page);
    const auto first = 11 + page * 4;  // the first entry of that page
    EXPECT_THAT(refusal, HasSubstr("positions " + std::to_string(first) + " to "));
    if (refusal.find("missing from its write-ahead log") != std::string::npos) ++holes;
  }
  EXPECT_EQ(holes, 13);
}

TEST_F(Damage, AFlippedBitInATableIsNamedByTheReader) {
  damage(".sst", [](std::string& bytes) { bytes[bytes.size() / 3] ^= 1; });
  const auto log = StoredLog::open(log_);
  ASSERT_TRUE(log) << log.error().message;
  std::string failure;
  const auto read = positions_in((*log)->reader(), &failure);
  EXPECT_LT(read.size(), 300U);
  EXPECT_THAT(failure, AllOf(HasSubstr("positions " + std::to_string(read.size() + 1) + " to "),
                             HasSubstr("room acme/room-"), HasSubstr("checksum")));
  EXPECT_FALSE((*log)->verify_checksums());
}

TEST_F(Damage, AMissingTableIsNamedByItsPositions) {
  append(*open(log_), 10);  // what the write-ahead log held is now in a table
  std::vector<std::filesystem::path> tables;
  for (const auto& file : std::filesystem::directory_iterator(log_)) {
    if (file.path().extension() == ".sst" && file.file_size() > 3'000) tables.push_back(file);
  }
  ASSERT_EQ(tables.size(), 2U);
  std::ranges::sort(tables);
  std::filesystem::remove(tables.front());
  EXPECT_THAT(refusal_of(log_), HasSubstr("positions 1 to 500 are missing"));
  EXPECT_THAT(refusal_to_read(log_), HasSubstr("positions 1 to 500 are missing"));
}

TEST_F(Damage, AMissingCurrentIsNotTakenForANewLog) {
  std::filesystem::remove(log_ / "CURRENT");
  EXPECT_THAT(refusal_of(log_), HasSubstr("CURRENT is missing"));
  EXPECT_FALSE(Store::open({.path = log_})) << "nor with create_if_missing";
}

TEST_F(Damage, AGarbledManifestIsRefused) {
  for (const auto& file : std::filesystem::directory_iterator(log_)) {
    if (!file.path().filename().string().starts_with("MANIFEST-")) continue;
    auto bytes = bytes_of(file);
    bytes[bytes.size() / 2] ^= 1;
    write_bytes(file, bytes);
  }
  EXPECT_THAT(refusal_of(log_), HasSubstr("damaged"));
}

// RocksDB asserts what it finds in a block: a damaged one is never to be read
// unchecked, not even to tell whose records were in it.
TEST_F(Damage, AnyByteOfATableMayBeDamagedAndIsNeverLookedInto) {
  append(*open(log_), 5'000);
  open(log_);  // what the write-ahead log held is now in a table
  const auto table = file_in(log_, ".sst").filename();
  const auto whole = bytes_of(log_ / table);
  constexpr std::size_t places = 60;
  std::size_t refused = 0;
  for (std::size_t place = 0; place < places; ++place) {
    auto bytes = whole;
    bytes[whole.size() * (2 * place + 1) / (2 * places)] ^= 1;
    write_bytes(log_ / table, bytes);
    std::string failure = refusal_to_read(log_);
    if (failure.empty()) positions_in((*StoredLog::open(log_))->reader(), &failure);
    if (!failure.empty()) ++refused;
  }
  EXPECT_GT(refused, places * 8 / 10);  // a few bytes are of no use to anybody
}

}  // namespace
}  // namespace callstate::storage::testing
