#include "tools/callstate/report/times.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

#include "tools/callstate/report/durations.hpp"
#include "transports/json_concat.hpp"
#include "transports/text_values.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

using std::chrono::days;
using std::chrono::floor;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

template <class... Numbers>
std::string print(const char* format, Numbers... numbers) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), format, numbers...);
  return {text.data(), static_cast<std::size_t>(size)};
}

/// How long before now, where that is how the time is given.
std::optional<std::expected<call::Duration, std::string>> parse_before(std::string_view text) {
  constexpr std::string_view now = "now";
  if (text == now) return call::Duration(0);
  if (text.starts_with(now)) text.remove_prefix(now.size());
  if (!text.starts_with('-')) return std::nullopt;
  return parse_duration(text.substr(1));
}

}  // namespace

std::string write_day(call::Time time) {
  const std::chrono::year_month_day date(floor<days>(time));
  return print("%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
               static_cast<unsigned>(date.day()));
}

std::string write_clock(call::Time time) {
  const auto of_day = floor<std::chrono::milliseconds>(time - floor<days>(time));
  const auto ms = static_cast<int>(of_day.count());
  return print("%02d:%02d:%02d.%03d", ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60,
               ms % 1'000);
}

std::string write_time(call::Time time) {
  return write_day(time) + " " + write_clock(time);
}

std::expected<call::Time, std::string> parse_time(std::string_view text) {
  if (const auto time = transports::parse_time(text)) return *time;
  const std::string sentence = concat("\"", text, "\" is no time");
  // The commonest slip: there is no telling which zone was meant.
  if (transports::parse_time(std::string(text) + "Z")) {
    return std::unexpected(concat(sentence, " without a zone: write ", text,
                                  "Z for UTC, or an offset such as +01:00"));
  }
  return std::unexpected(sentence + " (write 2026-11-23T01:02:03Z)");
}

std::expected<call::Time, std::string> parse_time(std::string_view text, call::Time now) {
  if (const auto before = parse_before(text)) {
    if (!*before) return std::unexpected(before->error());
    return now - **before;
  }
  auto time = parse_time(text);
  if (!time && !transports::parse_time(std::string(text) + "Z")) {
    return std::unexpected(concat("\"", text,
                                  "\" is no time (write 2026-11-23T01:02:03Z, or -2h for two hours "
                                  "before now)"));
  }
  return time;
}

std::expected<At, std::string> parse_at(std::string_view text, call::Time now) {
  if (const auto before = parse_before(text)) {
    if (!*before) return std::unexpected(before->error());
    return now - **before;
  }
  return parse_at(text);
}

std::expected<At, std::string> parse_at(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_digit)) {
    const auto position = transports::parse_number(text);
    if (!position || *position == 0) {
      return std::unexpected(concat("\"", text, "\" is no position: they begin at 1"));
    }
    return *position;
  }
  auto time = parse_time(text);
  if (!time && transports::parse_time(std::string(text) + "Z"))
    return std::unexpected(time.error());
  if (!time) {
    return std::unexpected(concat("\"", text,
                                  "\" is neither a position nor a time (write 1234, or "
                                  "2026-11-23T01:02:03Z)"));
  }
  return *time;
}

}  // namespace callstate::tools
