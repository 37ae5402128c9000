#include "transports/log_throttle.hpp"

#include <gtest/gtest.h>

namespace callstate::transports {
namespace {

using std::chrono::seconds;

TEST(LogThrottle, SaysItAtOnceAndThenOnceAnIntervalHowOften) {
  constexpr LogThrottle::Time start{};
  LogThrottle throttle(seconds(60));
  EXPECT_EQ(throttle.happened(start), 1U);
  for (int second = 1; second < 60; ++second)
    EXPECT_FALSE(throttle.happened(start + seconds(second)));
  EXPECT_EQ(throttle.happened(start + seconds(60)), 60U);
  EXPECT_FALSE(throttle.happened(start + seconds(119)));
  EXPECT_EQ(throttle.happened(start + seconds(1000)), 2U);
}

}  // namespace
}  // namespace callstate::transports
