#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "storage/detail/options.hpp"
#include "storage/detail/positions.hpp"
#include "storage/raw_database.hpp"
#include "storage/snapshot_codec.hpp"
#include "storage/stores.hpp"

// Sound files that this process must not open, and contents that are not whole.

namespace callstate::storage::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void put(Database& database, rocksdb::ColumnFamilyHandle* family, std::string_view key,
         std::string_view value) {
  ASSERT_TRUE(database.db->Put(synced(), family, key, value).ok());
}

TEST(Refusal, ADirectoryThatAnotherProcessServes) {
  const TemporaryDirectory directory;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const auto child = ::fork();
  if (child == 0) {
    const auto store = open(directory.path());
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const auto named =
      AllOf(HasSubstr(directory.path().string()), HasSubstr("process " + std::to_string(child)));
  EXPECT_THAT(refusal_of(directory.path()), named);
  EXPECT_THAT(refusal_to_read(directory.path()), AllOf(named, HasSubstr("checkpoint")));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(refusal_of(directory.path()), "");
}

TEST(Refusal, ADirectoryThatThisProcessServes) {
  const TemporaryDirectory directory;
  const auto store = open(directory.path());
  EXPECT_THAT(refusal_of(directory.path()), HasSubstr("in use"));
  EXPECT_THAT(refusal_to_read(directory.path()), HasSubstr("in use"));
  append(*store, 1);  // and that took nothing from it
  EXPECT_THAT(refusal_of(directory.path()), HasSubstr("in use"));
}

TEST(Refusal, NoLog) {
  const TemporaryDirectory directory;
  EXPECT_THAT(refusal_of(directory / "none"), HasSubstr("there is no log"));
  EXPECT_THAT(refusal_of(directory.path()), HasSubstr("there is no log"));
  EXPECT_THAT(refusal_to_read(directory / "none"), HasSubstr("there is no log"));
  EXPECT_FALSE(std::filesystem::exists(directory / "none"));
}

TEST(Refusal, ANewerFormat) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 5);
  change_behind_its_back(directory.path(),
                         [](Database& database) { put(database, database.meta, format_key, "3"); });
  EXPECT_THAT(refusal_of(directory.path()),
              AllOf(HasSubstr("format version 3"), HasSubstr("newer version")));
}

TEST(Refusal, FamiliesOfANewerVersion) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 5);
  change_behind_its_back(directory.path(), [](Database& database) {
    rocksdb::ColumnFamilyHandle* family = nullptr;
    ASSERT_TRUE(database.db->CreateColumnFamily({}, "something-new", &family).ok());
    database.db->DestroyColumnFamilyHandle(family);
  });
  EXPECT_THAT(refusal_of(directory.path()), HasSubstr("newer version"));
}

/// Copies a record to other positions.
void write_positions(Database& database, call::Position first, call::Position last) {
  std::string record;
  ASSERT_TRUE(database.db->Get({}, database.log, PositionKey(1).view(), &record).ok());
  for (; first <= last; ++first) put(database, database.log, PositionKey(first).view(), record);
}

TEST(Refusal, PositionsThatAreMissingFromTheTables) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 100);
  change_behind_its_back(directory.path(), [](Database& database) {
    write_positions(database, 174, 300);
    ASSERT_TRUE(database.db->Flush({}, database.log).ok());
  });
  for (const auto& refusal : {refusal_to_read(directory.path()), refusal_of(directory.path())}) {
    EXPECT_THAT(refusal, AllOf(HasSubstr("positions 101 to 173 are missing"),
                               HasSubstr("room acme/room-9")));
  }
}

TEST(Refusal, PositionsThatAreMissingInsideOneTable) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 1);
  change_behind_its_back(directory.path(), [](Database& database) {
    write_positions(database, 2, 100);
    write_positions(database, 174, 300);
    ASSERT_TRUE(database.db->Flush({}, database.log).ok());
  });
  for (const auto& refusal : {refusal_to_read(directory.path()), refusal_of(directory.path())}) {
    EXPECT_THAT(refusal, HasSubstr("positions 101 to 173 are missing"));
  }
}

TEST(Refusal, PositionsThatAreMissingFromTheWriteAheadLog) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 1);
  change_behind_its_back(directory.path(), [](Database& database) {
    write_positions(database, 2, 100);
    write_positions(database, 174, 300);
  });
  for (const auto& refusal : {refusal_to_read(directory.path()), refusal_of(directory.path())}) {
    EXPECT_THAT(refusal, HasSubstr("positions 101 to 173 are missing from its write-ahead log"));
  }
}

TEST(Refusal, PositionsBetweenTheTablesAndTheWriteAheadLog) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 100);
  change_behind_its_back(directory.path(),
                         [](Database& database) { write_positions(database, 174, 300); });
  for (const auto& refusal : {refusal_to_read(directory.path()), refusal_of(directory.path())}) {
    EXPECT_THAT(refusal, HasSubstr("positions 101 to 173 are missing"));
  }
}

TEST(Refusal, PositionsThatWereDeleted) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 300);
  change_behind_its_back(directory.path(), [](Database& database) {
    for (call::Position position = 101; position <= 173; ++position) {
      const PositionKey key(position);
      ASSERT_TRUE(database.db->Delete(synced(), database.log, key.view()).ok());
    }
  });
  EXPECT_THAT(refusal_of(directory.path()), HasSubstr("positions 101 to 173 are missing"));
}

TEST(Refusal, TheFirstPositionMissing) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 30);
  change_behind_its_back(directory.path(), [](Database& database) {
    ASSERT_TRUE(database.db->Delete(synced(), database.log, PositionKey(1).view()).ok());
  });
  EXPECT_THAT(refusal_of(directory.path()), HasSubstr("position 1 is missing"));
}

TEST(Refusal, AHeadBehindTheMark) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 90);
  change_behind_its_back(directory.path(), [](Database& database) {
    SnapshotEncoder encoder({});  // whatever the rules: the log had come that far
    const auto bytes = encoder.encode(Mark{120, {}});
    put(database, database.meta, mark_key,
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  });
  EXPECT_THAT(refusal_of(directory.path()),
              AllOf(HasSubstr("ends at 90, but a checkpoint recorded 120"),
                    HasSubstr("positions 91 to 120 are missing")));
}

TEST(Refusal, ARecordThatIsNone) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 90);
  change_behind_its_back(directory.path(), [](Database& database) {
    put(database, database.log, PositionKey(42).view(), "not a record");
  });
  std::string failure;
  const auto store = open(directory.path());
  EXPECT_EQ(positions_in(store->reader(), &failure).size(), 41U);
  EXPECT_THAT(failure, AllOf(HasSubstr("position 42"), HasSubstr("room acme/room-0")));
}

TEST(Refusal, AMetaFamilyThatWasEmptied) {
  const TemporaryDirectory directory;
  append(*open(directory.path()), 5);
  change_behind_its_back(directory.path(), [](Database& database) {
    ASSERT_TRUE(database.db->Delete(synced(), database.meta, format_key).ok());
  });
  EXPECT_NE(refusal_of(directory.path()), "");
}

}  // namespace
}  // namespace callstate::storage::testing
