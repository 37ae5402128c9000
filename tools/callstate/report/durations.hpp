#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/call/ids.hpp"

namespace callstate::tools {

/// `250ms`, `45s`, `1.5h`, `1h30m`: decimal numbers with a unit each, units
/// being us, ms, s, m, h and d. Zero may go without a unit. The failure is a
/// sentence that quotes the text and shows what would be right.
std::expected<call::Duration, std::string> parse_duration(std::string_view text);

/// The shortest text that `parse_duration` reads back as the same duration, for
/// example in a help text: `45s`, `1h30m`, `250ms`.
std::string write_duration(call::Duration duration);

/// For people, three significant places at most: `3.2 s`, `42 s`, `1 h 02 min`.
std::string describe_duration(call::Duration duration);

}  // namespace callstate::tools
