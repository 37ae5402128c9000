#include "projections/postgres/detail/fields.hpp"

#include <charconv>
#include <chrono>
#include <variant>

#include "projections/postgres/jsonb.hpp"

namespace callstate::projections::postgres {
namespace {

using history::CallRow;
using history::EventRow;
using history::Party;

constexpr std::string_view nul_sign = "\u2400";

void append_string(std::string& to, std::string_view text) {
  to += '"';
  append_escaped(to, text);
  to += '"';
}

std::string participants(const std::vector<Party>& parties) {
  std::string json = "[";
  for (const auto& party : parties) {
    if (json.size() > 1) json += ',';
    json += "{\"user\":";
    append_string(json, party.user.view());
    json += ",\"role\":";
    if (party.role) {
      append_string(json, name_of(*party.role));
    } else {
      json += "null";
    }
    json += '}';
  }
  return json + "]";
}

/// As a user's and as a portal customer's: one of the two is empty.
struct Side {
  std::string_view user;
  std::string_view customer;
};
Side side_of(const std::vector<Party>& parties, std::size_t which) {
  if (which >= parties.size()) return {};
  const auto& party = parties[which];
  if (party.role == call::Role::portal_customer) return {{}, party.user.view()};
  return {party.user.view(), {}};
}

}  // namespace

void CopyLines::begin_field() {
  if (in_row_) {
    lines_ += '\t';
  } else if (!lines_.empty()) {
    lines_ += '\n';
  }
  in_row_ = true;
}

void CopyLines::add(std::string_view text) {
  begin_field();
  static constexpr std::string_view special("\\\t\n\r\0", 5);
  static constexpr std::string_view as[]{"\\\\", "\\t", "\\n", "\\r", nul_sign};
  auto plain = text.begin();
  for (const auto* at = text.begin(); at != text.end(); ++at) {
    // Nearly all that a text has is above both.
    if (*at != '\\' && static_cast<unsigned char>(*at) > '\r') continue;
    const auto which = special.find(*at);
    if (which == special.npos) continue;
    lines_.append(plain, at).append(as[which]);
    plain = at + 1;
  }
  lines_.append(plain, text.end());
}

void CopyLines::add_or_null(std::string_view text) {
  text.empty() ? add_null() : add(text);
}

void CopyLines::add(std::uint64_t number) {
  char digits[20];
  char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  begin_field();
  lines_.append(digits, end);
}

void CopyLines::add(call::Time time) {
  begin_field();
  lines_ += timestamp(time);
}

void CopyLines::add_or_null(call::Time time) {
  time == call::Time{} ? add_null() : add(time);
}

void CopyLines::add(const call::CallId& id) {
  begin_field();
  lines_ += to_string(id);
}

void CopyLines::add_null() {
  begin_field();
  lines_ += "\\N";
}

void CopyLines::end_row() {
  in_row_ = false;
}

std::string timestamp(call::Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text;
  const auto put = [&text](std::int64_t number, std::size_t width, char then) {
    char digits[20];
    char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    const auto size = static_cast<std::size_t>(end - digits);
    if (size < width) text.append(width - size, '0');
    text.append(digits, end) += then;
  };
  put(static_cast<int>(date.year()), 4, '-');
  put(static_cast<unsigned>(date.month()), 2, '-');
  put(static_cast<unsigned>(date.day()), 2, ' ');
  put(clock.hours().count(), 2, ':');
  put(clock.minutes().count(), 2, ':');
  put(clock.seconds().count(), 2, '.');
  put(clock.subseconds().count(), 6, '+');
  return text + "00";
}

call::CallId event_id(const call::Record& record) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(record.at.time_since_epoch());
  const auto ms = static_cast<std::uint64_t>(since.count());
  call::CallId id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[8 + i] = static_cast<std::uint8_t>(record.position >> (56 - 8 * i));
  }
  id.bytes[6] = 0x70;                                                      // version 7
  id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3FU));  // the variant
  return id;
}

