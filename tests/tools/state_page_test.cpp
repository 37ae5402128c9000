#include "tools/callstate/report/state_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"
#include "tools/callstate/report/json_out.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::MemoryLog;
using testing::user;

History history_of(const MemoryLog& log) {
  return find_history(log, {.name = "demo"}).value();
}

TEST(StatePage, ShowsWhoIsWhere) {
  MemoryLog log;
  auto& started =
      std::get<call::CallStarted>(log.starts("alice", {user("bob"), user("carol")}).payload);
  started.caller_name = "Alice Adams";
  log.now += 1s;
  log.by("bob", call::Ringing{}, "phone");
  log.now += 1s;
  log.by("bob", call::Accepted{log.now + 4h}, "phone");
  log.by_system(
      call::ParticipantLeft{user("alice"), call::LeaveReason::disconnected, log.now + 30s});
  EXPECT_EQ(render_state(history_of(log), Paint(false)),
            "Room demo of tenant acme is CONNECTED as of position 4\n"
            "\n"
            "  call      00000000-0000-0000-0000-000000000001\n"
            "  status    CONNECTED\n"
            "  started   2026-11-23 10:00:00.000  +0.000\n"
            "  answered  2026-11-23 10:00:02.000  +2.000\n"
            "  ends at   2026-11-23 14:00:02.000  +4:00:02.000\n"
            "  seq       4\n"
            "  position  4\n"
            "  chain     ab000400…\n"
            "\n"
            "  PARTICIPANT  NAME         ROLE    STATE         DEVICE             DEADLINE\n"
            "  alice        Alice Adams  caller  disconnected                     was joined, may "
            "return until 10:00:32.000\n"
            "  bob                       callee  joined        answered on phone\n"
            "  carol                     callee  invited                          rings until "
            "10:00:45.000\n");
}

TEST(StatePage, OfARoomWithoutACallIsIdle) {
  MemoryLog log;
  log.refused("bob", call::ErrorCode::wrong_state, call::Ringing{});
  EXPECT_EQ(render_state(history_of(log), Paint(false)),
            "Room demo of tenant acme is IDLE as of position 1\n"
            "\n"
            "  seq       0\n"
            "  position  1\n"
            "  chain     ab000100…\n");
}

TEST(StateJson, IsARoomStateAndMore) {
  MemoryLog log;
  log.talk();
  const std::string text = state_json(history_of(log));
  EXPECT_THAT(text, HasSubstr(R"({"type":"ROOM_STATE","roomName":"demo","tenantId":"acme",)"
                              R"("callId":"00000000-0000-0000-0000-000000000001",)"
                              R"("callState":"ENDED","status":"ENDED","participants":[)"
                              R"({"userId":"alice","role":"caller","state":"joined"},)"));
  EXPECT_THAT(text, HasSubstr(R"("endReason":"hangup")"));
  EXPECT_THAT(text, HasSubstr(R"("seq":4,"pos":4,"chain":"ab0004)"));
}

}  // namespace
}  // namespace callstate::tools
