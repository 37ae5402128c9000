#pragma once

#include <cstdint>
#include <expected>
#include <functional>

#include "core/engine/beginning.hpp"
#include "core/engine/ports.hpp"

namespace callstate::engine {

/// What a log is to be without.
struct RetentionRequest {
  /// What was recorded before it goes.
  call::Time older_than{};
  /// No position beyond this one goes, however old.
  call::Position cut_max = ~call::Position{0};
  /// Records that stay, however old. Empty: none but those of live calls.
  std::function<bool(const call::Record&)> is_kept{};
};

/// Where the log would begin then. Nothing would go where that is where it begins now.
struct Retention {
  Beginning beginning;
  std::uint64_t records = 0;  // that go
  std::uint64_t calls = 0;    // likewise, each with all its records
  std::uint64_t live = 0;     // calls that stay, with all their records, for being live at the cut
  call::Time cut_at{};        // of the last record that goes
  /// Records that are as old and stay for the log's seals: under one with younger
  /// ones, or not sealed yet.
  std::uint64_t held = 0;
  bool unsealed = false;  // the latter
};

/// Whether a record stays in any log, however old: what the server itself says of the
/// log as a whole, and nobody can say again.
bool is_kept_always(const call::Record& record);

/// Reads the whole log of a stopped server, some of it several times, and changes
/// nothing. The last record of a log always stays. A log with seals is cut where one of
/// them ends, so that each covers nothing but what goes, what was kept of before, or what
/// is there as a whole; and the next is over what comes then.
std::expected<Retention, Failure> plan_retention(const LogReader& log,
                                                 const RetentionRequest& request);

}  // namespace callstate::engine
