#pragma once

#include <expected>
#include <memory>
#include <string>

#include "core/engine/ports.hpp"
#include "projections/history_projection.hpp"
#include "projections/postgres/sink.hpp"
#include "projections/runner.hpp"
#include "tools/callstate/maintenance.hpp"
#include "tools/callstate/serve_settings.hpp"

namespace callstate::tools {

/// Where rows are kept, by what was given; or which setting is wrong. Without a
/// connection string in it: nowhere.
std::expected<projections::postgres::Settings, std::string> postgres_settings(
    const PostgresOptions& options);

/// The rows in PostgreSQL that a server keeps up to its log, on a thread of their own.
/// However PostgreSQL fares, the server serves.
class PostgresService {
 public:
  /// All outlive it.
  PostgresService(projections::postgres::Settings settings, const engine::LogReader& log,
                  const std::string& log_id, const projections::FollowerPorts& ports);
  ~PostgresService() { stop(); }
  PostgresService(const PostgresService&) = delete;
  PostgresService& operator=(const PostgresService&) = delete;

  void start() { runner_.start(); }
  /// A stop is near: whatever waits for PostgreSQL then, an operator's job too, is given
  /// a moment, and cut off.
  void end_soon();
  void stop();
  [[nodiscard]] projections::Runner& runner() { return runner_; }
  [[nodiscard]] Maintenance& maintenance() { return maintenance_; }

 private:
  const projections::postgres::Settings settings_;
  projections::postgres::PostgresSink sink_;
  projections::HistoryProjection projection_{"postgres", sink_};
  projections::Runner runner_;
  PostgresMaintenance maintenance_;
};

}  // namespace callstate::tools
