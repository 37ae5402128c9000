#include "projections/webhooks/call_events.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <utility>

namespace callstate::projections {
namespace {

namespace json = boost::json;

/// RFC 3339 in UTC with microseconds, as everywhere on the wire.
std::string rfc3339(call::Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[40];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

json::string text_of(std::string_view text) {
  return json::string(json::string_view(text.data(), text.size()));
}

/// An object's text with one more member, which is JSON already: what a client has
/// sent as metadata goes out as it came in, numbers and all.
std::string with_raw(std::string object, std::string_view key, std::string_view raw) {
  object.pop_back();
  object.append(",\"").append(key).append("\":").append(raw).append(1, '}');
  return object;
}

std::string data_of(const history::CallRow& row, call::Position position,
                    const call::UserId* callee) {
  json::object data;
  const auto put = [&](json::string_view key, std::string_view text) {
    if (!text.empty()) data[key] = text_of(text);
  };
  const auto put_time = [&](json::string_view key, call::Time time) {
    if (time != call::Time{}) data[key] = text_of(rfc3339(time));
  };
  put("callId", call::to_string(row.id));
  put("tenantId", row.tenant.view());
  put("roomName", row.room.view());
  data["position"] = position;
  put("status", history::name_of(row.status));
  if (callee != nullptr) put("calleeId", callee->view());
  if (!row.parties.empty()) put("callerId", row.parties.front().user.view());
  put("callerName", row.caller_name);
  json::array callees;
  for (std::size_t i = 1; i < row.parties.size(); ++i)
    callees.push_back(text_of(row.parties[i].user.view()));
  data["calleeIds"] = std::move(callees);
  put("calleeName", row.callee_name);
  put_time("startedAt", row.started_at);
  put_time("ringDeadline", row.ring_deadline);
  put_time("answeredAt", row.answered_at);
  put_time("endedAt", row.ended_at);
  if (!history::is_live(row.status)) {
    data["durationSeconds"] = row.duration_s;
    put("endReason", call::name_of(row.end_reason));
  }
  auto text = json::serialize(data);
  return row.metadata.empty() ? text : with_raw(std::move(text), "metadata", row.metadata);
}

/// Ids of one log sort as its positions do.
std::string id_of(std::string_view log_id, call::Position position, std::size_t part) {
  std::string log(log_id);
  std::erase(log, '-');
  constexpr std::size_t log_characters = 12;  // of a UUID's random end
  if (log.size() > log_characters) log.erase(0, log.size() - log_characters);
  char number[40];
  std::snprintf(number, sizeof number, "%016llu_%zu", static_cast<unsigned long long>(position),
                part);
  return "evt_" + log + "_" + number;
}

}  // namespace

bool may_be_told(const call::Record& record) {
  return record.outcome == call::Outcome::applied &&
         (std::holds_alternative<call::CalleeOffline>(record.payload) ||
          std::holds_alternative<call::Ended>(record.payload));
}

std::vector<history::OutgoingEvent> events_of(const call::Record& record,
                                              const history::CallRow& row,
                                              std::string_view log_id) {
  std::vector<history::OutgoingEvent> told;
  const auto tell = [&](std::string_view type, const call::UserId* callee) {
    json::object head;
    head["type"] = text_of(type);
    head["timestamp"] = text_of(rfc3339(record.at));
    history::OutgoingEvent event;
    event.id = id_of(log_id, record.position, told.size() + 1);
    event.type = type;
    event.call = row.id;
    event.tenant = row.tenant;
    event.body = with_raw(json::serialize(head), "data", data_of(row, record.position, callee));
    told.push_back(std::move(event));
  };
  if (const auto* offline = std::get_if<call::CalleeOffline>(&record.payload)) {
    tell(callee_offline_event, &offline->callee);
  } else if (std::holds_alternative<call::Ended>(record.payload) && !history::is_live(row.status) &&
             row.changed_position == record.position) {
    tell(call_ended_event, nullptr);
    if (row.status == history::Status::missed) tell(call_missed_event, nullptr);
  }
  return told;
}

}  // namespace callstate::projections
