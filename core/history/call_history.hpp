#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "core/history/rows.hpp"

namespace callstate::history {

/// The fold of the log into the history of its calls. Pure and total, like
/// `evolve`: no clock, no I/O; what it has not been told of a call it leaves out.
/// It holds the live calls and what has changed since the last `take`. One thread.
class CallHistory {
 public:
  CallHistory() = default;
  /// As of a position: with the calls that were live there.
  explicit CallHistory(std::span<const CallRow> live);

  /// The next record of the log. Those of users' streams and of the server's own
  /// change nothing but the position.
  void add(const call::Record& record);

  /// What was added since the last time; nothing of it is kept but live calls.
  Changes take();

  /// Rows that `take` would give.
  [[nodiscard]] std::size_t size() const;
};

}  // namespace callstate::history
