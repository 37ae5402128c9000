#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/directory.hpp"
#include "projections/postgres/settings.hpp"

namespace callstate::projections::postgres {

class DirectoryCache;
class DirectoryPool;

struct DirectorySettings {
  std::string connection;  // as in Settings; another database than the rows', perhaps
  /// Tried in this order until one gives a row. Each has one parameter, $1, the user's
  /// id as in the token, and gives the tenant, the role (`CRM_USER`, `PORTAL_CUSTOMER`,
  /// `SERVICE`, `AUDITOR`) and the name, which may be null. Tables are found by the
  /// database user's own search path.
  std::vector<std::string> queries = default_queries();
  static std::vector<std::string> default_queries();

  std::size_t connections = 2;
  /// Users that are asked for at a time; beyond it a look-up is refused at once.
  std::size_t waiting_max = 1'024;
  /// Users that are remembered; beyond it the longest unused is forgotten.
  std::size_t cached_max = 65'536;
  std::chrono::milliseconds fresh_for{60'000};
  /// How long, after it was asked last, an answer is given while the database has
  /// trouble.
  std::chrono::milliseconds stale_max{12 * 3'600'000};
  /// After trouble the database is left alone for so long, twice as long each time up
  /// to the second.
  std::chrono::milliseconds pause_first{250};
  std::chrono::milliseconds pause_max{10'000};
  std::chrono::seconds connect_timeout{3};
  std::chrono::milliseconds statement_timeout{3'000};
  /// A look-up's connection that has not answered by then is given up.
  std::chrono::milliseconds answer_timeout{4'000};
};

/// What the directory has done so far.
struct DirectoryCounts {
  std::uint64_t asked = 0;        // queries that were answered, with a user or without
  std::uint64_t troubles = 0;     // that the database could not answer
  std::uint64_t stale = 0;        // answers of before that were given instead
  std::uint64_t unavailable = 0;  // look-ups that were refused for lack of one
  std::size_t cached = 0;         // users that are remembered now
};

/// Users from PostgreSQL, by queries that are prepared once a connection. A pool of
/// threads asks, each with a connection that is made when it is first needed. Several
/// look-ups of one user at a time are one query.
class PostgresDirectory final : public engine::Directory {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  explicit PostgresDirectory(DirectorySettings settings, Now now = std::chrono::steady_clock::now);
  /// Answers what still waits, by `unavailable`.
  ~PostgresDirectory() override;

  [[nodiscard]] std::optional<engine::Profile> cached(const call::UserId& user) override;
  [[nodiscard]] std::optional<engine::Profile> remembered(const call::UserId& user) override;
  void look_up(const call::UserId& user, Callback done) override;

  [[nodiscard]] DirectoryCounts counts() const;

 private:
  std::unique_ptr<DirectoryCache> cache_;
  std::unique_ptr<DirectoryPool> pool_;  // uses the cache
};

}  // namespace callstate::projections::postgres
