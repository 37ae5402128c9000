#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "core/call/ids.hpp"

namespace callstate::tools {

/// `2026-11-23 01:02:03.004`, UTC.
std::string write_time(call::Time time);
/// Its parts: `2026-11-23` and `01:02:03.004`.
std::string write_day(call::Time time);
std::string write_clock(call::Time time);

/// RFC 3339, `2026-11-23T01:02:03.5Z` or with an offset such as `+01:00`; a
/// space may stand for the T. The failure is a sentence.
std::expected<call::Time, std::string> parse_time(std::string_view text);

/// The same, or before `now`: `now`, `-90s`, `-1h30m`, `now-2h`.
std::expected<call::Time, std::string> parse_time(std::string_view text, call::Time now);

/// A point in a log.
using At = std::variant<call::Position, call::Time>;

/// A position (digits) or a time.
std::expected<At, std::string> parse_at(std::string_view text);
/// The same, or a time before `now` as above.
std::expected<At, std::string> parse_at(std::string_view text, call::Time now);

}  // namespace callstate::tools
