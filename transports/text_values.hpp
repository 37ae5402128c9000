#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/call/ids.hpp"

namespace callstate::transports {

// What people and programs write for a number or a time. Nothing for anything else.
// Pure.

/// A whole number of at most `max`: digits alone.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max = UINT64_MAX);

/// RFC 3339 with a zone: `2026-11-26T18:03:16.25Z`, a space for the `T` as well. What
/// is below a microsecond is cut off.
std::optional<call::Time> parse_time(std::string_view text);

}  // namespace callstate::transports
