#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace callstate::transports {

/// Where log lines go. Lines hold session ids, user ids, addresses and reasons;
/// never a token, a message's content or a person's name.
struct Logger {
  enum class Level : std::uint8_t { debug, info, warning, error };
  /// Called from the transports' threads, several at a time. Empty: no log.
  std::function<void(Level, std::string_view)> write;

  void operator()(Level level, std::string_view line) const {
    if (write) write(level, line);
  }
};

}  // namespace callstate::transports
