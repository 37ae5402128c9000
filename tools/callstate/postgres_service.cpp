#include "tools/callstate/postgres_service.hpp"

#include <utility>

#include "tools/callstate/secret.hpp"

namespace callstate::tools {

namespace postgres = projections::postgres;

std::expected<postgres::Settings, std::string> postgres_settings(const PostgresOptions& options) {
  postgres::Settings settings{.connection = options.connection, .schema = options.schema};
  if (!options.file.empty()) {
    if (!options.connection.empty())
      return std::unexpected("give either --postgres or --postgres-file, not both");
    auto secret = read_secret_file(options.file);
    if (!secret) return std::unexpected("--postgres-file: cannot read " + options.file);
    if (secret->empty()) return std::unexpected("--postgres-file: " + options.file + " is empty");
    settings.connection = *std::move(secret);
  }
  if (settings.connection.empty()) return settings;
  if (const auto good = postgres::check(settings); !good)
    return std::unexpected("--postgres, --postgres-schema: " + good.error());
  return settings;
}

PostgresService::PostgresService(const postgres::Settings& settings, const engine::LogReader& log,
                                 const std::string& log_id, const projections::FollowerPorts& ports)
    : sink_(settings, payload_text),
      runner_(projection_, log, log_id, ports),
      // What has changed may have been what held it up: it is not to wait any longer.
      maintenance_(settings, log, log_id, [this] {
        (void)runner_.between_steps([]() -> std::expected<void, history::Trouble> { return {}; });
      }) {}

}  // namespace callstate::tools
