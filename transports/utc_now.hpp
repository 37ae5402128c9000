#pragma once

#include <chrono>

#include "core/call/ids.hpp"

// Private to transports.

namespace callstate::transports {

/// By the machine's clock: what tokens are held against.
inline call::Time utc_now() {
  return std::chrono::time_point_cast<call::Duration>(std::chrono::system_clock::now());
}

}  // namespace callstate::transports
