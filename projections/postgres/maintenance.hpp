#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/ports.hpp"
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

struct Progress {
  enum class Step : std::uint8_t {
    folding,    // `done` and `total` are positions
    comparing,  // within PostgreSQL, which tells nothing of how far it is
    replacing,  // likewise
  };
  Step step = Step::folding;
  call::Position done = 0;
  call::Position total = 0;
  double records_per_second = 0;  // since this run began
};
/// False: stop here, to go on another time.
using OnProgress = std::function<bool(const Progress&)>;

struct RebuildOptions {
  /// Replace rows that are of another log. Without it they are refused.
  bool take_over = false;
  /// Records of the log that are folded between two commits and calls of OnProgress.
  std::size_t batch_records = 10'000;
};

struct Rebuilt {
  bool finished = false;        // false: OnProgress has stopped it, nothing was replaced
  call::Position position = 0;  // that the rows are at
  std::uint64_t replaced = 0;   // rows that were wrong, one too many, or missing
};

/// Folds the whole log anew, and brings the rows to that in one transaction: until it
/// commits readers see all of the old, then all of the new. What is right already is
/// not touched, and the tables stay the same ones, with whatever hangs on them. A
/// server that keeps the rows goes on meanwhile, and waits while calls are compared.
std::expected<Rebuilt, history::Trouble> rebuild(const Settings& settings, const Source& source,
                                                 const RebuildOptions& options,
                                                 const OnProgress& on_progress);

/// One thing that a row says and the log does not, or the other way round.
struct Drift {
  enum class Kind : std::uint8_t { missing, extra, differs };
  Kind kind = Kind::differs;
  std::string table;            // `CallLog` or `CallEvent`
  call::CallId call;            // empty: the event is of none
  call::Position position = 0;  // of the event; 0: the row is a call's
  std::string column;           // of what differs; else empty
  std::string expected;         // by the log, as text; empty for NULL
  std::string found;
};
/// `missing`, `extra`, `differs`.
std::string_view name_of(Drift::Kind kind);

struct VerifyOptions {
  /// Brings the rows of what has drifted to what the log says.
  bool repair = false;
  std::size_t batch_records = 10'000;
  /// Rows that are listed (and repaired), at most.
  std::size_t drift_max = 1'000;
};

struct Verified {
  bool finished = false;        // false: OnProgress has stopped it
  call::Position position = 0;  // that was compared
  std::uint64_t calls = 0;      // that the log has
  std::uint64_t events = 0;
  std::vector<Drift> drift;    // calls first, then events by position; a row may have several
  bool more = false;           // there is more drift than was listed
  std::uint64_t repaired = 0;  // rows that were wrong, one too many, or missing
};

/// Compares every row with what the log says, up to where the rows are.
std::expected<Verified, history::Trouble> verify(const Settings& settings, const Source& source,
                                                 const VerifyOptions& options,
                                                 const OnProgress& on_progress);

}  // namespace callstate::projections::postgres
