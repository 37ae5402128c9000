#include "transports/history_text.hpp"

#include <algorithm>
#include <cstring>

#include "transports/http_parameters.hpp"
#include "transports/http_reading.hpp"
#include "transports/json_writer.hpp"
#include "transports/jwt_base64.hpp"
#include "transports/text_values.hpp"

namespace callstate::transports {
namespace {

constexpr std::size_t time_bytes = 8;
constexpr std::size_t id_bytes = sizeof(call::CallId::bytes);

bool is_set(call::Time time) {
  return time != call::Time();
}

void put_people(JsonWriter& to, const history::CallRow& row) {
  const auto& parties = row.parties;
  if (!parties.empty()) to.text("callerId", parties[0].user.view());
  to.text("callerName", row.caller_name);
  if (parties.size() > 1) to.text("calleeId", parties[1].user.view());
  to.text("calleeName", row.callee_name);
  to.begin_array("participants");
  for (const auto& party : parties) {
    to.begin_object();
    to.text("userId", party.user.view());
    const bool calls = &party == parties.data();
    to.text("role", name_of(calls ? call::CallRole::caller : call::CallRole::callee));
    party.role ? to.text("userRole", name_of(*party.role)) : to.null("userRole");
    to.end_object();
  }
  to.end_array();
}

}  // namespace

std::string cursor_text(const history::CallCursor& cursor) {
  const auto time = static_cast<std::uint64_t>(cursor.started_at.time_since_epoch().count());
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(time >> shift));
  bytes.append(reinterpret_cast<const char*>(cursor.id.bytes.data()), id_bytes);
  return encode_base64url(bytes);
}

std::optional<history::CallCursor> parse_cursor(std::string_view text) {
  const auto bytes = decode_base64url(text);
  if (!bytes || bytes->size() != time_bytes + id_bytes) return std::nullopt;
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < time_bytes; ++i)
    time = time << 8U | static_cast<std::uint8_t>((*bytes)[i]);
  history::CallCursor cursor;
  cursor.started_at = call::Time(call::Duration(static_cast<std::int64_t>(time)));
  std::memcpy(cursor.id.bytes.data(), bytes->data() + time_bytes, id_bytes);
  return cursor;
}

std::expected<history::CallQuery, std::string> read_call_query(const HttpRequest& request) {
  constexpr std::string_view time_form = "a time such as 2026-11-26T18:03:16Z";
  history::CallQuery query;
  query.tenant = request.identity->tenant;
  query.limit = history_page_usual;
  Parameters parameters(request);
  parameters.read("user", user_id_form, into(query.user, parse_user_id));
  parameters.read("room", "a room's name: [A-Za-z0-9._:~-]{1,128}",
                  into(query.room, call::parse_room_name));
  parameters.read("state",
                  "one of RINGING, CONNECTED, ENDED, REJECTED, CANCELLED, MISSED and FAILED",
                  into(query.status, history::parse_status));
  parameters.read("from", time_form, into(query.from, parse_query_time));
  parameters.read("to", time_form, into(query.to, parse_query_time));
  parameters.read("after", "the next of a page before", into(query.after, parse_cursor));
  parameters.count("limit", history_page_max, query.limit);
  if (!parameters.problem().empty()) return std::unexpected(parameters.problem());
  return query;
}

std::expected<EventsQuery, std::string> read_events_query(const HttpRequest& request) {
  EventsQuery query;
  const auto position = [](std::string_view text) { return parse_number(text); };
  Parameters parameters(request);
  parameters.read("after", "a position: a whole number, not negative", into(query.after, position));
  parameters.count("limit", history_page_max, query.limit);
  if (!parameters.problem().empty()) return std::unexpected(parameters.problem());
  return query;
}

void append_call(std::string& out, const history::CallRow& row) {
  JsonWriter to(out);
  to.begin_object();
  to.text("callId", call::to_string(row.id));
  to.text("roomName", row.room.view());
  to.text("status", name_of(row.status));
  put_people(to, row);
  to.raw("metadata", row.metadata.empty() ? "{}" : row.metadata);
  to.time("startedAt", row.started_at);
  if (is_set(row.answered_at)) to.time("answeredAt", row.answered_at);
  if (row.status == history::Status::ringing && is_set(row.ring_deadline))
    to.time("ringDeadline", row.ring_deadline);
  if (!history::is_live(row.status)) {
    if (is_set(row.ended_at)) to.time("endedAt", row.ended_at);
    to.number("duration", row.duration_s);
    to.text("endReason", name_of(row.end_reason));
    if (!row.end_detail.empty()) to.text("detail", row.end_detail);
  }
  to.number("startedPos", row.started_position);
  to.number("pos", row.changed_position);
  to.end_object();
}

}  // namespace callstate::transports
