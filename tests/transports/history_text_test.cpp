#include "transports/history_text.hpp"

#include <gmock/gmock.h>

#include "core/call/world.hpp"

namespace callstate::transports {
namespace {

using history::CallCursor;
using history::CallRow;
using history::Status;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr call::Time some_day{std::chrono::hours(24 * 365 * 55)};

call::CallId id_of(std::uint8_t number) {
  call::CallId id;
  id.bytes.back() = number;
  return id;
}

HttpRequest asking(std::vector<std::pair<std::string, std::string>> query) {
  HttpRequest request;
  request.query = std::move(query);
  request.identity.emplace();
  request.identity->tenant = call::TenantId::clipped("acme");
  return request;
}

TEST(HistoryCursor, ComesBackAsItWas) {
  for (const auto time : {some_day, call::Time{}, call::Time::min(), call::Time::max()}) {
    const auto text = cursor_text({time, id_of(7)});
    const auto back = parse_cursor(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->started_at, time);
    EXPECT_EQ(back->id, id_of(7));
  }
}

TEST(HistoryCursor, IsNothingElse) {
  const auto good = cursor_text({some_day, id_of(7)});
  for (const auto& bad : {std::string(), good + "A", good + "AAAA", good.substr(1), good + "=",
                          std::string("1"), std::string(good.size(), '!')})
    EXPECT_EQ(parse_cursor(bad), std::nullopt) << bad;
}

TEST(CallQueries, AreReadAsTheyAreGiven) {
  const auto plain = read_call_query(asking({})).value();
  EXPECT_EQ(plain.tenant.view(), "acme");
  EXPECT_TRUE(plain.user.empty());
  EXPECT_TRUE(plain.room.empty());
  EXPECT_FALSE(plain.status || plain.from || plain.to || plain.after);
  EXPECT_EQ(plain.limit, 50U);

  const CallCursor cursor{some_day, id_of(7)};
  const auto full = read_call_query(asking({{"user", "ann"},
                                            {"room", "r.1"},
                                            {"state", "MISSED"},
                                            {"from", "2026-11-26T18:03:16.25Z"},
                                            {"to", "2026-11-26T20:03:16 02:00"},
                                            {"after", cursor_text(cursor)},
                                            {"limit", "200"},
                                            {"device", "phone"}}))
                        .value();
  EXPECT_EQ(full.user.view(), "ann");
  EXPECT_EQ(full.room.view(), "r.1");
  EXPECT_EQ(full.status, Status::missed);
  EXPECT_EQ(*full.from - *full.to, std::chrono::milliseconds(250));
  EXPECT_EQ(full.after->id, cursor.id);
  EXPECT_EQ(full.limit, 200U);
}

TEST(CallQueries, NameTheParameterThatIsWrong) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong{
      {"user", {"", "a\n", std::string(256, 'x')}},
      {"room", {"", "a b", std::string(129, 'x')}},
      {"state", {"", "missed", "IDLE", "MISSED "}},
      {"from", {"", "yesterday", "2026-11-26", "1764180196", "2026-02-30T00:00:00Z"}},
      {"to", {"", "2026-11-26T18:03:16"}},
      {"after", {"", "0", "AAAA"}},
      {"limit", {"", "0", "201", "-1", "1.5", "ten", "18446744073709551616"}},
  };
  for (const auto& [name, values] : wrong) {
    for (const auto& value : values) {
      const auto query = read_call_query(asking({{name, value}}));
      ASSERT_FALSE(query) << name << "=" << value;
      EXPECT_THAT(query.error(), StartsWith(name + " must be "));
    }
  }
}

TEST(EventsQueries, AreReadLikewise) {
  EXPECT_EQ(read_events_query(asking({})).value().limit, 50U);
  const auto query = read_events_query(asking({{"after", "7"}, {"limit", "1"}})).value();
  EXPECT_EQ(query.after, 7U);
  EXPECT_EQ(query.limit, 1U);
  for (const auto* bad : {"", "-1", "x", "1e3"})
    EXPECT_THAT(read_events_query(asking({{"after", bad}})).error(), StartsWith("after must be "));
  EXPECT_THAT(read_events_query(asking({{"limit", "0"}})).error(), StartsWith("limit must be "));
}

CallRow some_row() {
  CallRow row;
  row.id = id_of(7);
  row.room = call::RoomName::clipped("r");
  row.parties.emplace_back(call::user("ann"), call::Role::crm_user);
  row.parties.emplace_back(call::user("b\"b"), std::nullopt);
  row.caller_name = "Ann";
  row.started_at = some_day;
  row.ring_deadline = some_day + std::chrono::seconds(45);
  row.started_position = 3;
  row.changed_position = 4;
  return row;
}
std::string text_of(const CallRow& row) {
  std::string text;
  append_call(text, row);
  return text;
}

TEST(CallsAsJson, SayWhatIsKnownOfALiveCall) {
  EXPECT_EQ(text_of(some_row()),
            R"({"callId":"00000000-0000-0000-0000-000000000007","roomName":"r",)"
            R"("status":"RINGING","callerId":"ann","callerName":"Ann","calleeId":"b\"b",)"
            R"("calleeName":"","participants":[{"userId":"ann","role":"caller",)"
            R"("userRole":"CRM_USER"},{"userId":"b\"b","role":"callee","userRole":null}],)"
            R"("metadata":{},"startedAt":"2024-12-18T00:00:00.000000Z",)"
            R"("ringDeadline":"2024-12-18T00:00:45.000000Z","startedPos":3,"pos":4})");
}

TEST(CallsAsJson, SayHowACallEnded) {
  auto row = some_row();
  row.status = Status::connected;
  row.metadata = R"({"n":1e400})";
  row.answered_at = some_day + std::chrono::seconds(1);
  EXPECT_THAT(text_of(row), HasSubstr(R"("metadata":{"n":1e400},)"));
  EXPECT_THAT(text_of(row), HasSubstr(R"("answeredAt":"2024-12-18T00:00:01.000000Z")"));
  EXPECT_THAT(text_of(row), Not(HasSubstr("ringDeadline")));
  EXPECT_THAT(text_of(row), Not(HasSubstr("duration")));
  row.status = Status::ended;
  row.ended_at = some_day + std::chrono::seconds(9);
  row.duration_s = 8;
  row.end_reason = call::EndReason::hangup;
  EXPECT_THAT(text_of(row), HasSubstr(R"("endedAt":"2024-12-18T00:00:09.000000Z","duration":8,)"
                                      R"("endReason":"hangup","startedPos")"));
  row.end_detail = "bye";
  EXPECT_THAT(text_of(row), HasSubstr(R"("endReason":"hangup","detail":"bye")"));
}

TEST(CallsAsJson, StandInAnArray) {
  std::string text = "[";
  append_call(text, some_row());
  append_call(text, some_row());
  EXPECT_THAT(text, HasSubstr(R"("pos":4},{"callId")"));
  EXPECT_THAT(text, StartsWith(R"([{"callId")"));
}

}  // namespace
}  // namespace callstate::transports
