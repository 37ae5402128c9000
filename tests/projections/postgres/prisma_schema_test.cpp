// schemas/prisma/schema.prisma says what the migrations make, column by column.

#include <fstream>
#include <regex>
#include <set>

#include "projections/postgres/fixture.hpp"

namespace callstate::projections::postgres {
namespace {

/// `CallLog.id uuid NOT NULL` …, and `CallLog key id`, `CallLog index NAME`.
using Facts = std::set<std::string>;

std::string type_of_field(const std::string& type, const std::string& rest) {
  if (rest.contains("@db.Uuid")) return "uuid";
  if (rest.contains("@db.Timestamptz(6)")) return "timestamp(6) with time zone";
  static const std::map<std::string, std::string> types{
      {"String", "text"}, {"Int", "integer"}, {"BigInt", "bigint"}, {"Json", "jsonb"}};
  const auto found = types.find(type);
  return found == types.end() ? "?" + type : found->second;
}

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

Facts facts_of_schema(std::istream& schema) {
  static const std::regex model(R"(^model (\w+) \{$)");
  static const std::regex field(R"(^  (\w+) +(\w+)(\??) *(.*)$)");
  static const std::regex mapped(R"re(map: "(\w+)")re");
  static const std::regex key(R"(@@id\(\[(.*)\]\))");
  Facts facts;
  std::string name;
  std::smatch match;
  for (std::string line; std::getline(schema, line);) {
    if (std::regex_match(line, match, model)) name = match[1];
    if (line == "}") name.clear();
    if (name.empty()) continue;
    if (std::regex_search(line, match, mapped)) facts.insert(name + " index " + match[1].str());
    if (std::regex_search(line, match, key)) {
      facts.insert(name + " key " + without_blanks(match[1]));
    }
    if (!std::regex_match(line, match, field)) continue;
    const std::string rest = match[4];
    facts.insert(name + '.' + match[1].str() + ' ' + type_of_field(match[2], rest) +
                 (match[3].length() == 0 ? " NOT NULL" : ""));
    if (rest.contains("@id")) facts.insert(name + " key " + match[1].str());
  }
  return facts;
}

class PrismaSchema : public PostgresTest {
 protected:
  Facts facts_of_database() {
    EXPECT_TRUE(PostgresSink(settings, payload_of).open(log_id, 0));
    const std::string ours =
        " AND c.relnamespace = 'callstate'::regnamespace AND c.relname <> 'SchemaMigration'";
    Facts facts;
    for (const auto& row : query(
             "SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) "
             "|| "
             "CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END FROM pg_class c JOIN "
             "pg_attribute a "
             "ON a.attrelid = c.oid WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped" +
             ours)) {
      facts.insert(row[0]);
    }
    for (const auto& row : query(
             "SELECT c.relname || ' key ' || string_agg(a.attname, ',' ORDER BY k.number) FROM "
             "pg_index i JOIN pg_class c ON c.oid = i.indrelid CROSS JOIN LATERAL "
             "unnest(i.indkey::int[]) WITH ORDINALITY AS k(attnum, number) JOIN pg_attribute a ON "
             "a.attrelid = c.oid AND a.attnum = k.attnum WHERE i.indisprimary" +
             ours + " GROUP BY c.relname")) {
      facts.insert(row[0]);
    }
    // Prisma knows no indexes of a part of the rows.
    for (const auto& row : query("SELECT c.relname || ' index ' || n.relname FROM pg_index i JOIN "
                                 "pg_class c ON c.oid = i.indrelid JOIN pg_class n ON n.oid = "
                                 "i.indexrelid WHERE NOT i.indisprimary AND i.indpred IS NULL" +
                                 ours)) {
      facts.insert(row[0]);
    }
    return facts;
  }
};

TEST_F(PrismaSchema, SaysWhatTheDatabaseHas) {
  std::ifstream schema(SCHEMA_PRISMA);
  ASSERT_TRUE(schema);
  const auto said = facts_of_schema(schema);
  EXPECT_GT(said.size(), 40U) << "the schema was not understood";
  EXPECT_EQ(said, facts_of_database());
}

TEST_F(PrismaSchema, IsFoundWrongWhereItIs) {
  std::istringstream wrong("model CallLog {\n  id String @id\n  duration Int\n}\n");
  EXPECT_EQ(facts_of_schema(wrong), (Facts{"CallLog.id text NOT NULL", "CallLog key id",
                                           "CallLog.duration integer NOT NULL"}));
}

}  // namespace
}  // namespace callstate::projections::postgres
