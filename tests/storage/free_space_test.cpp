#include "storage/free_space.hpp"

#include <gtest/gtest.h>

#include "storage/stores.hpp"

namespace callstate::storage::testing {
namespace {

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

TEST(FreeSpace, TheStoreSaysSoThroughTheLog) {
  const TemporaryDirectory directory;
  std::atomic<std::uint64_t> free_bytes{1000};
  const auto store =
      Store::open({.path = directory.path(), .reserve_bytes = 800, .free_bytes = [&] {
                     return free_bytes.load();
                   }});
  ASSERT_TRUE(store);
  EXPECT_TRUE((*store)->log().has_room());
  free_bytes = 10;
  (*store)->refresh_free_space();
  EXPECT_FALSE((*store)->log().has_room());
  free_bytes = 1000;
  (*store)->refresh_free_space();
  EXPECT_TRUE((*store)->log().has_room());
}

TEST(FreeSpace, TheFileSystemIsAsked) {
  const TemporaryDirectory directory;
  EXPECT_GT(free_bytes_of(directory.path())().value_or(0), 0U);
  EXPECT_FALSE(free_bytes_of("/no/such/directory")());
}

}  // namespace
}  // namespace callstate::storage::testing
