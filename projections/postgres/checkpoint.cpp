#include "projections/postgres/detail/checkpoint.hpp"
#include "projections/postgres/detail/text.hpp"

namespace callstate::projections::postgres {
namespace {

constexpr const char* columns = R"("logId", "position", "writer", "liveFrom")";
constexpr const char* which = R"( WHERE "projection" = 'postgres')";

Checkpoint read(const pqxx::row& row) {
  return {row[0].c_str(), row[1].as<call::Position>(), row[2].as<std::uint64_t>(),
          call::parse_call_id(row[3].c_str())};
}

std::string quoted(const std::string& table) {
  return '"' + table + '"';
}

}  // namespace

const Tables& live_tables() {
  static const Tables tables{"CallLog", "CallEvent", "ProjectionCheckpoint"};
  return tables;
}

const Tables& shadow_tables() {
  static const Tables tables{"CallLog_rebuild", "CallEvent_rebuild",
                             "ProjectionCheckpoint_rebuild"};
  return tables;
}

Checkpoint locked(pqxx::transaction_base& work, const Tables& tables, const std::string& log_id) {
  const auto table = quoted(tables.checkpoint);
  work.exec(text("INSERT INTO ", table, " VALUES ('postgres', ", literal(work, log_id),
                 ", 0, 0, now()) ON CONFLICT DO NOTHING"));
  return read(
      work.exec1(text("SELECT ", std::string(columns), " FROM ", table, which, " FOR UPDATE")));
}

Checkpoint taken_over(pqxx::transaction_base& work, const Tables& tables, const Checkpoint& at) {
  return read(
      work.exec1(text("UPDATE ", quoted(tables.checkpoint), R"( SET "logId" = )",
                      literal(work, at.log_id), R"(, "position" = )", std::to_string(at.position),
                      R"(, "writer" = "writer" + 1, "updatedAt" = now(), "liveFrom" = )",
                      at.live_from ? text("'", to_string(*at.live_from), "'") : "NULL", which,
                      " RETURNING ", columns)));
}

std::string advance(pqxx::transaction_base& work, const Tables& tables, const Checkpoint& believed,
                    call::Position to, const call::CallId& live_from) {
  return text("UPDATE ", quoted(tables.checkpoint), R"( SET "position" = )", std::to_string(to),
              R"(, "updatedAt" = now(), "liveFrom" = CASE WHEN "liveFrom" IS NOT NULL THEN ')",
              to_string(live_from), "'::uuid END", which, R"( AND "position" = )",
              std::to_string(believed.position), R"( AND "writer" = )",
              std::to_string(believed.writer), R"( AND "logId" = )",
              literal(work, believed.log_id));
}

void forget_live_from(pqxx::transaction_base& work, const Tables& tables) {
  work.exec(text("UPDATE ", quoted(tables.checkpoint), R"( SET "liveFrom" = NULL)", which));
}

void explain_lost(pqxx::transaction_base& work, const Tables& tables, const Checkpoint& believed) {
  const auto rows =
      work.exec(text("SELECT ", std::string(columns), " FROM ", quoted(tables.checkpoint), which));
  if (rows.empty()) {
    refuse(Trouble::Kind::lasting,
           "the checkpoint in PostgreSQL is gone: somebody has deleted it. Make the rows anew "
           "(callstate projection rebuild)");
  }
  const auto found = read(rows[0]);
  if (found.writer != believed.writer) {
    refuse(
        Trouble::Kind::passing,
        text("something else keeps the rows in PostgreSQL by now (writer ",
             std::to_string(found.writer), ", this is ", std::to_string(believed.writer),
             "): a rebuild that has just finished, or another server on a copy of this log, which "
             "must be stopped"));
  }
  refuse(Trouble::Kind::lasting,
         text("the checkpoint in PostgreSQL is at ", std::to_string(found.position),
              " and was left at ", std::to_string(believed.position),
              ": somebody else has written it. Make the rows anew (callstate projection rebuild)"));
}

std::vector<history::Skipped> skipped_records(pqxx::transaction_base& work) {
  std::vector<history::Skipped> found;
  for (const auto& row : work.exec(
           R"(SELECT "position", "reason", (extract(epoch FROM "skippedAt") * 1000000)::bigint)"
           R"( FROM "ProjectionSkip" WHERE "projection" = 'postgres' ORDER BY "position")")) {
    found.push_back({row[0].as<call::Position>(), row[1].c_str(),
                     call::Time(call::Duration(row[2].as<call::Duration::rep>()))});
  }
  return found;
}

}  // namespace callstate::projections::postgres
