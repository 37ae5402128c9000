#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/detail/head_file.hpp"
#include "storage/detail/wal_file_system.hpp"
#include "storage/stores.hpp"

// The write-ahead log is prepared ahead of its end, and a kill leaves the fill.

namespace callstate::storage::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t page = 4096;

std::size_t fill_at_the_end_of(const std::string& bytes) {
  return bytes.size() - 1 - bytes.find_last_not_of(wal_fill);
}

/// 20 batches as after a kill; the last fills several pages.
class WalFill : public ::testing::Test {
 protected:
  static constexpr call::Position before = 250;
  static constexpr call::Position head = before + 60;

  WalFill() {
    const auto store = open(directory_ / "live");
    append(*store, before);
    const auto file = file_in(directory_ / "live", ".log");
    begin_ = std::filesystem::file_size(file);
    append(*store, 60, 60);
    copy_files(directory_ / "live", log_);
    std::filesystem::remove(head_file(log_));
    file_ = file_in(log_, ".log");
    bytes_ = bytes_of(file_);
  }

  [[nodiscard]] std::string refusal_with(const std::string& written, std::size_t pages = 8) {
    write_bytes(file_, filled(written, pages));
    return refusal_to_read(log_);
  }
  [[nodiscard]] call::Position head_with(const std::string& written) {
    EXPECT_EQ(refusal_with(written), "");
    const auto stored = StoredLog::open(log_);
    return stored ? (*stored)->reader().head() : 0;
  }
  static std::string filled(std::string written, std::size_t pages) {
    written.resize((written.size() + page - 1) / page * page + pages * page, wal_fill);
    return written;
  }
  [[nodiscard]] std::string changed(std::size_t at, char value, std::size_t count = 1) const {
    auto bytes = bytes_;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, value);
    return bytes;
  }
  /// The first page that lies in the last batch as a whole.
  [[nodiscard]] std::size_t inner_page() const { return (begin_ + page - 1) / page * page; }

  TemporaryDirectory directory_;
  std::filesystem::path log_ = directory_ / "log";
  std::filesystem::path file_;
  std::string bytes_;
  std::size_t begin_ = 0;  // of the last batch
};

TEST_F(WalFill, IsNotReadAndIsWrittenOver) {
  ASSERT_EQ(head_with(bytes_), head);
  const auto store = open(log_);
  EXPECT_EQ(store->reader().head(), head);
  append(*store, 20);
  EXPECT_EQ(positions_in(store->reader()).size(), head + 20);
}

TEST_F(WalFill, IsLeftByAKillAndNotByAClose) {
  constexpr std::size_t records = 6'000;
  {
    const auto store = open(directory_ / "long");
    append(*store, records);
    copy_files(directory_ / "long", directory_ / "killed");
    const auto bytes = bytes_of(file_in(directory_ / "killed", ".log"));
    ASSERT_GT(bytes.size(), wal_prepared_from_bytes);
    EXPECT_GT(fill_at_the_end_of(bytes), 0U);
    EXPECT_LE(fill_at_the_end_of(bytes), wal_prepared_ahead_bytes + page);
  }
  EXPECT_EQ(fill_at_the_end_of(bytes_of(file_in(directory_ / "long", ".log"))), 0U);
  EXPECT_EQ(open(directory_ / "long")->reader().head(), records);
  const auto store = open(directory_ / "killed");
  EXPECT_EQ(positions_in(store->reader()).size(), records);
  append(*store, 10);
  EXPECT_EQ(store->reader().head(), records + 10);
}

TEST_F(WalFill, CostsATornWriteOnlyItself) {
  for (std::size_t left = 1; begin_ + left < bytes_.size(); left += 701) {
    EXPECT_EQ(head_with(bytes_.substr(0, begin_ + left)), before) << left << " bytes";
  }
}

TEST_F(WalFill, ShowsThatAPageOfTheLastWriteNeverCame) {
  EXPECT_EQ(head_with(changed(inner_page(), wal_fill, page)), before);
  // A start goes on from there.
  const auto store = open(log_);
  append(*store, 5);
  EXPECT_EQ(positions_in(store->reader()).size(), before + 5);
}

TEST_F(WalFill, InFrontOfWhatWasWrittenLaterIsALoss) {
  EXPECT_THAT(refusal_with(changed(2 * page, wal_fill, page)), HasSubstr("osition"));
}

TEST_F(WalFill, HidesNoDamageInTheLastWrite) {
  for (std::size_t at = begin_; at < bytes_.size(); at += 997) {
    const auto flipped = static_cast<char>(bytes_[at] ^ 4);
    EXPECT_THAT(refusal_with(changed(at, flipped)), HasSubstr("from position 251 on")) << at;
  }
}

TEST_F(WalFill, HidesNoZeroedPage) {
  const auto last_page = bytes_.size() / page * page;
  auto zeroed = filled(changed(last_page, '\0', bytes_.size() - last_page), 0);
  std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(last_page), zeroed.end(), '\0');
  EXPECT_THAT(refusal_with(zeroed), HasSubstr("from position 251 on"));
}

TEST_F(WalFill, ShowsThatTheFirstPageOfTheLastWriteNeverCame) {
  // A power cut keeps pages in no order: what it was to begin with is fill.
  const auto rest = inner_page() - begin_;
  EXPECT_EQ(head_with(changed(begin_, wal_fill, rest)), before);
  constexpr std::size_t block = 8 * page;
  const auto next_block = (begin_ + block - 1) / block * block;
  ASSERT_LT(next_block + page, bytes_.size());
  EXPECT_EQ(head_with(changed(next_block, wal_fill, page)), before);
}

TEST_F(WalFill, MayBeDamagedWhereNothingWasWritten) {
  auto bytes = filled(bytes_, 8);
  bytes[bytes.size() - page / 2] = 'x';
  EXPECT_EQ(refusal_with(bytes, 0), "");
}

}  // namespace
}  // namespace callstate::storage::testing
