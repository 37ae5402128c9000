#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "projections/postgres/directory.hpp"
#include "projections/status.hpp"
#include "projections/webhooks/sender.hpp"
#include "storage/store.hpp"
#include "transports/metrics.hpp"

namespace callstate::tools {

/// The process, as the system sees it.
struct ProcessReading {
  double started_s = 0;  // since 1970
  double cpu_s = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t descriptors_max = 0;
};
ProcessReading read_process();

using ProjectionStatuses = std::vector<projections::Status>;
using DirectoryReading = projections::postgres::DirectoryCounts;

/// All that is shown of a server, as of one moment.
struct Readings {
  const engine::EngineMetrics& metrics;
  engine::Engine::Stats engine{};
  transports::ServerReading server{};
  storage::Store::Health log{};
  ProjectionStatuses projections{};
  ProcessReading process{};
  bool ready = false;
  std::optional<std::int64_t> certificate_until_s{};      // since 1970; none: no TLS
  std::optional<projections::WebhookReading> webhooks{};  // none: nobody is told
  DirectoryReading directory{};                           // zeros where there is none
  std::size_t connections_max = 0;
  std::size_t inbox_max = 0;
  std::string version;
};

/// The same in Prometheus' text format. Pure. Labels are words of our own, never
/// a tenant, a user or a room: their number is bounded, and they are nobody's
/// business who only looks after the server.
std::string exposition(const Readings& readings);

}  // namespace callstate::tools
