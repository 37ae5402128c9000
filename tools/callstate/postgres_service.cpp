#include "tools/callstate/postgres_service.hpp"

#include <chrono>
#include <utility>

#include "projections/postgres/cutter.hpp"
#include "tools/callstate/secret.hpp"

namespace callstate::tools {

namespace postgres = projections::postgres;

namespace {

// Enough for a batch that is under way; a rebuild that replaces rows may need minutes.
constexpr std::chrono::seconds stop_patience{5};

postgres::Settings cuttable(postgres::Settings settings) {
  settings.cutter = std::make_shared<postgres::Cutter>();
  return settings;
}

}  // namespace

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

PostgresService::PostgresService(postgres::Settings settings, const engine::LogReader& log,
                                 const std::string& log_id, const projections::FollowerPorts& ports)
    : settings_(cuttable(std::move(settings))),
      sink_(settings_, payload_text),
      runner_(projection_, log, log_id, ports),
      // What has changed may have been what held it up: it is not to wait any longer.
      maintenance_(settings_, log, log_id, [this] {
        (void)runner_.between_steps([]() -> std::expected<void, history::Trouble> { return {}; });
      }) {}

void PostgresService::end_soon() {
  settings_.cutter->end(stop_patience);
}

void PostgresService::stop() {
  end_soon();
  runner_.stop();
}

}  // namespace callstate::tools
