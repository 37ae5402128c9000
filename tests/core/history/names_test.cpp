#include <gtest/gtest.h>

#include "core/history/rows.hpp"

namespace callstate::history {
namespace {

TEST(StatusNames, AreReadAsTheyAreWritten) {
  for (int i = 0; i <= static_cast<int>(Status::failed); ++i) {
    const auto status = static_cast<Status>(i);
    EXPECT_NE(name_of(status), "?");
    EXPECT_EQ(parse_status(name_of(status)), status);
  }
  EXPECT_EQ(name_of(static_cast<Status>(200)), "?");
}

TEST(StatusNames, AreTheseAndNoOthers) {
  for (const auto* other : {"", "?", "ringing", "IDLE", "RINGING ", "NONE"})
    EXPECT_EQ(parse_status(other), std::nullopt) << other;
}

}  // namespace
}  // namespace callstate::history
