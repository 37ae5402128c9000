#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace callstate::transports {

/// For a line of the log that would otherwise be written again and again: the
/// first time it is due at once, after that once an interval. One thread at a
/// time.
class LogThrottle {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit LogThrottle(std::chrono::milliseconds interval) : interval_(interval) {}

  /// It has happened. Gives how often since the last line, this time included,
  /// when a line is due; else nothing.
  std::optional<std::size_t> happened(Time now) {
    ++times_;
    if (last_ && now - *last_ < interval_) return std::nullopt;
    last_ = now;
    const auto times = times_;
    times_ = 0;
    return times;
  }

 private:
  std::chrono::milliseconds interval_;
  std::optional<Time> last_;
  std::size_t times_ = 0;
};

}  // namespace callstate::transports
