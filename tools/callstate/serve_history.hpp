#pragma once

#include <spdlog/logger.h>

#include <filesystem>
#include <memory>
#include <random>

#include "core/engine/ports.hpp"
#include "projections/history_projection.hpp"
#include "projections/runner.hpp"
#include "storage/call_index.hpp"
#include "storage/store.hpp"
#include "tools/callstate/metrics/exposition.hpp"

namespace callstate::tools {

/// The history of calls that a server keeps beside its log, and what brings it up to
/// the log. The store and the clock outlive it.
class ServedHistory {
 public:
  ServedHistory(storage::Store& store, const std::filesystem::path& data_dir,
                const engine::Clock& clock, std::shared_ptr<spdlog::logger> log);

  /// Follows the log from now on. Once.
  void start() { runner_.start(); }
  void stop() { runner_.stop(); }

  /// Any thread.
  [[nodiscard]] const history::HistoryReader& reader() const { return index_; }
  [[nodiscard]] ProjectionStatuses statuses() const { return {runner_.status()}; }

 private:
  std::mt19937_64 random_{std::random_device()()};
  storage::CallIndex index_;
  projections::HistoryProjection projection_{"index", index_};
  projections::Runner runner_;
};

}  // namespace callstate::tools
