#include "tools/callstate/report/durations.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsANumberWithAUnit) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("45s"), 45s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("4h"), 4h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("7us"), 7us);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(Duration, OtherTextsAreRefusedWithASentenceThatHelps) {
  for (const auto* text : {"", "45", "s", "4 h", "-1s", "1e3s", "10x", "1s,", "nan", "inf", "0x1s",
                           "99999999999999999999d", "200000000d"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_TRUE(parsed.error().starts_with('"' + std::string(text) + '"')) << text;
    EXPECT_NE(parsed.error().find("write 250ms"), std::string::npos) << text;
  }
  EXPECT_EQ(parse_duration("45").error(),
            "\"45\" is no duration: it has no unit (write 250ms, 45s, 10m, 4h or 1d)");
}

TEST(Duration, IsReadBackAsWritten) {
  for (const call::Duration duration :
       {call::Duration(45s), call::Duration(90min), call::Duration(250ms), call::Duration(0s),
        call::Duration(25h + 1us)}) {
    EXPECT_EQ(parse_duration(write_duration(duration)), duration);
  }
  EXPECT_EQ(write_duration(45s), "45s");
  EXPECT_EQ(write_duration(90min), "1h30m");
  EXPECT_EQ(write_duration(0s), "0s");
}

TEST(Duration, IsDescribedInFewPlaces) {
  EXPECT_EQ(describe_duration(17us), "17 us");
  EXPECT_EQ(describe_duration(250ms), "250 ms");
  EXPECT_EQ(describe_duration(3250ms), "3.2 s");
  EXPECT_EQ(describe_duration(3s), "3 s");
  EXPECT_EQ(describe_duration(42900ms), "42 s");
  EXPECT_EQ(describe_duration(62s), "1 min 02 s");
  EXPECT_EQ(describe_duration(4h + 2min), "4 h 02 min");
  EXPECT_EQ(describe_duration(49h), "2 d 01 h");
  EXPECT_EQ(describe_duration(-3s), "-3 s");
}

}  // namespace
}  // namespace callstate::tools
