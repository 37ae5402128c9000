#pragma once

#include <chrono>

namespace callstate::transports {

class IoThread;

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

}  // namespace callstate::transports