std::span<const Column> call_columns() {
  static constexpr Column columns[]{
      {"id", "uuid"},
      {"tenantId", "text"},
      {"roomName", "text"},
      {"fromUserId", "text"},
      {"toUserId", "text"},
      {"fromPortalCustomerId", "text"},
      {"toPortalCustomerId", "text"},
      {"callerName", "text"},
      {"calleeName", "text"},
      {"status", "text"},
      {"startedAt", "timestamp(6) with time zone"},
      {"answeredAt", "timestamp(6) with time zone"},
      {"endedAt", "timestamp(6) with time zone"},
      {"ringDeadline", "timestamp(6) with time zone"},
      {"duration", "integer"},
      {"endReason", "text"},
      {"endDetail", "text"},
      {"metadata", "jsonb"},
      {"participants", "jsonb"},
      {"position", "bigint"},
      {"changedPosition", "bigint"},
  };
  return columns;
}

std::span<const Column> event_columns() {
  static constexpr Column columns[]{
      {"id", "uuid"},
      {"tenantId", "text"},
      {"callId", "uuid"},
      {"callerId", "text"},
      {"calleeId", "text"},
      {"roomName", "text"},
      {"eventType", "text"},
      {"outcome", "text"},
      {"code", "text"},
      {"payload", "jsonb"},
      {"createdAt", "timestamp(6) with time zone"},
      {"position", "bigint"},
      {"seq", "bigint"},
      {"actorId", "text"},
      {"actorRole", "text"},
      {"deviceId", "text"},
      {"messageId", "text"},
  };
  return columns;
}

std::string joined(std::span<const Column> columns, std::string_view prefix) {
  std::string text;
  for (const auto& column : columns) {
    if (!text.empty()) text += ',';
    text.append(prefix).append("\"").append(column.name).append("\"");
  }
  return text;
}

void add_row(CopyLines& fields, const CallRow& row) {
  const auto from = side_of(row.parties, 0);
  const auto to = side_of(row.parties, 1);
  fields.add(row.id);
  fields.add(row.tenant.view());
  fields.add(row.room.view());
  fields.add_or_null(from.user);
  fields.add_or_null(to.user);
  fields.add_or_null(from.customer);
  fields.add_or_null(to.customer);
  fields.add_or_null(row.caller_name);
  fields.add_or_null(row.callee_name);
  fields.add(name_of(row.status));
  fields.add(row.started_at);
  fields.add_or_null(row.answered_at);
  fields.add_or_null(row.ended_at);
  fields.add_or_null(row.ring_deadline);
  is_live(row.status) ? fields.add_null() : fields.add(row.duration_s);
  fields.add_or_null(name_of(row.end_reason));
  fields.add_or_null(row.end_detail);
  row.metadata.empty() ? fields.add_null() : fields.add(as_jsonb(row.metadata));
  fields.add(participants(row.parties));
  fields.add(row.started_position);
  fields.add(row.changed_position);
  fields.end_row();
}

void add_row(CopyLines& fields, const EventRow& row, std::string_view payload) {
  const auto& record = row.record;
  fields.add(event_id(record));
  fields.add(record.stream.tenant.view());
  record.call.empty() ? fields.add_null() : fields.add(record.call);
  fields.add_or_null(row.caller.view());
  fields.add_or_null(row.callee.view());
  fields.add(record.stream.name.view());
  fields.add(type_of(record.payload));
  fields.add(name_of(record.outcome));
  record.refusal == call::ErrorCode::none ? fields.add_null() : fields.add(name_of(record.refusal));
  fields.add(as_jsonb(payload));
  fields.add(record.at);
  fields.add(record.position);
  fields.add(record.seq);
  fields.add(record.actor.user.view());
  fields.add(name_of(record.actor.role));
  fields.add_or_null(record.actor.device.view());
  fields.add_or_null(record.message_id.view());
  fields.end_row();
}

}  // namespace callstate::projections::postgres
