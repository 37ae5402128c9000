#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "storage/stores.hpp"

// What is wrong is said as it is: no damage where there is none, and where there
// is, what is left is told from what is gone.

namespace callstate::storage::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Positions 1 to 100 and 101 to 200 in tables, 201 to 300 in the write-ahead log.
class Trouble : public ::testing::Test {
 protected:
  Trouble() {
    append(*open(directory_ / "live"), 100);
    append(*open(directory_ / "live"), 100);
    const auto store = open(directory_ / "live");
    append(*store, 100);
    copy_files(directory_ / "live", log_);
  }

  /// The tables of the log, the oldest first; those of `meta` are smaller.
  static std::vector<std::filesystem::path> tables_in(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> tables;
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
      if (file.path().extension() == ".sst" && file.file_size() > 2'000) tables.push_back(file);
    }
    std::ranges::sort(tables);
    return tables;
  }

  TemporaryDirectory directory_;
  std::filesystem::path log_ = directory_ / "log";
};

TEST_F(Trouble, TooFewOpenFilesAreNoDamage) {
  rlimit whole{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &whole), 0);
  int refused = 0;
  for (rlim_t files = 3; files < 60; ++files) {
    const rlimit few{files, whole.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto refusal = files % 2 == 0 ? refusal_of(log_) : refusal_to_read(log_);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &whole), 0);
    if (refusal.empty()) continue;
    ++refused;
    EXPECT_THAT(refusal, AllOf(HasSubstr("Too many open files"), HasSubstr("LimitNOFILE"),
                               Not(HasSubstr("is damaged")), Not(HasSubstr("missing")),
                               Not(HasSubstr("Restore"))))
        << "with " << files;
  }
  EXPECT_GT(refused, 5);
  EXPECT_EQ(positions_in(open(log_)->reader()).size(), 300U);
}

TEST_F(Trouble, AMissingTableInTheMiddleIsNamedByItsPositionsAlone) {
  const auto tables = tables_in(log_);
  ASSERT_EQ(tables.size(), 2U);
  std::filesystem::remove(tables.back());
  for (const auto& refusal : {refusal_to_read(log_), refusal_of(log_)}) {
    EXPECT_THAT(refusal,
                AllOf(HasSubstr("positions 101 to 200 are missing"), Not(HasSubstr("ends at"))));
  }
}

TEST_F(Trouble, ADamagedTableIsNotSaidToReachToThoseBeforeIt) {
  const auto tables = tables_in(log_);
  auto bytes = bytes_of(tables.back());
  bytes[100] ^= 1;
  write_bytes(tables.back(), bytes);
  const auto log = StoredLog::open(log_);
  ASSERT_TRUE(log) << log.error().message;
  std::string failure;
  positions_in((*log)->reader(), &failure);
  EXPECT_THAT(failure, HasSubstr("positions 101 to "));
}

TEST_F(Trouble, AMissingTableAtTheEndIsMissedByTheHead) {
  append(*open(directory_ / "live"), 1);
  for (const auto& file : std::filesystem::directory_iterator(directory_ / "live")) {
    if (file.path().extension() == ".log") write_bytes(file, "");
  }
  std::filesystem::remove(tables_in(directory_ / "live").back());
  EXPECT_THAT(refusal_of(directory_ / "live"), HasSubstr("positions 201 to 301 are missing"));
}

TEST_F(Trouble, ATruncatedListOfFilesIsDamageAndNoNewerVersion) {
  const auto small = directory_ / "small";
  {
    const auto store = open(directory_ / "alive");
    append(*store, 10);
    copy_files(directory_ / "alive", small);
  }
  for (const auto& file : std::filesystem::directory_iterator(small)) {
    if (!file.path().filename().string().starts_with("MANIFEST-")) continue;
    std::filesystem::resize_file(file.path(), file.file_size() - 10);
  }
  for (const auto& refusal : {refusal_to_read(small), refusal_of(small)}) {
    EXPECT_THAT(refusal, AllOf(HasSubstr("is damaged"), Not(HasSubstr("newer version")),
                               HasSubstr("no position up to 10 is missing")));
  }
}

}  // namespace
}  // namespace callstate::storage::testing
