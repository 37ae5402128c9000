#include "projections/postgres/detail/rows.hpp"

#include <utility>

namespace callstate::projections::postgres {
namespace {

using history::CallRow;

// Of a session, so no other's of the same name is in the way.
constexpr const char* staged = "callstate_staged_calls";

/// How a column of CallLog is set from the row of the same call that is staged.
std::string upsert(const std::string& calls) {
  const auto columns = call_columns();
  return std::string("INSERT INTO \"") + calls + "\" (" + joined(columns) + ") SELECT " +
         joined(columns) + " FROM " + staged + " ON CONFLICT (\"id\") DO UPDATE SET (" +
         joined(columns.subspan(1)) + ") = (" + joined(columns.subspan(1), "EXCLUDED.") + ")";
}

call::Time time_of(const pqxx::field& microseconds) {
  return call::Time(call::Duration(microseconds.is_null() ? 0 : microseconds.as<std::int64_t>()));
}

template <class Name>
Name name_of_field(const pqxx::field& field) {
  return Name::clipped({field.c_str(), field.size()});
}

std::string in_microseconds(const char* column) {
  return "(extract(epoch FROM \"" + std::string(column) + "\") * 1000000)::bigint";
}

// One row for each participant, in order; what is the call's own is in each.
std::string select_live(const std::string& calls) {
  return R"(SELECT c."id", c."tenantId", c."roomName", c."callerName", c."calleeName", )"
         R"(CASE WHEN c."metadata" ? '$json' THEN c."metadata" ->> '$json' )"
         R"(ELSE c."metadata"::text END, c."status", )" +
         in_microseconds("startedAt") + ", " + in_microseconds("answeredAt") + ", " +
         in_microseconds("ringDeadline") +
         R"(, c."endDetail", c."position", c."changedPosition", p.who ->> 'user', )"
         R"(p.who ->> 'role' FROM ")" +
         calls +
         R"(" c, jsonb_array_elements(c."participants") WITH ORDINALITY AS p(who, number) )"
         R"(WHERE c."status" IN ('RINGING', 'CONNECTED') ORDER BY c."position", p.number)";
}

CallRow call_of(const pqxx::row& row) {
  CallRow made;
  made.id = call::parse_call_id(row[0].c_str()).value_or(call::CallId{});
  made.tenant = name_of_field<call::TenantId>(row[1]);
  made.room = name_of_field<call::RoomName>(row[2]);
  made.caller_name = row[3].c_str();
  made.callee_name = row[4].c_str();
  made.metadata = row[5].c_str();
  made.status = history::parse_status(row[6].c_str()).value_or(history::Status::ringing);
  made.started_at = time_of(row[7]);
  made.answered_at = time_of(row[8]);
  made.ring_deadline = time_of(row[9]);
  made.end_detail = row[10].c_str();
  made.started_position = row[11].as<call::Position>();
  made.changed_position = row[12].as<call::Position>();
  return made;
}

}  // namespace

RowWriter::RowWriter(Connection& connection, const Tables& tables, PayloadText payload)
    : tables_(tables), payload_(std::move(payload)), merge_calls_(upsert(tables.calls)) {
  pqxx::work work(connection.raw());
  work.exec("CREATE TEMPORARY TABLE " + std::string(staged) + " (LIKE \"" + tables.calls +
            "\" INCLUDING DEFAULTS) ON COMMIT DELETE ROWS");
  work.commit();
}

std::string RowWriter::write(pqxx::transaction_base& work, const history::Changes& changes) {
  if (!changes.events.empty()) copy_events(work, changes.events);
  if (changes.calls.empty()) return {};
  copy_calls(work, changes.calls);
  return merge_calls_;
}

void RowWriter::forget_staged(pqxx::transaction_base& work) {
  work.exec(std::string("TRUNCATE ") + staged);
}

void RowWriter::copy_events(pqxx::transaction_base& work,
                            std::span<const history::EventRow> events) {
  pqxx::stream_to stream(work, '"' + tables_.events + '"', quoted(event_columns()));
  for (const auto& event : events) {
    fill(fields_, event, payload_(event.record));
    stream << fields_.finish<event_columns_count>();
  }
  stream.complete();
}

void RowWriter::copy_calls(pqxx::transaction_base& work, std::span<const CallRow> calls) {
  pqxx::stream_to stream(work, staged, quoted(call_columns()));
  for (const auto& row : calls) {
    fill(fields_, row);
    stream << fields_.finish<call_columns_count>();
  }
  stream.complete();
}

std::vector<CallRow> live_calls(pqxx::transaction_base& work, const Tables& tables) {
  std::vector<CallRow> calls;
  for (const auto& row : work.exec(select_live(tables.calls))) {
    auto one = call_of(row);
    if (calls.empty() || calls.back().id != one.id) calls.push_back(std::move(one));
    calls.back().parties.push_back(
        {name_of_field<call::UserId>(row[13]),
         row[14].is_null() ? std::nullopt : call::parse_role(row[14].c_str())});
  }
  return calls;
}

}  // namespace callstate::projections::postgres
