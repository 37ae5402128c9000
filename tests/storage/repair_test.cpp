#include "storage/repair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/chained_log.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/options.hpp"
#include "storage/detail/positions.hpp"
#include "storage/raw_database.hpp"
#include "storage/record_codec.hpp"

// Each kind of damage: what is before it is kept, what is not kept is said.

namespace callstate::storage::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const RepairProgress unseen = [](call::Position, call::Position) {};

/// A log of 1,000 records whose write-ahead log still holds the second half.
class Repair : public ::testing::Test {
 protected:
  Repair() {
    ChainedLog records;
    records.append(*open(directory_ / "live"), 500);
    const auto store = open(directory_ / "live");
    log_id_ = store->log_id();
    records.append(*store, 500);
    copy_files(directory_ / "live", log_);
    // It follows the log by up to a second: of this moment, whatever it was.
    fs::remove(head_file(log_));
  }

  void damage(const fs::path& file, const std::function<void(std::string&)>& how) const {
    auto bytes = bytes_of(file);
    how(bytes);
    write_bytes(file, bytes);
  }
  static std::size_t offset_of(const std::string& bytes, call::Position nth) {
    std::size_t at = 0;
    for (call::Position i = 0; i < nth; ++i) at = bytes.find("room-", at + 1);
    return at;
  }
  [[nodiscard]] std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> all;
    for (const auto& file : fs::directory_iterator(log_)) {
      all[file.path().filename().string()] = bytes_of(file);
    }
    return all;
  }

  /// Repairs, and checks what holds of every repair.
  Repaired repaired() const {
    EXPECT_FALSE(StoredLog::open(log_) && readable(log_)) << "the damage is none";
    const auto before = contents();
    const auto done = repair(log_, copy_, unseen);
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(contents(), before) << "the damaged log stays as it was";
    EXPECT_FALSE(done->damage.empty());
    const auto store = open(copy_);
    EXPECT_EQ(store->reader().head(), done->kept);
    EXPECT_EQ(positions_in(store->reader()).size(), done->kept);
    EXPECT_EQ(done->readable, sum_of(*done));
    return *done;
  }
  static bool readable(const fs::path& path) {
    const auto log = StoredLog::open(path);
    std::string failure;
    if (log) positions_in((*log)->reader(), &failure);
    return log && failure.empty();
  }
  static std::uint64_t sum_of(const Repaired& repaired) {
    std::uint64_t sum = 0;
    for (const auto& stream : repaired.streams) sum += stream.records;
    return sum;
  }

  TemporaryDirectory directory_;
  fs::path log_ = directory_ / "log";
  fs::path copy_ = directory_ / "copy";
  std::string log_id_;
};

TEST_F(Repair, OfASoundLogMakesNothing) {
  const auto done = repair(log_, copy_, unseen);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->sound());
  EXPECT_FALSE(fs::exists(copy_));
}

TEST_F(Repair, CutsAtAFlippedBitInTheWriteAheadLog) {
  damage(file_in(log_, ".log"), [](std::string& bytes) { bytes[offset_of(bytes, 101)] ^= 1; });
  const auto done = repaired();  // of position 601, whose batch goes to 610
  EXPECT_EQ(done.kept, 600U);
  EXPECT_EQ(done.end, 1000U);
  EXPECT_EQ(done.cut(), 400U);
  EXPECT_EQ(done.log_id, log_id_);
  EXPECT_FALSE(done.new_log_id);
  EXPECT_GT(done.readable, 300U);
  EXPECT_LE(done.readable, 390U);
  EXPECT_THAT(done.why, HasSubstr("position 601 is missing"));
  ASSERT_EQ(done.streams.size(), 10U);
  EXPECT_EQ(done.streams.front().stream, "room acme/room-0");
  EXPECT_EQ(done.streams.front().calls.size(), 1U);
  EXPECT_GT(done.streams.front().first, 610U);
  EXPECT_EQ(done.streams.front().last, 991U);
}

