#include "tools/callstate/report/difference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"
#include "tools/callstate/report/state_fields.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::MemoryLog;
using ::testing::Not;

History history_of(const MemoryLog& log) {
  auto history = find_history(log, {.name = "demo"});
  EXPECT_TRUE(history);
  return history ? *std::move(history) : History{};
}

TEST(Difference, IsWhatChangedFieldByField) {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  const auto page = render_difference(history_of(log), 2, 5, Paint(false));
  EXPECT_THAT(page, HasSubstr("from position 2 to 5: 3 records, 2 applied, 1 refused\n"));
  EXPECT_THAT(page, ::testing::ContainsRegex("callState +RINGING +ENDED\n"));
  EXPECT_THAT(page, ::testing::ContainsRegex("answeredAt +- +2026-11-23T10:00:03.250000Z\n"));
  EXPECT_THAT(page, ::testing::ContainsRegex("bob.answeredOn +- +phone\n"));
  EXPECT_THAT(page, Not(HasSubstr("startedAt")));
}

TEST(Difference, BeforeARoomsBeginningThereIsNothing) {
  MemoryLog log;
  log.online("bob");
  log.talk();
  EXPECT_THAT(render_difference(history_of(log), 1, 2, Paint(false)),
              ::testing::ContainsRegex("callState +IDLE +RINGING\n"));
}

TEST(Difference, WithoutOneThatIsSaid) {
  MemoryLog log;
  log.talk();
  log.online("bob");
  EXPECT_THAT(render_difference(history_of(log), 4, 5, Paint(false)),
              HasSubstr("0 records\nNothing of its state has changed.\n"));
}

TEST(Difference, AsJsonHasTheSame) {
  MemoryLog log;
  log.talk();
  EXPECT_THAT(difference_json(history_of(log), 2, 3),
              HasSubstr(R"({"field":"callState","before":"RINGING","after":"CONNECTED"})"));
  EXPECT_THAT(difference_json(history_of(log), 2, 3), HasSubstr(R"("from":2,"to":3,"records":1)"));
}

TEST(StateFields, DifferWheneverRoomsDo) {
  const auto room_with = [](const std::function<void(call::Room&)>& change) {
    call::Room room;
    room.participants.resize(1);
    room.participants.front().user = testing::user("ann");
    change(room);
    return room;
  };
  const call::Room plain = room_with([](call::Room&) {});
  const call::Time later{1h};
  const std::vector<std::function<void(call::Room&)>> changes{
      [](auto& room) { room.seq = 1; },
      [](auto& room) { room.position = 1; },
      [](auto& room) { room.chain[31] = 1; },
      [](auto& room) { room.state = call::CallState::ringing; },
      [](auto& room) { room.call.bytes[3] = 1; },
      [](auto& room) { room.caller_name = "A"; },
      [](auto& room) { room.callee_name = "B"; },
      [](auto& room) { room.metadata = "{}"; },
      [](auto& room) { room.started_position = 1; },
      [](auto& room) { room.started_seq = 1; },
      [&](auto& room) { room.started_at = later; },
      [&](auto& room) { room.answered_at = later; },
      [&](auto& room) { room.ended_at = later; },
      [&](auto& room) { room.ring_deadline = later; },
      [&](auto& room) { room.max_deadline = later; },
      [](auto& room) { room.end_reason = call::EndReason::hangup; },
      [](auto& room) { room.group = true; },
      [](auto& room) { room.media_room = "m"; },
      [](auto& room) { room.participants.emplace_back().user = testing::user("bob"); },
      [](auto& room) { room.participants[0].role = call::CallRole::caller; },
      [](auto& room) { room.participants[0].state = call::ParticipantState::left; },
      [](auto& room) { room.participants[0].before_disconnect = call::ParticipantState::joined; },
      [&](auto& room) { room.participants[0].grace_deadline = later; },
      [&](auto& room) { room.participants[0].ring_deadline = later; },
      [](auto& room) { room.participants[0].user = testing::user("eve"); },
      [](auto& room) { room.participants[0].rang_on.emplace_back(); },
      [](auto& room) { room.participants[0].answered_on = call::DeviceId::clipped("p"); },
      [](auto& room) { room.participants[0].invited_by = 1; },
      [](auto& room) { room.participants[0].invited_position = 1; },
      [](auto& room) { room.participants[0].invited_seq = 1; },
      [&](auto& room) { room.participants[0].invited_at = later; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const call::Room other = room_with(changes[i]);
    ASSERT_NE(other, plain) << i;
    EXPECT_FALSE(changes_between(fields_of(plain), fields_of(other)).empty()) << i;
  }
  EXPECT_TRUE(changes_between(fields_of(plain), fields_of(plain)).empty());
}

}  // namespace
}  // namespace callstate::tools
