#include "storage/free_space.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "storage/sample_records.hpp"
#include "storage/sample_states.hpp"
#include "storage/stores.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(FreeSpace, IsRefusedBelowTheReserveAndComesBackAnEighthAbove) {
  std::optional<std::uint64_t> free_bytes = 1000;
  FreeSpace space(800, [&] { return free_bytes; });
  EXPECT_TRUE(space.has_room());
  const auto with = [&](std::optional<std::uint64_t> bytes) {
    free_bytes = bytes;
    space.refresh();
    return space.has_room();
  };
  EXPECT_TRUE(with(800));
  EXPECT_FALSE(with(799));
  EXPECT_FALSE(with(850)) << "no flickering around the reserve";
  EXPECT_FALSE(with(std::nullopt)) << "what cannot be told changes nothing";
  EXPECT_TRUE(with(900));
}

TEST(FreeSpace, SaysHowMuchThereWasWhenItCouldLastBeTold) {
  std::optional<std::uint64_t> free_bytes;
  FreeSpace space(800, [&] { return free_bytes; });
  EXPECT_EQ(space.free_bytes(), std::nullopt);
  free_bytes = 700;
  space.refresh();
  free_bytes = std::nullopt;
  space.refresh();
  EXPECT_EQ(space.free_bytes(), 700U);
}

constexpr std::uint64_t mebibyte = 1024 * 1024;

/// A store on a disk that has as much room as the test says.
class Room : public ::testing::Test {
 protected:
  std::expected<std::unique_ptr<Store>, engine::Failure> open_with(std::uint64_t bytes,
                                                                   std::uint64_t reserve) {
    free_bytes_ = bytes;
    return Store::open({.path = directory_.path(), .reserve_bytes = reserve, .free_bytes = [this] {
                          return free_bytes_.load();
                        }});
  }

  TemporaryDirectory directory_;
  std::atomic<std::uint64_t> free_bytes_{0};
};

TEST_F(Room, TheStoreSaysSoThroughTheLog) {
  const auto store = open_with(1000 * mebibyte, 800 * mebibyte);
  ASSERT_TRUE(store);
  EXPECT_TRUE((*store)->log().has_room());
  free_bytes_ = 10 * mebibyte;
  (*store)->refresh_free_space();
  EXPECT_FALSE((*store)->log().has_room());
  const auto health = (*store)->health();
  EXPECT_FALSE(health.has_room);
  EXPECT_EQ(health.free_bytes, 10 * mebibyte);
  EXPECT_EQ(health.reserve_bytes, 800 * mebibyte);
  EXPECT_FALSE(health.failed);
  free_bytes_ = 1000 * mebibyte;
  (*store)->refresh_free_space();
  EXPECT_TRUE((*store)->log().has_room());
}

TEST_F(Room, WithoutRoomToOpenTheLogIsRefusedWhateverTheReserve) {
  append(**open_with(1000 * mebibyte, 0), 10);
  for (const auto reserve : {std::uint64_t{0}, 800 * mebibyte}) {
    const auto store = open_with(1000, reserve);
    ASSERT_FALSE(store);
    EXPECT_THAT(store.error().message,
                AllOf(HasSubstr("1000 bytes free"), HasSubstr("needed to open the log")));
  }
  EXPECT_EQ(positions_in((*open_with(1000 * mebibyte, 0))->reader()).size(), 10U);
}

TEST_F(Room, ALogBelowItsReserveIsOpenedToBeRead) {
  const auto store = open_with(100 * mebibyte, 800 * mebibyte);
  ASSERT_TRUE(store);
  EXPECT_FALSE((*store)->log().has_room());
}

TEST_F(Room, WithoutRoomNoMarkIsWrittenAtAStop) {
  {
    const auto store = open_with(1000 * mebibyte, 800 * mebibyte);
    append(**store, 20);
    (*store)->snapshots().mark({10, {}});
  }
  {
    const auto store = open_with(1000 * mebibyte, 800 * mebibyte);
    free_bytes_ = 10 * mebibyte;
    const auto room = room_stream("standup");
    (*store)->snapshots().put(room, sample_room());
    (*store)->snapshots().mark({20, {}});
    EXPECT_TRUE((*store)->snapshots().find_room(room)) << "it is there while the store is";
  }
  const auto store = open_with(1000 * mebibyte, 800 * mebibyte);
  EXPECT_EQ((*store)->snapshots().last_mark().position, 10U);
}

TEST(FreeSpace, TheFileSystemIsAsked) {
  const TemporaryDirectory directory;
  EXPECT_GT(free_bytes_of(directory.path())().value_or(0), 0U);
  EXPECT_FALSE(free_bytes_of("/no/such/directory")());
}

}  // namespace
}  // namespace callstate::storage::testing
