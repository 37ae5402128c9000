#pragma once

#include <expected>
#include <string>

#include "core/engine/ports.hpp"
#include "core/history/maintenance.hpp"
#include "core/history/ports.hpp"
#include "projections/postgres/settings.hpp"

// Making the rows anew from the log, and holding them against it. Both fold the log
// into tables beside those that readers read, with a checkpoint of their own, so that
// an interrupted run goes on where it was. Both may run beside a server that keeps
// the rows, one at a time. They block; any thread.

namespace callstate::projections::postgres {

/// What rows are made from.
struct Source {
  const engine::LogReader& log;
  std::string log_id;
  PayloadText payload;
};

using history::Drift;
using history::OnProgress;
using history::Progress;
using history::Rebuilt;
using history::Verified;

struct RebuildOptions {
  /// Replace rows that are of another log. Without it they are refused.
  bool take_over = false;
  /// Records of the log that are folded between two commits and calls of OnProgress.
  std::size_t batch_records = 10'000;
};

/// Folds the whole log anew, and brings the rows to that in one transaction: until it
/// commits readers see all of the old, then all of the new. What is right already is
/// not touched, and the tables stay the same ones, with whatever hangs on them. A
/// server that keeps the rows goes on meanwhile, and waits while calls are compared.
std::expected<Rebuilt, history::Trouble> rebuild(const Settings& settings, const Source& source,
                                                 const RebuildOptions& options,
                                                 const OnProgress& on_progress);

struct VerifyOptions {
  /// Brings the rows of what has drifted to what the log says.
  bool repair = false;
  std::size_t batch_records = 10'000;
  /// Rows that are listed (and repaired), at most.
  std::size_t drift_max = 1'000;
};

/// Compares every row with what the log says, up to where the rows are.
std::expected<Verified, history::Trouble> verify(const Settings& settings, const Source& source,
                                                 const VerifyOptions& options,
                                                 const OnProgress& on_progress);

}  // namespace callstate::projections::postgres
