#include "tools/callstate/report/filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"
#include "tools/callstate/report/timeline.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::MemoryLog;
using testing::start_of_log;
using testing::user;

/// The positions that a filter leaves, or why there are none.
std::string left_by(const MemoryLog& log, const Filter& filter) {
  auto history = find_history(log, {.name = "demo"});
  if (!history) return history.error().message;
  if (const auto left = apply(filter, *history); !left) return left.error().message;
  std::string text;
  for (const auto& chapter : history->chapters) {
    for (const auto& entry : chapter.entries) {
      if (entry.shown) text += std::to_string(entry.record.position) + " ";
    }
  }
  return text;
}

MemoryLog call_with_a_stranger() {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  log.ignored("bob", call::Ended{});
  return log;
}

TEST(Filter, LeavesWhatIsAskedFor) {
  const auto log = call_with_a_stranger();
  EXPECT_EQ(left_by(log, {}), "1 2 3 4 5 6 ");
  EXPECT_EQ(left_by(log, {.user = user("bob")}), "1 2 3 6 ") << "whoever is named counts";
  EXPECT_EQ(left_by(log, {.outcome = call::Outcome::refused}), "5 ");
  EXPECT_EQ(left_by(log, {.outcome = call::Outcome::ignored}), "6 ");
  EXPECT_EQ(left_by(log, {.from = start_of_log + 250ms, .to = start_of_log + 4s}), "2 3 ");
}

TEST(Filter, WhatLeavesNothingSaysWhatThereIs) {
  const auto log = call_with_a_stranger();
  const auto why = left_by(log, {.user = user("carol"), .outcome = call::Outcome::refused});
  EXPECT_THAT(why, HasSubstr("Nothing in room demo is of user carol, with the outcome refused. It "
                             "has 6 records, of 2026-11-23 10:00:00.000 to "));
}

TEST(Filter, TimesMustBeInOrder) {
  const auto checked = check({.from = start_of_log + 1s, .to = start_of_log});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error(),
            "--from, 2026-11-23 10:00:01.000 UTC, is after --to, 2026-11-23 10:00:00.000 UTC: "
            "exchange them");
  EXPECT_TRUE(check({.from = start_of_log, .to = start_of_log}));
}

TEST(Filter, AHeadingTellsOfTheWholeCallAllTheSame) {
  const auto log = call_with_a_stranger();
  auto history = find_history(log, {.name = "demo"});
  ASSERT_TRUE(history);
  ASSERT_TRUE(apply({.outcome = call::Outcome::refused}, *history));
  const auto page = render_timeline(*history, Paint(false), Times::since_start);
  EXPECT_THAT(page, HasSubstr("ENDED hangup, talked 42 s"));
  EXPECT_THAT(page, HasSubstr("         5    4  +45.250  ENDED  mallory"));
  EXPECT_EQ(page.find("CALL_STARTED"), std::string::npos);
}

}  // namespace
}  // namespace callstate::tools
