#include "projections/postgres/detail/merge.hpp"

#include "projections/postgres/detail/fields.hpp"
#include "projections/postgres/detail/text.hpp"

namespace callstate::projections::postgres {
namespace {

struct Pair {
  std::string live;
  std::string shadow;
  std::string key;
  std::span<const Column> columns;
  std::string call;  // the column with the call
};

const Pair& calls() {
  static const Pair pair{"\"CallLog\"", "\"CallLog_rebuild\"", "\"id\"", call_columns(), "\"id\""};
  return pair;
}

const Pair& events() {
  static const Pair pair{"\"CallEvent\"", "\"CallEvent_rebuild\"", "\"position\"", event_columns(),
                         "\"callId\""};
  return pair;
}

std::string differ(const Pair& pair, const char* is) {
  return text("(", joined(pair.columns, "s."), ") ", is, " (", joined(pair.columns, "l."), ")");
}

std::string some(const Pair& pair, const Condition& which) {
  return text("(SELECT ", joined(pair.columns), " FROM ", pair.shadow, " WHERE ", which, ")");
}

std::uint64_t replace(pqxx::transaction_base& work, const Pair& pair, const Condition& which) {
  const auto same = text(" AS s WHERE s.", pair.key, " = l.", pair.key);
  // Of those removed some come back as they should be: they are counted there.
  const auto gone = work.exec1(text(
      "WITH l AS (DELETE FROM ", pair.live, " AS l WHERE ", which, " AND NOT EXISTS (SELECT FROM ",
      pair.shadow, same, " AND ", differ(pair, "IS NOT DISTINCT FROM"), ") RETURNING l.", pair.key,
      ") SELECT count(*) FROM l WHERE NOT EXISTS (SELECT FROM ", pair.shadow, same, ")"));
  const auto added = work.exec(
      text("INSERT INTO ", pair.live, " (", joined(pair.columns), ") SELECT ", joined(pair.columns),
           " FROM ", some(pair, which), " AS s WHERE NOT EXISTS (SELECT FROM ", pair.live,
           " AS l WHERE l.", pair.key, " = s.", pair.key, ") ORDER BY s.\"position\""));
  return gone[0].as<std::uint64_t>() + added.affected_rows();
}

std::string drift_query(const Pair& pair, std::size_t rows_max) {
  const auto key = text("coalesce(s.", pair.key, ", l.", pair.key, ")");
  return text(
      "WITH drift AS (SELECT ", key, " AS key, coalesce(s.", pair.call, ", l.", pair.call,
      ") AS call, s.", pair.key, " IS NULL AS extra, l.", pair.key,
      " IS NULL AS missing, to_jsonb(s) AS expected, to_jsonb(l) AS found FROM ",
      some(pair, "true"), " AS s FULL JOIN (SELECT ", joined(pair.columns), " FROM ", pair.live,
      ") AS l ON s.", pair.key, " = l.", pair.key, " WHERE ", differ(pair, "IS DISTINCT FROM"),
      " ORDER BY 1 LIMIT ", std::to_string(rows_max + 1),
      ") SELECT d.key, d.call, d.extra, d.missing, c.name, d.expected ->> c.name, "
      "d.found ->> c.name FROM drift AS d LEFT JOIN LATERAL (SELECT name FROM "
      "jsonb_object_keys(d.expected) AS name WHERE NOT d.extra AND NOT d.missing AND "
      "d.expected -> name IS DISTINCT FROM d.found -> name) AS c ON true ORDER BY 1, c.name");
}

Drift drift_of(const pqxx::row& row, const Pair& pair) {
  const bool of_call = &pair == &calls();
  Drift drift;
  drift.kind = row[2].as<bool>()   ? Drift::Kind::extra
               : row[3].as<bool>() ? Drift::Kind::missing
                                   : Drift::Kind::differs;
  drift.table = of_call ? "CallLog" : "CallEvent";
  drift.call = call::parse_call_id(row[1].c_str()).value_or(call::CallId{});
  drift.position = of_call ? 0 : row[0].as<call::Position>();
  drift.column = row[4].c_str();
  drift.expected = row[5].c_str();
  drift.found = row[6].c_str();
  return drift;
}

bool find(pqxx::transaction_base& work, const Pair& pair, std::size_t rows_max,
          std::vector<Drift>& drift) {
  std::string last;
  std::size_t count = 0;
  for (const auto& row : work.exec(drift_query(pair, rows_max))) {
    if (last != row[0].c_str()) {
      last = row[0].c_str();
      if (++count > rows_max) return true;
    }
    drift.push_back(drift_of(row, pair));
  }
  return false;
}

}  // namespace

Condition events_between(call::Position after, call::Position upto) {
  auto condition = text("\"position\" > ", std::to_string(after));
  if (upto != 0) condition += text(" AND \"position\" <= ", std::to_string(upto));
  return condition;
}

Condition these_events(const std::vector<Drift>& drift) {
  std::string list;
  for (const auto& one : drift) {
    if (one.position == 0) continue;
    list.append(list.empty() ? "" : ",").append(std::to_string(one.position));
  }
  return text("\"position\" = ANY ('{", list, "}'::bigint[])");
}

Condition these_calls(const std::vector<Drift>& drift) {
  std::string list;
  for (const auto& one : drift) {
    if (one.position != 0) continue;
    list.append(list.empty() ? "" : ",").append(to_string(one.call));
  }
  return text("\"id\" = ANY ('{", list, "}'::uuid[])");
}

std::uint64_t replace_events(pqxx::transaction_base& work, const Condition& which) {
  return replace(work, events(), which);
}

std::uint64_t remove_impostors(pqxx::transaction_base& work, call::Position settled) {
  const auto upto = std::to_string(settled);
  return work
      .exec(text("DELETE FROM ", events().live, " AS l WHERE \"position\" > ", upto,
                 " AND EXISTS (SELECT FROM ", events().shadow,
                 " AS s WHERE s.\"id\" = l.\"id\" AND s.\"position\" <= ", upto, ")"))
      .affected_rows();
}

std::uint64_t replace_calls(pqxx::transaction_base& work, const Condition& which) {
  return replace(work, calls(), which);
}

bool find_drift(pqxx::transaction_base& work, std::size_t rows_max, std::vector<Drift>& drift) {
  const bool more = find(work, calls(), rows_max, drift);
  return find(work, events(), rows_max, drift) || more;
}

}  // namespace callstate::projections::postgres
