#include "tools/callstate/report/timeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::MemoryLog;
using ::testing::Not;
using testing::user;

std::string page_of(const MemoryLog& log) {
  const auto history = find_history(log, {.name = "demo"});
  return history ? render_timeline(*history, Paint(false)) : history.error().message;
}

TEST(Timeline, ShowsACallFromItsStartToItsEnd) {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  EXPECT_EQ(
      page_of(log),
      "Call 00000000-0000-0000-0000-000000000001 in room demo of tenant acme\n"
      "ENDED hangup, talked 42 s · alice → bob\n"
      "started 2026-11-23 10:00:00.000 · answered 10:00:03.250 · ended 10:00:45.250 UTC\n"
      "\n"
      "  POSITION  SEQ  TIME (UTC)                 SINCE  TYPE          BY       AS               "
      "OUTCOME                  DETAILS\n"
      "         1    1  2026-11-23 10:00:00.000   +0.000  CALL_STARTED  alice    CRM_USER laptop  "
      "applied                  alice → bob, rings for 45 s\n"
      "         2    2  2026-11-23 10:00:00.250   +0.250  RINGING       bob      CRM_USER phone   "
      "applied\n"
      "         3    3  2026-11-23 10:00:03.250   +3.250  ACCEPTED      bob      CRM_USER phone   "
      "applied                  answered after 3.2 s\n"
      "         4    4  2026-11-23 10:00:45.250  +45.250  ENDED         alice    CRM_USER laptop  "
      "applied                  hangup, talked 42 s\n"
      "         5    4  2026-11-23 10:00:45.250  +45.250  ENDED         mallory  CRM_USER laptop  "
      "refused NOT_PARTICIPANT  while ENDED\n");
}

TEST(Timeline, ShowsARestartWithoutASeqOfTheRoom) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.now += 1min;
  log.server_started();
  EXPECT_THAT(page_of(log), HasSubstr("         2       2026-11-23 10:01:00.000  +1:00.000  "
                                      "SERVER_STARTED  system                   applied  version "
                                      "0.1.0, everybody has 30 s to come back\n"));
}

TEST(Timeline, ShowsWhatTheMediaServerReported) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.by("bob", call::Accepted{log.now + 4h});
  log.by_system(call::MediaReported{"participant_joined", user("bob"), "", log.now});
  log.by_system(call::MediaReported{"track_published", user("bob"), "audio", log.now});
  log.by_system(call::MediaReported{"room_finished", {}, "", log.now});
  log.by_system(call::Ended{call::EndReason::media_finished, "", 0});
  const auto page = page_of(log);
  EXPECT_THAT(page, HasSubstr("applied  participant_joined bob\n"));
  EXPECT_THAT(page, HasSubstr("applied  track_published bob, audio\n"));
  EXPECT_THAT(page, HasSubstr("applied  room_finished\n"));
  EXPECT_THAT(page, HasSubstr("media_finished, talked 0 s"));
}

TEST(Timeline, ACallerCannotDrawOnTheTerminal) {
  MemoryLog log;
  std::get<call::CallStarted>(log.starts("alice", {user("bob")}).payload).caller_name =
      "\033]0;title\a\nforged line";
  EXPECT_THAT(page_of(log), Not(HasSubstr("\033")));
  EXPECT_THAT(page_of(log), Not(HasSubstr("\nforged")));
}

TEST(TimelineJson, IsTheWiresEventWithWhatTheLogKnows) {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{}).message_id =
      call::MessageId::clipped("m1");
  const auto history = find_history(log, {.name = "demo"});
  ASSERT_TRUE(history);
  const std::string text = timeline_json(*history);
  EXPECT_EQ(std::ranges::count(text, '\n'), 5);
  EXPECT_THAT(
      text,
      HasSubstr(
          R"({"type":"ACCEPTED","roomName":"demo","seq":3,"pos":3,)"
          R"("at":"2026-11-23T10:00:03.250000Z",)"
          R"("callId":"00000000-0000-0000-0000-000000000001","by":"bob","deviceId":"phone","acceptedBy":"bob",)"
          R"("outcome":"applied","tenantId":"acme",)"
          R"("actor":{"userId":"bob","role":"CRM_USER","deviceId":"phone"},"hash":"ab0003)"));
  EXPECT_THAT(text, HasSubstr(R"("outcome":"refused","code":"NOT_PARTICIPANT")"));
  EXPECT_THAT(text, HasSubstr(R"("messageId":"m1")"));
}

}  // namespace
}  // namespace callstate::tools
