#include "storage/detail/table_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/detail/opening.hpp"
#include "storage/sample_records.hpp"
#include "storage/sample_states.hpp"
#include "storage/stores.hpp"

// Damage to records that nobody reads.

namespace callstate::storage::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TableChecks : public ::testing::Test {
 protected:
  TableChecks() {
    append(*open(path_), 300);
    const auto store = open(path_);
    append(*store, 300);
    store->snapshots().put(room_stream("standup"), sample_room());
    store->snapshots().mark({600, {room_stream("standup")}});
  }

  void damage(const std::filesystem::path& table) {
    auto bytes = bytes_of(table);
    bytes[200] ^= 1;
    write_bytes(table, bytes);
  }

  /// A whole round, and what it stopped the log with.
  std::string stopped_with() {
    const auto stop = std::make_shared<FailStop>();
    const auto database =
        open_checked(path_, Access::read_write, false, stop, rocksdb::Env::Default());
    if (!database) throw std::runtime_error(database.error().message);
    TableCheck check(**database, *stop);
    while (check.check_next() && !stop->tripped()) ++tables_read_;
    return stop->tripped() ? stop->failure().message : std::string();
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "log";
  int tables_read_ = 0;
};

TEST_F(TableChecks, FindNothingInASoundLog) {
  EXPECT_EQ(stopped_with(), "");
  EXPECT_GE(tables_read_, 3);
}

TEST_F(TableChecks, NameThePositionsAndRoomsOfADamagedTable) {
  damage(file_in(path_, ".sst"));
  EXPECT_THAT(stopped_with(), AllOf(HasSubstr("positions "), HasSubstr("room acme/room-"),
                                    HasSubstr("checksum"), HasSubstr("Restore")));
}

TEST_F(TableChecks, GiveUpDamagedSnapshots) {
  for (const auto& file : std::filesystem::directory_iterator(path_)) {
    const bool table = file.path().extension() == ".sst";
    if (table && bytes_of(file).contains("snapshot")) damage(file);  // its family's name
  }
  EXPECT_THAT(stopped_with(), AllOf(HasSubstr("of snapshots"), HasSubstr("The log itself is whole"),
                                    Not(HasSubstr("Restore"))));
  EXPECT_EQ(stopped_with(), "") << "they are gone";
}

TEST_F(TableChecks, GoRoundAgain) {
  const auto stop = std::make_shared<FailStop>();
  const auto database =
      open_checked(path_, Access::read_write, false, stop, rocksdb::Env::Default());
  ASSERT_TRUE(database);
  TableCheck check(**database, *stop);
  int first = 0;
  int second = 0;
  while (check.check_next()) ++first;
  while (check.check_next()) ++second;
  EXPECT_EQ(first, second);
  EXPECT_GT(first, 0);
}

}  // namespace
}  // namespace callstate::storage::testing
