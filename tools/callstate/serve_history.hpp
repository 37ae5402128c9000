#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/engine/ports.hpp"
#include "projections/history_projection.hpp"
#include "projections/runner.hpp"
#include "storage/call_index.hpp"
#include "storage/store.hpp"
#include "tools/callstate/maintenance.hpp"

namespace callstate::tools {

/// The history of calls that a server keeps beside its log, and what brings it up to
/// the log.
class ServedHistory {
 public:
  /// The store and what the ports refer to outlive it. `on_rebuild` is told why what
  /// there was is built anew.
  ServedHistory(storage::Store& store, const std::filesystem::path& data_dir,
                const projections::FollowerPorts& ports,
                std::function<void(const std::string&)> on_rebuild);

  /// Follows the log from now on. Once.
  void start() { runner_.start(); }
  void stop() { runner_.stop(); }

  /// Any thread.
  [[nodiscard]] const history::HistoryReader& reader() const { return index_; }
  [[nodiscard]] const storage::CallIndex& index() const { return index_; }
  [[nodiscard]] projections::Runner& runner() { return runner_; }
  [[nodiscard]] Maintenance& maintenance() { return maintenance_; }

 private:
  storage::CallIndex index_;
  projections::HistoryProjection projection_{"index", index_};
  projections::Runner runner_;
  IndexMaintenance maintenance_;
};

}  // namespace callstate::tools
