#include "projections/postgres/detail/rows.hpp"

#include <pqxx/tablewriter>
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

// Lines go out in pieces of about this size.
constexpr std::size_t piece_bytes = 64UL * 1024;

/// COPY of lines that are ready. libpqxx's newer stream_to puts a row together from a
/// string for each field, at twice the cost of all else here; what it calls deprecated
/// takes whole lines.
class Copy {
 public:
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  Copy(pqxx::transaction_base& work, const std::string& table, std::span<const Column> columns,
       CopyLines& lines)
      : writer_(work, table + " (" + joined(columns) + ")"), lines_(lines) {
    lines_.clear();
  }
#pragma GCC diagnostic pop

  void send_if_much() {
    if (lines_.lines().size() >= piece_bytes) send();
  }
  void complete() {
    if (!lines_.lines().empty()) send();
    writer_.complete();
  }

 private:
  void send() {
    writer_.write_raw_line(lines_.lines());
    lines_.clear();
  }

  pqxx::tablewriter writer_;
  CopyLines& lines_;
};

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
std::string select_live(const std::string& calls, const std::optional<call::CallId>& from) {
  return R"(SELECT c."id", c."tenantId", c."roomName", c."callerName", c."calleeName", )"
         R"(CASE WHEN c."metadata" ? '$json' THEN c."metadata" ->> '$json' )"
         R"(ELSE c."metadata"::text END, c."status", )" +
         in_microseconds("startedAt") + ", " + in_microseconds("answeredAt") + ", " +
         in_microseconds("ringDeadline") +
         R"(, c."endDetail", c."position", c."changedPosition", p.who ->> 'user', )"
         R"(p.who ->> 'role' FROM ")" +
         calls +
         R"(" c, jsonb_array_elements(c."participants") WITH ORDINALITY AS p(who, number) )"
         R"(WHERE c."status" IN ('RINGING', 'CONNECTED'))" +
         (from ? R"( AND c."id" >= ')" + to_string(*from) + '\'' : std::string()) +
         R"( ORDER BY c."position", p.number)";
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

std::string RowWriter::write(pqxx::transaction_base& work, const history::Changes& changes,
                             call::Position after) {
  if (!changes.events.empty()) copy_events(work, changes.events);
  std::vector<const CallRow*> begun;
  std::vector<const CallRow*> changed;
  for (const auto& row : changes.calls) {
    (row.started_position > after ? begun : changed).push_back(&row);
  }
  if (!begun.empty()) copy_calls(work, begun, '"' + tables_.calls + '"');
  if (changed.empty()) return {};
  stage_calls(work, changed);
  return merge_calls_;
}

void RowWriter::forget_staged(pqxx::transaction_base& work) {
  work.exec(std::string("TRUNCATE ") + staged);
}

void RowWriter::copy_events(pqxx::transaction_base& work,
                            std::span<const history::EventRow> events) {
  Copy copy(work, '"' + tables_.events + '"', event_columns(), lines_);
  for (const auto& event : events) {
    add_row(lines_, event, payload_(event.record));
    copy.send_if_much();
  }
  copy.complete();
}

void RowWriter::stage_calls(pqxx::transaction_base& work, Calls calls) {
  copy_calls(work, calls, staged);
}

void RowWriter::copy_calls(pqxx::transaction_base& work, Calls calls, const std::string& table) {
  Copy copy(work, table, call_columns(), lines_);
  for (const auto* row : calls) {
    add_row(lines_, *row);
    copy.send_if_much();
  }
  copy.complete();
}

std::vector<CallRow> live_calls(pqxx::transaction_base& work, const Tables& tables,
                                const std::optional<call::CallId>& from) {
  std::vector<CallRow> calls;
  for (const auto& row : work.exec(select_live(tables.calls, from))) {
    auto one = call_of(row);
    if (calls.empty() || calls.back().id != one.id) calls.push_back(std::move(one));
    calls.back().parties.push_back(
        {name_of_field<call::UserId>(row[13]),
         row[14].is_null() ? std::nullopt : call::parse_role(row[14].c_str())});
  }
  return calls;
}

}  // namespace callstate::projections::postgres
