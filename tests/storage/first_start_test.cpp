#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/detail/opening.hpp"
#include "storage/faulty_file_system.hpp"
#include "storage/raw_database.hpp"
#include "storage/stores.hpp"

// A first start that was killed, at whatever step.

namespace callstate::storage::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class FirstStart : public ::testing::Test {
 protected:
  /// What a kill at each step of a start in `path` leaves behind.
  std::vector<std::filesystem::path> leftovers_of_start(const std::filesystem::path& path) {
    std::vector<std::filesystem::path> leftovers;
    FaultyDisk disk;
    disk.files->watch([&] {
      if (!std::filesystem::exists(path)) return;
      leftovers.push_back(directory_ / ("left-" + std::to_string(left_++)));
      copy_files(path, leftovers.back());
    });
    const auto store = open_store({.path = path}, disk.env.get());
    EXPECT_TRUE(store) << store.error().message;
    disk.files->watch({});
    return leftovers;
  }

  TemporaryDirectory directory_;
  int left_ = 0;
};

TEST_F(FirstStart, IsFinishedWhereverItWasKilled) {
  const auto leftovers = leftovers_of_start(directory_ / "log");
  EXPECT_GT(leftovers.size(), 20U);
  for (const auto& left : leftovers) {
    EXPECT_THAT(refusal_to_read(left), AllOf(Not(HasSubstr("damaged")), Not(HasSubstr("newer"))));
    append(*open(left), 10);
    EXPECT_EQ(positions_in(open(left)->reader()).size(), 10U) << left;
  }
}

TEST_F(FirstStart, ShutsOthersOutOfADirectoryThatWasThere) {
  const auto path = directory_ / "log";
  std::filesystem::create_directory(path);
  for (const auto open_to : {std::filesystem::perms(0755), std::filesystem::perms(0770)}) {
    std::filesystem::permissions(path, open_to);
    EXPECT_FALSE(open(path)->is_open_to_others());
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
  }
}

TEST_F(FirstStart, LeavesASharedDirectoryAsItIs) {
  const auto path = directory_ / "shared";
  std::filesystem::create_directory(path);
  std::filesystem::permissions(path, std::filesystem::perms(01777));
  EXPECT_TRUE(open(path)->is_open_to_others());
}

TEST_F(FirstStart, MayBeKilledTwice) {
  for (const auto& once : leftovers_of_start(directory_ / "log")) {
    const auto twice = leftovers_of_start(once);
    append(*open(twice[twice.size() / 2]), 10);
    for (const auto& left : twice) std::filesystem::remove_all(left);
  }
}

TEST_F(FirstStart, IsNotTakenForOneWhereRecordsAre) {
  const auto path = directory_ / "log";
  const auto killed = directory_ / "killed";
  {
    const auto store = open(path);
    append(*store, 10);
    copy_files(path, killed);
  }
  std::filesystem::remove(killed / "head");
  for (const auto& file : std::filesystem::directory_iterator(killed)) {
    if (!file.path().filename().string().starts_with("MANIFEST-")) continue;
    std::filesystem::rename(file.path(), killed / "MANIFEST-000001");
    break;
  }
  std::filesystem::remove(killed / "CURRENT");
  const auto store = Store::open({.path = killed});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message, HasSubstr("CURRENT is missing beside 0000"));
  EXPECT_TRUE(std::filesystem::exists(killed / "MANIFEST-000001"));
}

TEST_F(FirstStart, FamiliesThatAreMissingBesideRecordsAreDamage) {
  const auto path = directory_ / "log";
  append(*open(path), 10);
  change_behind_its_back(path, [](Database& database) {
    ASSERT_TRUE(database.db->DropColumnFamily(database.meta).ok());
  });
  const auto store = Store::open({.path = path});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message,
              AllOf(HasSubstr("damaged"), HasSubstr("meta"), Not(HasSubstr("newer version"))));
}

}  // namespace
}  // namespace callstate::storage::testing
