#include "tools/callstate/report/times.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;

constexpr call::Time ten{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 10h};

TEST(Times, AreRfc3339) {
  EXPECT_EQ(parse_time("2026-11-23T10:00:00Z"), ten);
  EXPECT_EQ(parse_time("2026-11-23t10:00:00z"), ten);
  EXPECT_EQ(parse_time("2026-11-23 10:00:00Z"), ten);
  EXPECT_EQ(parse_time("2026-11-23T11:30:00+01:30"), ten);
  EXPECT_EQ(parse_time("2026-11-23T07:00:00-03:00"), ten);
  EXPECT_EQ(parse_time("2026-11-23T10:00:00.25Z"), ten + 250ms);
  EXPECT_EQ(parse_time("2026-11-23T10:00:00.1234567Z"), ten + 123456us);
}

TEST(Times, OtherTextsAreRefused) {
  for (const auto* text :
       {"", "now", "2026-11-23", "2026-13-23T10:00:00Z", "2026-02-30T10:00:00Z",
        "2026-11-23T25:00:00Z", "2026-11-23T10:60:00Z", "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00Zx", "2026-11-23T10:00:00+0100", "2026-11-23T10:00Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(Times, WithoutAZoneTheSentenceSaysSo) {
  EXPECT_EQ(parse_at("2026-11-23T10:00:00").error(),
            "\"2026-11-23T10:00:00\" is no time without a zone: write 2026-11-23T10:00:00Z for "
            "UTC, or an offset such as +01:00");
}

TEST(Times, MayBeBeforeNow) {
  EXPECT_EQ(parse_time("now", ten), ten);
  EXPECT_EQ(parse_time("-2h", ten), ten - 2h);
  EXPECT_EQ(parse_time("now-1h30m", ten), ten - 90min);
  EXPECT_EQ(parse_time("2026-11-23T10:00:00Z", ten + 1h), ten);
  EXPECT_EQ(parse_at("-90s", ten), At(ten - 90s));
  EXPECT_EQ(parse_at("17", ten), At(call::Position{17}));
  EXPECT_FALSE(parse_time("-", ten));
  EXPECT_FALSE(parse_time("now+1h", ten));
  EXPECT_FALSE(parse_at("-2", ten)) << "two of what?";
  EXPECT_EQ(parse_time("yesterday", ten).error(),
            "\"yesterday\" is no time (write 2026-11-23T01:02:03Z, or -2h for two hours before "
            "now)");
}

TEST(Times, AreShownInMilliseconds) {
  EXPECT_EQ(write_time(ten + 1234567us), "2026-11-23 10:00:01.234");
  EXPECT_EQ(write_day(ten), "2026-11-23");
  EXPECT_EQ(write_clock(ten), "10:00:00.000");
  EXPECT_EQ(write_time(call::Time(-1us)), "1969-12-31 23:59:59.999");
}

TEST(At, IsAPositionOrATime) {
  EXPECT_EQ(parse_at("17"), At(call::Position{17}));
  EXPECT_EQ(parse_at("2026-11-23T10:00:00Z"), At(ten));
  EXPECT_FALSE(parse_at("0"));
  EXPECT_FALSE(parse_at("99999999999999999999999"));
  EXPECT_FALSE(parse_at("-3"));
  EXPECT_EQ(parse_at("yesterday").error(),
            "\"yesterday\" is neither a position nor a time (write 1234, or 2026-11-23T01:02:03Z)");
}

}  // namespace
}  // namespace callstate::tools
