#include "storage/detail/positions.hpp"

#include <gtest/gtest.h>

namespace callstate::storage::testing {
namespace {

using Extents = std::vector<Extent>;

TEST(Positions, KeysSortLikePositionsAndComeBack) {
  std::string before;
  for (const call::Position position : {1UL, 2UL, 255UL, 256UL, 65'536UL, ~0UL}) {
    const std::string key(PositionKey(position).view());
    EXPECT_LT(before, key);
    EXPECT_EQ(parse_position(key), position);
    before = key;
  }
  EXPECT_FALSE(parse_position("1234567"));
  EXPECT_FALSE(parse_position(std::string(8, '\0')));
}

TEST(Positions, GapsAreWhatExtentsLeaveOut) {
  EXPECT_EQ(gaps({}), Extents{});
  EXPECT_EQ(gaps({{1, 100}}), Extents{});
  EXPECT_EQ(gaps({{101, 200}, {1, 100}}), Extents{});
  EXPECT_EQ(gaps({{174, 300}, {1, 100}}), (Extents{{101, 173}}));
  EXPECT_EQ(gaps({{5, 9}, {1, 3}, {6, 20}, {30, 30}}), (Extents{{4, 4}, {21, 29}}));
  EXPECT_EQ(gaps({{2, 2}}), (Extents{{1, 1}}));
}

TEST(Positions, AreNamedInWords) {
  EXPECT_EQ(describe(Extents{{7, 7}}), "position 7");
  EXPECT_EQ(describe(Extents{{101, 173}}), "positions 101 to 173");
  EXPECT_EQ(describe(Extents{{1, 3}, {7, 7}, {9, 12}}), "positions 1 to 3, 7 and 9 to 12");
  Extents many;
  for (call::Position i = 1; i <= 20; ++i) many.push_back({2 * i, 2 * i});
  EXPECT_EQ(describe(many), "positions 2, 4, 6, 8, 10, 12, 14, 16 and 12 more runs");
}

}  // namespace
}  // namespace callstate::storage::testing
