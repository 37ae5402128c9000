#include "tools/callstate/report/why.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::MemoryLog;
using ::testing::Not;
using testing::user;

std::string page_of(const MemoryLog& log, call::Position position) {
  const auto history = find_history(log, {.name = "demo"});
  EXPECT_TRUE(history);
  if (!history) return {};
  const auto why = explain(*history, position);
  return why ? render_explanation(*why, Paint(false)) : std::string();
}

TEST(Why, ARefusalIsShownWithItsRuleAndTheSentenceThatTheSenderWasTold) {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{}).message_id =
      call::MessageId::clipped("m1");
  const auto page = page_of(log, 5);
  EXPECT_THAT(page, HasSubstr("Position 5 of room demo of tenant acme\n"));
  EXPECT_THAT(page, HasSubstr("verdict   refused NOT_PARTICIPANT\n"));
  EXPECT_THAT(page, HasSubstr("ENDED is for participants of the call, which is ENDED; the sender "
                              "is none of them"));
  EXPECT_THAT(page, HasSubstr("docs/domain.md, The order of the checks\n"));
  EXPECT_THAT(page, HasSubstr("A sender who is no participant of the call: `NOT_PARTICIPANT`.\n"));
  EXPECT_THAT(page, HasSubstr("this build decides the same\n"));
  EXPECT_THAT(page, HasSubstr("mallory  ERROR NOT_PARTICIPANT  sent it; nobody else hears of it"));
  EXPECT_THAT(page, ::testing::ContainsRegex("id +m1\n"));
}

TEST(Why, ShowsTheStateBeforeAndAfter) {
  MemoryLog log;
  log.talk();
  const auto page = page_of(log, 3);
  EXPECT_THAT(page, HasSubstr("docs/domain.md, RINGING: ACCEPTED | an awaited callee\n"));
  EXPECT_THAT(page, ::testing::ContainsRegex("callState +RINGING +CONNECTED"));
  EXPECT_THAT(page, ::testing::ContainsRegex("bob\\.state +ringing +joined"));
  EXPECT_THAT(page, ::testing::ContainsRegex("alice\\.state +joined +="));
}

TEST(Why, AnEventIsHeardByEverybodyWhomItsCallHasNamedUpToThere) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.by("bob", call::Accepted{log.now + 4h}, "phone");
  log.by("bob", call::Invited{{user("carol")}, log.now + 45s, ""}, "phone");
  log.by("alice", call::Ended{call::EndReason::hangup, "", 0});
  const auto heard_at = [&](call::Position position) {
    const auto page = page_of(log, position);
    return page.substr(page.find("To whom it went"));
  };
  EXPECT_THAT(heard_at(2), AllOf(HasSubstr("alice  ACCEPTED"), Not(HasSubstr("carol")),
                                 HasSubstr("its other devices are told ANSWERED_ELSEWHERE too")));
  EXPECT_THAT(heard_at(3), HasSubstr("carol  INVITED"));
  EXPECT_THAT(heard_at(4), AllOf(HasSubstr("alice  ENDED"), HasSubstr("bob    ENDED"),
                                 HasSubstr("carol  ENDED")));
}

TEST(Why, WhoWasAwayGetsItOnTheReturn) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.by("bob", call::Ringing{}, "phone");
  log.by_system(
      call::ParticipantLeft{user("alice"), call::LeaveReason::disconnected, log.now + 30s});
  EXPECT_THAT(page_of(log, 3),
              ::testing::ContainsRegex("alice +PARTICIPANT_LEFT +was disconnected"));
}

TEST(Why, WhatTheServerConcludesHasItsRuleToo) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.now += 45s;
  log.by_system(call::TimedOut{});
  log.by_system(call::Ended{call::EndReason::no_answer, "", 0});
  const auto page = page_of(log, 3);
  EXPECT_THAT(page, HasSubstr("What the server concluded\n"));
  EXPECT_THAT(page, HasSubstr("docs/domain.md, Deadlines: the ring timeout (45 s) | RINGING\n"));
  EXPECT_THAT(page, HasSubstr("this build decides the same\n"));
}

TEST(Why, WhatFollowsFromAMessageIsJudgedByThat) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.by("bob", call::Rejected{"busy"}, "phone");
  log.by_system(call::Ended{call::EndReason::rejected, "", 0});
  EXPECT_THAT(page_of(log, 3), HasSubstr("this build decides the same\n"));
}

TEST(Why, WhatThisBuildWouldDecideOtherwiseIsSaid) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.by("mallory", call::Ringing{});  // by what rules ever
  EXPECT_THAT(page_of(log, 2),
              HasSubstr("The log has it applied RINGING; this build's rules give refused RINGING "
                        "with NOT_PARTICIPANT."));
  log.by_system(call::Ended{call::EndReason::max_duration, "", 0});
  EXPECT_THAT(page_of(log, 3), HasSubstr("by this build's rules nothing of the kind follows"));
}

TEST(Why, WhatTheLogDoesNotHoldIsTakenForGrantedAndSaid) {
  MemoryLog log;
  call::CallStarted asked;
  asked.caller = user("alice");
  asked.callees = {user("bob")};
  log.refused("alice", call::ErrorCode::glare, asked);
  const auto page = page_of(log, 1);
  EXPECT_THAT(page, HasSubstr("refused GLARE"));
  EXPECT_THAT(page, HasSubstr("this build decides the same\n"));
  EXPECT_THAT(page, HasSubstr("the log does not hold who had a session, and which calls rang "
                              "elsewhere: taken as recorded"));
}

TEST(Why, AStrangersIdentityIsTakenForGranted) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.refused("mallory", call::ErrorCode::identity_mismatch, call::Ringing{});
  const auto page = page_of(log, 2);
  EXPECT_THAT(page, HasSubstr("userId of RINGING is not the token's user"));
  EXPECT_THAT(page, HasSubstr("the log does not hold whom the message named as its sender"));
}

TEST(Why, NothingIsExplainedThatIsNotInTheRoom) {
  MemoryLog log;
  log.talk();
  EXPECT_EQ(page_of(log, 9), "");
}

TEST(Why, AsJsonHasTheSame) {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  const auto history = find_history(log, {.name = "demo"});
  ASSERT_TRUE(history);
  const auto text = explanation_json(*explain(*history, 5));
  EXPECT_THAT(text, HasSubstr(R"("verdict":"refused","code":"NOT_PARTICIPANT")"));
  EXPECT_THAT(text, HasSubstr(R"("rule":{"section":"The order of the checks")"));
  EXPECT_THAT(text, HasSubstr(R"("decidedTheSameToday":true)"));
  EXPECT_THAT(text, HasSubstr(R"("deliveredTo":[{"userId":"mallory")"));
  EXPECT_THAT(text, HasSubstr(R"("before":{"type":"ROOM_STATE")"));
}

}  // namespace
}  // namespace callstate::tools
