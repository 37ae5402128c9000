#include <libpq-fe.h>

#include <memory>
#include <vector>

#include "projections/postgres/detail/connection.hpp"
#include "projections/postgres/detail/text.hpp"

namespace callstate::projections::postgres {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// As a value of a connection string.
std::string quoted(std::string_view text) {
  std::string made = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') made += '\\';
    made += c;
  }
  return made + "'";
}

/// What the connection string leaves open. A peer that has vanished is noticed by
/// its silence: without that a lost network would hang the thread for hours.
std::vector<std::pair<std::string, std::string>> defaults(const Settings& settings,
                                                          const std::string& purpose) {
  return {{"connect_timeout", std::to_string(settings.connect_timeout.count())},
          {"fallback_application_name", purpose},
          {"client_encoding", "UTF8"},
          {"keepalives_idle", "10"},
          {"keepalives_interval", "5"},
          {"keepalives_count", "3"},
          {"tcp_user_timeout", "30000"}};
}

}  // namespace

void refuse(Trouble::Kind kind, std::string message, call::Position position) {
  throw Refused{{kind, std::move(message), position}};
}

std::expected<std::string, std::string> parameters(const Settings& settings,
                                                   const std::string& purpose) {
  // libpq's own words quote what they do not understand, which may be the password.
  const Options given(PQconninfoParse(settings.connection.c_str(), nullptr), &PQconninfoFree);
  if (given == nullptr || settings.connection.empty()) {
    return std::unexpected(
        "the PostgreSQL connection string cannot be read: give postgresql://USER@HOST/DATABASE or "
        "host=… dbname=… user=…, with %-escapes in the one and '…' in the other around what is "
        "special");
  }
  auto open = defaults(settings, purpose);
  std::string made;
  for (const auto* option = given.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    made.append(option->keyword).append("=").append(quoted(option->val)).append(" ");
    std::erase_if(open, [&](const auto& each) { return each.first == option->keyword; });
  }
  for (const auto& [name, value] : open) made += name + "=" + quoted(value) + " ";
  return made;
}

Connection::Connection(const Settings& settings, const std::string& purpose, SearchPath search_path)
    : connection_([&] {
        auto made = parameters(settings, purpose);
        if (!made) refuse(Trouble::Kind::lasting, made.error());
        return *made;
      }()),
      schema_(connection_.quote_name(settings.schema)) {
  if (settings.cutter) line_.emplace(*settings.cutter, connection_.sock());
  // Deprecated since libpqxx 7 has nothing to inhibit any more; 6.4 has.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection_.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  const auto limit = std::to_string(settings.statement_timeout.count());
  pqxx::nontransaction session(connection_);
  const auto path =
      search_path == SearchPath::schema ? "SET search_path TO " + schema_ + ";" : std::string();
  session.exec(path + "SET TimeZone TO 'UTC'; SET DateStyle TO ISO;" +
               "SET standard_conforming_strings TO on; SET client_min_messages TO warning;" +
               "SET statement_timeout TO " + limit + "; SET lock_timeout TO " + limit +
               "; SET idle_in_transaction_session_timeout TO " + limit);
}

std::string literal(const pqxx::transaction_base& work, const std::string& value) {
  return text("'", work.esc(value), "'");
}

void Connection::without_time_limits() {
  pqxx::nontransaction session(connection_);
  session.exec(
      "SET statement_timeout TO 0; SET lock_timeout TO 0; "
      "SET idle_in_transaction_session_timeout TO 0");
}

}  // namespace callstate::projections::postgres
