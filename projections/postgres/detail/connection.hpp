#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <utility>

#include "core/history/ports.hpp"
#include "projections/postgres/cutter.hpp"
#include "projections/postgres/settings.hpp"

namespace callstate::projections::postgres {

using history::Trouble;

/// Thrown within this folder by what has found the trouble itself; `guarded` makes
/// a value of it.
struct Refused {
  Trouble trouble;
};
[[noreturn]] void refuse(Trouble::Kind kind, std::string message, call::Position position = 0);

/// Where unqualified names are looked for.
enum class SearchPath : std::uint8_t {
  schema,  // of the settings, and nowhere else
  user,    // as the database and its user have it
};

/// One connection, set up: UTF-8, UTC, a search path, time limits. Does not reconnect by itself,
/// since what a session has set up would be lost: whoever has trouble opens another one. One
/// thread.
class Connection {
 public:
  /// Throws what libpqxx throws. `purpose` is what the server's lists show of it.
  Connection(const Settings& settings, const std::string& purpose,
             SearchPath search_path = SearchPath::schema);

  [[nodiscard]] pqxx::connection_base& raw() { return connection_; }
  /// `"callstate"`, quoted.
  [[nodiscard]] const std::string& schema() const { return schema_; }

  /// For long statements of tools.
  void without_time_limits();

 private:
  pqxx::connection connection_;
  std::optional<Cutter::Line> line_;
  pqxx::quiet_errorhandler quiet_{connection_};  // what it says comes as exceptions, too
  std::string schema_;
};

/// The text as a literal of SQL.
std::string literal(const pqxx::transaction_base& work, const std::string& value);

/// The parameters as libpq takes them, completed by our own; or what is wrong with
/// them. Without the password in the latter.
std::expected<std::string, std::string> parameters(const Settings& settings,
                                                   const std::string& purpose);

/// What an exception means to whoever keeps the rows. Called in a handler.
Trouble trouble_of_current_exception(const Settings& settings);

/// Of a peer that takes what it is sent, and says nothing.
Trouble no_answer();

/// Runs `work`; what it throws becomes a Trouble.
template <class Work>
auto guarded(const Settings& settings, Work&& work) -> std::expected<decltype(work()), Trouble> {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      std::forward<Work>(work)();
      return {};
    } else {
      return std::forward<Work>(work)();
    }
  } catch (...) {
    return std::unexpected(trouble_of_current_exception(settings));
  }
}

/// The same, for no longer than a step may take: beyond that the thread's connection is
/// cut.
template <class Work>
auto limited(const Settings& settings, Work&& work) -> std::expected<decltype(work()), Trouble> {
  std::optional<Cutter::Limit> limit;
  if (settings.cutter) limit.emplace(*settings.cutter, settings.step_timeout);
  auto done = guarded(settings, std::forward<Work>(work));
  if (!done && limit && limit->passed()) return std::unexpected(no_answer());
  return done;
}

}  // namespace callstate::projections::postgres
