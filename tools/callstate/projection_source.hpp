#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "tools/callstate/log_source.hpp"
#include "tools/callstate/report/projection_view.hpp"
#include "tools/callstate/report/trouble.hpp"
#include "tools/callstate/serve_settings.hpp"

namespace callstate::tools {

/// The projections of a running server, or what there is of them beside a log that no
/// server uses. One thread.
class ProjectionSource {
 public:
  virtual ~ProjectionSource() = default;

  virtual std::expected<std::vector<ProjectionView>, Trouble> list() = 0;

  /// Does it to its end, or until `on_progress` says false; gives what came of it.
  /// `option`: to take over, to repair.
  virtual std::expected<Job, Trouble> run(const std::string& name, JobKind kind, bool option,
                                          const history::OnProgress& on_progress) = 0;

  virtual std::expected<void, Trouble> skip(const std::string& name, call::Position position,
                                            const std::string& reason) = 0;
};

/// The running server's that `log` names.
std::expected<std::unique_ptr<ProjectionSource>, Trouble> open_served(const LogOptions& log);

/// Those beside a stopped log: its index, and the rows in PostgreSQL that `postgres`
/// names, if it does.
std::expected<std::unique_ptr<ProjectionSource>, Trouble> open_stopped(
    const LogOptions& log, const PostgresOptions& postgres);

}  // namespace callstate::tools
