#include "projections/postgres/detail/migrate.hpp"

#include <map>

#include "projections/postgres/detail/fields.hpp"
#include "projections/postgres/detail/migrations.hpp"
#include "projections/postgres/detail/text.hpp"

namespace callstate::projections::postgres {
namespace {

// "callstat": the class of our advisory locks.
constexpr const char* lock_of = "SELECT pg_advisory_xact_lock(1667329139, hashtext(";

// By rows rather than by to_regclass: that would say what a cache knew before the
// lock was waited for.
constexpr const char* schema_there = "SELECT FROM pg_namespace WHERE nspname = ";
constexpr const char* table_there =
    "SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE c.relname = 'SchemaMigration' AND n.nspname = ";

struct Applied {
  std::string sha256;
  std::string name;
};

std::map<int, Applied> applied(pqxx::transaction_base& work) {
  std::map<int, Applied> found;
  for (const auto& row : work.exec(
           R"(SELECT "version", "sha256", "name" FROM "SchemaMigration" ORDER BY "version")")) {
    found[row[0].as<int>()] = {row[1].c_str(), row[2].c_str()};
  }
  return found;
}

void refuse_others(const std::map<int, Applied>& found, const std::string& schema) {
  const auto ours = migrations();
  for (const auto& [version, was] : found) {
    if (version > static_cast<int>(ours.size())) {
      refuse(Trouble::Kind::lasting,
             text("the schema ", schema, " was made by a newer callstate (migration ",
                  std::to_string(version), ", ", was.name,
                  "): run that version, or choose another schema"));
    }
    const auto& ours_of_it = ours[static_cast<std::size_t>(version) - 1];
    if (was.sha256 != ours_of_it.sha256) {
      refuse(Trouble::Kind::lasting,
             text("migration ", std::to_string(version), " of the schema ", schema,
                  " was another one (", was.name, "): choose another schema"));
    }
  }
}

/// In a transaction, with the lock: another server may have been here first.
void apply(Connection& connection, const Settings& settings, const Migration& migration) {
  pqxx::work work(connection.raw());
  work.exec(text(lock_of, literal(work, settings.schema), "))"));
  const auto found = applied(work);
  if (found.contains(migration.version)) return;
  work.exec(text("SET LOCAL search_path TO ", connection.schema()));
  work.exec(migration.text);
  work.exec(text(R"(INSERT INTO "SchemaMigration" VALUES ()", std::to_string(migration.version),
                 ",", literal(work, migration.name), ",", literal(work, migration.sha256),
                 ", now())"));
  work.commit();
}

void make_schema(Connection& connection, const Settings& settings) {
  pqxx::work work(connection.raw());
  const auto name = literal(work, settings.schema);
  if (!work.exec(table_there + name).empty()) return;
  work.exec(text(lock_of, name, "))"));
  if (work.exec(schema_there + name).empty())
    work.exec(text("CREATE SCHEMA ", connection.schema()));
  if (work.exec(table_there + name).empty()) {
    work.exec(R"(CREATE TABLE "SchemaMigration" ("version" integer PRIMARY KEY, )"
              R"("name" text NOT NULL, "sha256" text NOT NULL, )"
              R"("appliedAt" timestamptz(6) NOT NULL);)"
              R"(ALTER TABLE "SchemaMigration" ENABLE ROW LEVEL SECURITY;)"
              R"(COMMENT ON TABLE "SchemaMigration" IS )"
              R"('What callstate has done to this schema, by version.')");
  }
  work.commit();
}

void check_table(const pqxx::result& rows, std::string_view table,
                 std::span<const Column> columns) {
  std::map<std::string, std::string, std::less<>> types;
  for (const auto& row : rows) {
    if (table == row[0].c_str()) types[row[1].c_str()] = row[2].c_str();
  }
  const std::string name(table);
  if (types.empty()) {
    refuse(
        Trouble::Kind::lasting,
        text("the table \"", name,
             "\" is missing in PostgreSQL although its migration was applied: put it back from a "
             "backup, or choose another schema"));
  }
  for (const auto& column : columns) {
    const auto found = types.find(column.name);
    const std::string is = found == types.end() ? "is missing" : text("is ", found->second);
    if (found != types.end() && found->second == column.type) continue;
    refuse(Trouble::Kind::lasting,
           text("the column \"", name, "\".\"", std::string(column.name), "\" ", is,
                ", and should be ", std::string(column.type),
                ": somebody has changed the table in PostgreSQL; put it back"));
  }
}

}  // namespace

void migrate(Connection& connection, const Settings& settings) {
  make_schema(connection, settings);
  std::map<int, Applied> found;
  {
    pqxx::work work(connection.raw());
    found = applied(work);
  }
  refuse_others(found, settings.schema);
  for (const auto& migration : migrations()) {
    if (!found.contains(migration.version)) apply(connection, settings, migration);
  }
}

void check_columns(Connection& connection, const Settings& /*settings*/) {
  pqxx::work work(connection.raw());
  const auto rows =
      work.exec(text("SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) "
                     "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                     "WHERE c.relnamespace = to_regnamespace(",
                     literal(work, connection.schema()),
                     ") AND c.relname IN ('CallLog', 'CallEvent') AND c.relkind IN ('r', 'p') "
                     "AND a.attnum > 0 AND NOT a.attisdropped"));
  check_table(rows, "CallLog", call_columns());
  check_table(rows, "CallEvent", event_columns());
}

}  // namespace callstate::projections::postgres
