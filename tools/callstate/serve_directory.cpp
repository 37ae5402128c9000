#include "tools/callstate/serve_directory.hpp"

#include <utility>

#include "tools/callstate/secret.hpp"

namespace callstate::tools {
namespace {

namespace postgres = projections::postgres;

bool is_wanted(const DirectoryOptions& options) {
  return !options.connection.empty() || !options.file.empty();
}

/// The connection string, from wherever it was given.
std::expected<std::string, std::string> connection_of(const DirectoryOptions& options) {
  if (options.file.empty()) return options.connection;
  if (!options.connection.empty())
    return std::unexpected(
        "give either --directory-postgres or --directory-postgres-file, not both");
  auto secret = read_secret_file(options.file);
  if (!secret) return std::unexpected("--directory-postgres-file: cannot read " + options.file);
  if (secret->empty())
    return std::unexpected("--directory-postgres-file: " + options.file + " is empty");
  return *std::move(secret);
}

}  // namespace

std::expected<std::unique_ptr<postgres::PostgresDirectory>, std::string> make_directory(
    const DirectoryOptions& options) {
  if (!is_wanted(options)) {
    if (options.queries.empty()) return nullptr;
    return std::unexpected(
        "--directory-query needs --directory-postgres or --directory-postgres-file: where to ask");
  }
  auto connection = connection_of(options);
  if (!connection) return std::unexpected(connection.error());
  if (const auto good = postgres::check({.connection = *connection}); !good)
    return std::unexpected("--directory-postgres: " + good.error());
  postgres::DirectorySettings settings;
  settings.connection = *std::move(connection);
  if (!options.queries.empty()) settings.queries = options.queries;
  for (const auto& query : settings.queries) {
    if (query.contains("$1")) continue;
    return std::unexpected("--directory-query: '" + query +
                           "' has no $1, where the user's id is to go");
  }
  if (options.stale < options.fresh) {
    return std::unexpected(
        "--directory-stale must not be shorter than --directory-fresh: it is how long an answer "
        "serves in trouble");
  }
  settings.connections = options.connections;
  settings.cached_max = options.cached_max;
  settings.fresh_for = options.fresh;
  settings.stale_max = options.stale;
  return std::make_unique<postgres::PostgresDirectory>(std::move(settings));
}

std::size_t directory_descriptors(const DirectoryOptions& options) {
  constexpr std::size_t each = 4;  // the connection, its duplicate, what resolves and opens it
  return is_wanted(options) ? each * options.connections : 0;
}

}  // namespace callstate::tools
