#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "projections/postgres/detail/connection.hpp"

namespace callstate::projections::postgres {
namespace {

using Kind = Trouble::Kind;

struct Meaning {
  std::string_view of;  // a SQLSTATE or the beginning of some; words of libpq
  Kind kind;
  std::string_view what;  // happened, and what to do; PostgreSQL's words follow
};

constexpr std::string_view half_done =
    "a migration is half done by other hands: what it would create is there already. Drop that, or "
    "choose another schema";
constexpr std::string_view refused =
    "PostgreSQL refuses the user or the password: correct the connection string, or pg_hba.conf";
constexpr std::string_view too_many =
    "PostgreSQL takes no more connections: raise max_connections, or close some";

/// By SQLSTATE, the longer before the shorter.
constexpr std::array by_state{
    Meaning{"08", Kind::passing, "the connection to PostgreSQL was lost"},
    Meaning{"22", Kind::lasting, "PostgreSQL cannot hold a value"},
    Meaning{"23505", Kind::lasting,
            "PostgreSQL already has rows that its checkpoint does not know of: make the rows anew "
            "(callstate projection rebuild)"},
    Meaning{"23", Kind::lasting,
            "a constraint that is not callstate's refuses a row: drop it from the table"},
    Meaning{"25006", Kind::passing,
            "PostgreSQL takes no writes here: connect to the primary, or turn "
            "default_transaction_read_only off"},
    Meaning{"25P03", Kind::passing, "PostgreSQL ended a transaction that waited too long"},
    Meaning{"28", Kind::lasting, refused},
    Meaning{"3D000", Kind::lasting, "there is no such database: create it, or name another"},
    Meaning{"40", Kind::passing, "PostgreSQL undid a transaction in favour of another one"},
    Meaning{"42501", Kind::lasting,
            "the PostgreSQL user may not do this: it must own the tables and the schema, and be "
            "allowed to create temporary tables; to make the schema it needs CREATE on the "
            "database"},
    Meaning{"42P06", Kind::lasting, half_done},
    Meaning{"42P07", Kind::lasting, half_done},
    Meaning{"42710", Kind::lasting, half_done},
    Meaning{"42723", Kind::lasting, half_done},
    Meaning{
        "42", Kind::lasting,
        "the tables in PostgreSQL are not as callstate made them: put back what was changed, or "
        "choose another schema and have the rows made there"},
    Meaning{"53100", Kind::passing, "PostgreSQL's disk is full: make room there"},
    Meaning{"53300", Kind::passing, too_many},
    Meaning{"53", Kind::passing, "PostgreSQL lacks memory or another resource"},
    Meaning{"55P03", Kind::passing,
            "somebody holds a lock on the tables: see pg_locks for whom to wait for or to end"},
    Meaning{"57014", Kind::passing,
            "PostgreSQL took longer for a statement than is allowed: see what it is busy with"},
    Meaning{"57P", Kind::passing, "PostgreSQL is being stopped or started"},
    Meaning{"58", Kind::passing, "PostgreSQL cannot read or write its files: see its log"},
    Meaning{"XX", Kind::lasting, "PostgreSQL has failed inside: see its log"},
};

/// Of a directory, before those above: its tables are somebody else's.
constexpr std::array by_state_of_directory{
    Meaning{"42501", Kind::lasting,
            "the PostgreSQL user may not run the directory's query: GRANT it SELECT on the tables "
            "that it names, and USAGE on their schema"},
    Meaning{"42", Kind::lasting,
            "the directory's query cannot be run: correct --directory-query, or the tables that it "
            "names"},
};

/// A connection that fails has no SQLSTATE, only words.
constexpr std::array by_words{
    Meaning{"authentication failed", Kind::lasting, refused},
    Meaning{"no password supplied", Kind::lasting,
            "PostgreSQL asks for a password: add it to the connection string"},
    Meaning{"pg_hba.conf", Kind::lasting,
            "PostgreSQL lets this user not in from here: add a line to pg_hba.conf"},
    Meaning{"does not exist", Kind::lasting,
            "there is no such user or database: create it, or correct the connection string"},
    Meaning{"not permitted to log in", Kind::lasting,
            "the PostgreSQL user may not log in: ALTER ROLE … LOGIN"},
    Meaning{"bind message supplies", Kind::lasting,
            "the directory's query has other parameters than $1: correct --directory-query"},
    Meaning{"too many", Kind::passing, too_many},
    Meaning{"connection slots", Kind::passing, too_many},
    Meaning{"starting up", Kind::passing, "PostgreSQL is starting"},
    Meaning{"shutting down", Kind::passing, "PostgreSQL is being stopped"},
    Meaning{"recovery mode", Kind::passing, "PostgreSQL is recovering from a crash"},
    Meaning{"", Kind::passing,
            "PostgreSQL cannot be reached: see that it runs and where it listens"},
};

/// The first line: what follows may quote rows.
std::string first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  for (const std::string_view prefix : {"ERROR:", "FATAL:", " "}) {
    while (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  return std::string(text);
}

std::string without_password(std::string text, const Settings& settings) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> given(
      PQconninfoParse(settings.connection.c_str(), nullptr), &PQconninfoFree);
  if (given == nullptr) return text;
  for (const auto* option = given.get(); option->keyword != nullptr; ++option) {
    const std::string_view name = option->keyword;
    const bool secret = name == "password" || name == "sslpassword";
    if (!secret || option->val == nullptr || *option->val == '\0') continue;
    const std::string_view value = option->val;
    for (auto at = text.find(value); at != text.npos; at = text.find(value, at + 3)) {
      text.replace(at, value.size(), "***");
    }
  }
  return text;
}

Trouble meant(const Meaning& meaning, std::string_view words, const std::string& state,
              const Settings& settings) {
  std::string message(meaning.what);
  message.append(" (").append(without_password(first_line(words), settings));
  if (!state.empty()) message.append(", ").append(state);
  return {meaning.kind, message.append(")"), 0};
}

/// libpqxx 6.4 leaves the state out of some of its exceptions: then by their kind.
std::string state_of(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return error.sqlstate();
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
  if (dynamic_cast<const pqxx::syntax_error*>(&error) != nullptr) return "42000";
  if (dynamic_cast<const pqxx::data_exception*>(&error) != nullptr) return "22000";
  if (dynamic_cast<const pqxx::unique_violation*>(&error) != nullptr) return "23505";
  if (dynamic_cast<const pqxx::integrity_constraint_violation*>(&error) != nullptr) return "23000";
  if (dynamic_cast<const pqxx::disk_full*>(&error) != nullptr) return "53100";
  if (dynamic_cast<const pqxx::insufficient_resources*>(&error) != nullptr) return "53000";
  return {};
}

Trouble of_sql(const pqxx::sql_error& error, const Settings& settings) {
  const auto state = state_of(error);
  const auto is_it = [&](const Meaning& each) { return state.starts_with(each.of); };
  if (settings.use == Settings::Use::directory) {
    const auto* found = std::ranges::find_if(by_state_of_directory, is_it);
    if (found != by_state_of_directory.end()) return meant(*found, error.what(), state, settings);
  }
  const auto* found = std::ranges::find_if(by_state, is_it);
  if (found != by_state.end()) return meant(*found, error.what(), state, settings);
  // Without a state it is libpq's: the connection is gone.
  if (state.empty()) return meant(by_state.front(), error.what(), {}, settings);
  return meant({{}, Kind::lasting, "PostgreSQL refuses a statement"}, error.what(), state,
               settings);
}

}  // namespace

Trouble no_answer() {
  return {Kind::passing,
          "PostgreSQL, or a proxy before it, takes what it is sent and does not answer: see what "
          "holds it up",
          0};
}

Trouble trouble_of_current_exception(const Settings& settings) {
  if (settings.cutter && settings.cutter->ended())
    return {Kind::passing, "PostgreSQL has not answered before the server was stopped", 0};
  try {
    throw;
  } catch (const Refused& refused) {
    return refused.trouble;
  } catch (const pqxx::too_many_connections& error) {
    return meant({"", Kind::passing, too_many}, error.what(), {}, settings);
  } catch (const pqxx::broken_connection& error) {
    const std::string_view words = error.what();
    return meant(*std::ranges::find_if(
                     by_words, [&](const Meaning& each) { return words.contains(each.of); }),
                 words, {}, settings);
  } catch (const pqxx::in_doubt_error& error) {
    return meant(by_state.front(), error.what(), {}, settings);
  } catch (const pqxx::sql_error& error) {
    return of_sql(error, settings);
  } catch (const std::exception& error) {
    return {Kind::lasting, "keeping rows in PostgreSQL failed: " + first_line(error.what()), 0};
  }
}

}  // namespace callstate::projections::postgres
