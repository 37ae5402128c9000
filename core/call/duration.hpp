#pragma once

#include <cstdint>

#include "core/call/state.hpp"

namespace callstate::call {

/// Whole seconds from the answer to `now`, for a call that has been answered.
/// Never negative, even where the clock has stepped back.
std::uint32_t talked_s(const Room& room, Time now);

}  // namespace callstate::call