TEST_F(Repair, CutsAtAZeroedPage) {
  damage(file_in(log_, ".log"), [](std::string& bytes) {
    std::fill_n(bytes.begin() + std::ptrdiff_t{5 * 4096}, 4096, '\0');
  });
  const auto done = repaired();
  EXPECT_GT(done.kept, 500U);
  EXPECT_LT(done.kept, 1000U);
  EXPECT_EQ(done.end, 1000U);
}

TEST_F(Repair, CutsAtAMissingTable) {
  open(log_);  // what the write-ahead log held is now in a table
  std::vector<fs::path> tables;
  for (const auto& file : fs::directory_iterator(log_)) {
    if (file.path().extension() == ".sst" && file.file_size() > 3'000) tables.push_back(file);
  }
  ASSERT_EQ(tables.size(), 2U);
  std::ranges::sort(tables);
  fs::remove(tables.back());
  const auto done = repaired();
  EXPECT_EQ(done.kept, 500U);
  EXPECT_EQ(done.end, 1000U) << "by the file head";
  EXPECT_EQ(done.acknowledged, 500U);
  EXPECT_EQ(done.readable, 0U);
}

TEST_F(Repair, OfALogWithoutItsFirstTableIsOfNoUse) {
  fs::remove(file_in(log_, ".sst"));
  const auto done = repair(log_, copy_, unseen);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("no record can be kept"));
  EXPECT_FALSE(fs::exists(copy_));
}

TEST_F(Repair, CutsAtAFlippedBitInATable) {
  damage(file_in(log_, ".sst"), [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; });
  const auto done = repaired();
  EXPECT_GT(done.kept, 0U);
  EXPECT_LT(done.kept, 500U);
  EXPECT_EQ(done.end, 1000U);
  EXPECT_GT(done.readable, 500U) << "the write-ahead log can be read, and more of the table";
}

TEST_F(Repair, CutsNothingWhereOnlyTheListOfFilesIsGarbled) {
  for (const auto& file : fs::directory_iterator(log_)) {
    if (!file.path().filename().string().starts_with("MANIFEST-")) continue;
    damage(file, [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; });
  }
  const auto done = repaired();
  EXPECT_EQ(done.kept, 1000U);
  EXPECT_EQ(done.cut(), 0U);
  EXPECT_EQ(done.log_id, log_id_);
  EXPECT_EQ(done.why, "");
}

TEST_F(Repair, CutsNothingWhereOnlyCurrentIsMissing) {
  fs::remove(log_ / "CURRENT");
  EXPECT_EQ(repaired().kept, 1000U);
}

TEST_F(Repair, KeepsWhatIsThereOfALogWhoseEndIsLost) {
  damage(file_in(log_, ".log"), [](std::string& bytes) { bytes.resize(bytes.size() / 2); });
  ASSERT_TRUE(write_head(log_, 990));
  const auto done = repaired();
  EXPECT_GT(done.kept, 600U);
  EXPECT_EQ(done.end, 990U);
  EXPECT_EQ(done.acknowledged, 990 - done.kept);
  EXPECT_EQ(done.readable, 0U);
}

TEST_F(Repair, CutsBeforeARecordThatDoesNotFollow) {
  change_behind_its_back(log_, [](Database& database) {
    RecordEncoder encoder;
    auto record = signal_in(room_of(700), 70);
    const auto bytes = encoder.encode(record);
    const PositionKey key(700);
    ASSERT_TRUE(database.db
                    ->Put(synced(), database.log, key.view(),
                          rocksdb::Slice(reinterpret_cast<const char*>(bytes.data()), bytes.size()))
                    .ok());
  });
  const auto done = repair(log_, copy_, unseen);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->kept, 699U);
  EXPECT_THAT(done->why, HasSubstr("breaks at position 700"));
  EXPECT_EQ(done->readable, 301U);
}

TEST_F(Repair, IsNotMadeOverSomethingNorOfALogInUse) {
  damage(file_in(log_, ".log"), [](std::string& bytes) { bytes[offset_of(bytes, 101)] ^= 1; });
  EXPECT_FALSE(repair(log_, directory_ / "live", unseen));
  const auto store = open(directory_ / "live");
  const auto done = repair(directory_ / "live", copy_, unseen);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("in use"));
}

}  // namespace
}  // namespace callstate::storage::testing
