#include "tools/callstate/carry/recheck.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using testing::MemoryLog;
using testing::user;

Rechecked recheck_of(const MemoryLog& log, const TriedRules& rules = {}) {
  return recheck(log, rules).value();
}

/// A call that is answered, one that is declined, one that nobody answers.
MemoryLog three_calls() {
  MemoryLog log;
  log.server_started();
  log.talk();
  log.room = "declined";
  log.starts("carol", {user("dave")});
  log.by_system(call::CalleeOffline{user("dave")});
  log.by("dave", call::Rejected{"busy"}, "phone");
  log.by_system(call::Ended{call::EndReason::rejected, "", 0});
  log.room = "missed";
  log.starts("erin", {user("frank")});
  log.now += 45s;
  log.by_system(call::TimedOut{});
  log.by_system(call::Ended{call::EndReason::no_answer, "", 0});
  return log;
}

TEST(Recheck, TheRulesOfTheBuildFindNoDifference) {
  const auto found = recheck_of(three_calls());
  EXPECT_TRUE(found.good()) << found.differences.front().rule;
  EXPECT_EQ(found.messages, 7U);
  EXPECT_EQ(found.conclusions, 4U);
  EXPECT_EQ(found.folded, 1U);
  EXPECT_EQ(found.records, 12U);
}

TEST(Recheck, AChangedRuleIsNamedWithItsFirstPositionAndHowOften) {
  auto log = three_calls();
  log.room = "demo";
  log.talk();
  TriedRules rules;
  rules.message = [](const auto& room, const auto& message, const auto& sender, const auto& how) {
    auto verdict = call::decide(room, message, sender, how);
    if (std::holds_alternative<call::Ring>(message.body)) {
      verdict.outcome = call::Outcome::refused;
      verdict.refusal = {call::ErrorCode::forbidden, "no ringing any more"};
    }
    return verdict;
  };
  const auto found = recheck_of(log, rules);
  ASSERT_EQ(found.differences.size(), 1U);
  const auto& only = found.differences.front();
  EXPECT_EQ(only.rule, "RINGING in RINGING");
  EXPECT_EQ(only.recorded, "applied as RINGING");
  EXPECT_EQ(only.now, "refused FORBIDDEN");
  EXPECT_EQ(only.count, 2U);
  EXPECT_EQ(only.first, 3U);
  EXPECT_EQ(only.where, "room acme/demo");
  EXPECT_EQ(found.different, 2U);
}

TEST(Recheck, ARuleOfTimeIsTriedToo) {
  TriedRules rules;
  rules.due = [](const auto& room, const auto& how) {
    auto events = call::decide_due(room, how);
    for (auto& event : events) {
      if (auto* ended = std::get_if<call::Ended>(&event))
        ended->reason = call::EndReason::cancelled;
    }
    return events;
  };
  const auto found = recheck_of(three_calls(), rules);
  ASSERT_EQ(found.differences.size(), 1U);
  EXPECT_EQ(found.differences[0].recorded, "concluded ENDED no_answer");
  EXPECT_EQ(found.differences[0].now, "concluded ENDED cancelled");
  EXPECT_EQ(found.differences[0].first, 12U);
  EXPECT_EQ(found.differences[0].recorded_event, R"(ENDED {"reason":"no_answer"})");
}

TEST(Recheck, AConclusionThatIsMissingIsFound) {
  MemoryLog log;
  log.starts("carol", {user("dave")});
  log.by("dave", call::Rejected{"busy"}, "phone");
  log.online("dave");
  const auto found = recheck_of(log);
  ASSERT_EQ(found.differences.size(), 1U);
  EXPECT_EQ(found.differences[0].recorded, "nothing");
  EXPECT_EQ(found.differences[0].now, "concluded ENDED rejected");
  EXPECT_EQ(found.differences[0].first, 2U);
}

TEST(Recheck, AnAlteredFieldIsFound) {
  auto log = three_calls();
  std::get<call::Ended>(log.records[4].payload).duration_s = 43;
  const auto found = recheck_of(log);
  ASSERT_EQ(found.differences.size(), 1U);
  EXPECT_EQ(found.differences[0].now, "applied as ENDED, with other fields");
  EXPECT_EQ(found.differences[0].now_event, R"(ENDED {"reason":"hangup","durationSeconds":42})");
}

TEST(Recheck, GlareIsDecidedByWhatRings) {
  call::CallStarted bobs_call;
  bobs_call.caller = user("bob");
  bobs_call.callees = {user("alice")};
  MemoryLog log;
  log.room = "one";
  log.starts("alice", {user("bob")});
  log.room = "two";
  const auto first = log.call;
  auto& refused = log.refused("bob", call::ErrorCode::glare, bobs_call);
  refused.call = {};
  EXPECT_TRUE(recheck_of(log).good());
  log.room = "one";
  log.call = first;
  log.by("alice", call::Ended{call::EndReason::cancelled, "", 0});
  log.room = "two";
  auto& late = log.refused("bob", call::ErrorCode::glare, bobs_call);
  late.call = {};
  const auto found = recheck_of(log);
  ASSERT_EQ(found.differences.size(), 1U);
  EXPECT_EQ(found.differences[0].recorded, "refused GLARE");
}

TEST(Recheck, WhatBeginsInTheMiddleIsFoldedUntilItsNextCall) {
  auto log = three_calls();
  log.room = "demo";
  log.talk();
  MemoryLog part;
  for (std::size_t i = 3; i < log.records.size(); ++i) {
    part.records.push_back(log.records[i]);
    part.records.back().position = i - 2;
  }
  const auto found = recheck_of(part);
  EXPECT_TRUE(found.good()) << found.differences.front().rule;
  EXPECT_GT(found.folded, 1U);
  EXPECT_GT(found.messages, 5U);
}

}  // namespace
}  // namespace callstate::tools
