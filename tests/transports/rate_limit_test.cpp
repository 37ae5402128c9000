#include "transports/rate_limit.hpp"

#include <gtest/gtest.h>

namespace callstate::transports {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TokenBucket::Time start{std::chrono::hours(1)};

TEST(RateLimit, IsParsed) {
  EXPECT_DOUBLE_EQ(parse_rate_limit("100/s")->per_second, 100);
  EXPECT_DOUBLE_EQ(parse_rate_limit("100/s")->burst, 100);
  EXPECT_DOUBLE_EQ(parse_rate_limit("100/s:200")->burst, 200);
  EXPECT_DOUBLE_EQ(parse_rate_limit("30/m")->per_second, 0.5);
  EXPECT_DOUBLE_EQ(parse_rate_limit("36/h:5")->per_second, 0.01);
  for (const char* text : {"", "/", "5", "5/", "/s", "0/s", "-1/s", "5/d", "5/s:", "5/s:0", "5/s5",
                           "1.5/s", "5/ss", " 5/s", "5/s:x", "5000000000/s", "1000001/s"}) {
    EXPECT_FALSE(parse_rate_limit(text)) << text;
  }
}

TEST(TokenBucket, AllowsABurstAndThenTheRate) {
  const RateLimit limit{.per_second = 10, .burst = 3};
  TokenBucket bucket;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(limit, start));
  EXPECT_EQ(bucket.take(limit, start).error(), milliseconds(100));
  EXPECT_EQ(bucket.take(limit, start + milliseconds(60)).error(), milliseconds(40));
  EXPECT_FALSE(bucket.has(limit, start + milliseconds(99)));
  EXPECT_TRUE(bucket.take(limit, start + milliseconds(100)));
  EXPECT_FALSE(bucket.take(limit, start + milliseconds(100)));
  EXPECT_TRUE(bucket.take(limit, start + seconds(10), 3));
  EXPECT_FALSE(bucket.take(limit, start + seconds(10)));
}

TEST(TokenBucket, TheWaitItNamesIsEnough) {
  const RateLimit limit{.per_second = 1.0 / 7, .burst = 2};
  TokenBucket bucket;
  auto now = start;
  for (int i = 0; i < 1000; ++i) {
    if (const auto taken = bucket.take(limit, now); !taken) {
      now += taken.error();
      ASSERT_TRUE(bucket.take(limit, now)) << i;
    }
  }
}

TEST(TokenBucket, TheRateHoldsOverTime) {
  const RateLimit limit{.per_second = 100, .burst = 200};
  TokenBucket bucket;
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) taken += bucket.take(limit, start + milliseconds(i)) ? 1 : 0;
  EXPECT_NEAR(taken, 200 + 999, 1);
}

TEST(TokenBucket, MoreThanTheBurstNeverSucceeds) {
  TokenBucket bucket;
  EXPECT_FALSE(bucket.take({.per_second = 1, .burst = 2}, start, 3));
  EXPECT_FALSE(bucket.take({.per_second = 1, .burst = 2}, start + std::chrono::hours(9), 3));
}

TEST(TokenBucket, TimeThatStepsBackGivesNothing) {
  const RateLimit limit{.per_second = 10, .burst = 1};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(limit, start));
  EXPECT_FALSE(bucket.take(limit, start - seconds(60)));
  EXPECT_TRUE(bucket.take(limit, start + milliseconds(100)));
}

TEST(AddressLimiter, CountsFailuresOfEachAddress) {
  AddressLimiter limiter({.per_second = 1, .burst = 2});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter.allows("1.2.3.4", start));
  limiter.failed("1.2.3.4", start);
  EXPECT_TRUE(limiter.allows("1.2.3.4", start));
  limiter.failed("1.2.3.4", start);
  const auto refused = limiter.allows("1.2.3.4", start);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), seconds(1)) << "and asking does not count";
  EXPECT_EQ(limiter.allows("1.2.3.4", start).error(), seconds(1));
  EXPECT_FALSE(limiter.allows("::ffff:1.2.3.4", start));
  EXPECT_TRUE(limiter.allows("1.2.3.5", start));
  EXPECT_TRUE(limiter.allows("1.2.3.4", start + seconds(1)));
}

TEST(AddressLimiter, AnIpv6ClientCountsByItsNetwork) {
  AddressLimiter limiter({.per_second = 1, .burst = 1});
  limiter.failed("2001:db8:0:1::1", start);
  EXPECT_FALSE(limiter.allows("2001:db8:0:1:ffff::2", start));
  EXPECT_TRUE(limiter.allows("2001:db8:0:2::1", start));
}

TEST(AddressLimiter, ForgetsTheLongestQuiet) {
  AddressLimiter limiter({.per_second = 0.001, .burst = 1}, 3);
  for (const char* address : {"1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.1", "1.0.0.4"}) {
    limiter.failed(address, start);
  }
  EXPECT_EQ(limiter.size(), 3U);
  EXPECT_FALSE(limiter.allows("1.0.0.1", start));
  EXPECT_TRUE(limiter.allows("1.0.0.2", start));
  EXPECT_FALSE(limiter.allows("1.0.0.3", start));
  EXPECT_FALSE(limiter.allows("1.0.0.4", start));
}

}  // namespace
}  // namespace callstate::transports
