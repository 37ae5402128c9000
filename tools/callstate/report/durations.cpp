#include "tools/callstate/report/durations.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

struct Unit {
  std::string_view name;
  std::int64_t microseconds;
};

// Largest first, as they are written.
constexpr std::array<Unit, 6> units{{
    {"d", 86'400'000'000},
    {"h", 3'600'000'000},
    {"m", 60'000'000},
    {"s", 1'000'000},
    {"ms", 1'000},
    {"us", 1},
}};
// A century: more is a slip of the finger, and sums stay far from overflow.
constexpr std::int64_t microseconds_max = 100 * 366 * units[0].microseconds;

const Unit* find_unit(std::string_view name) {
  for (const auto& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::unexpected<std::string> no_duration(std::string_view text, std::string_view why) {
  return std::unexpected(
      concat("\"", text, "\" is no duration: ", why, " (write 250ms, 45s, 10m, 4h or 1d)"));
}

template <class... Numbers>
std::string print(const char* format, Numbers... numbers) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), format, numbers...);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::expected<call::Duration, std::string> parse_duration(std::string_view text) {
  if (text == "0") return call::Duration::zero();
  if (text.empty()) return no_duration(text, "it is empty");
  std::int64_t sum = 0;
  for (std::string_view rest = text; !rest.empty();) {
    double number = 0;
    const auto [end, fault] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (fault != std::errc() || std::signbit(number)) {
      return no_duration(text, concat("a number is expected at \"", rest, "\""));
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    std::size_t letters = 0;
    while (letters < rest.size() && is_letter(rest[letters])) ++letters;
    const std::string_view name = rest.substr(0, letters);
    const Unit* unit = find_unit(name);
    if (unit == nullptr) {
      return no_duration(text, name.empty() ? std::string("it has no unit")
                                            : concat("the unit \"", name, "\" is not known"));
    }
    rest.remove_prefix(letters);
    const double microseconds = number * static_cast<double>(unit->microseconds);
    if (!(microseconds <= static_cast<double>(microseconds_max - sum))) {
      return no_duration(text, "it is longer than a century");
    }
    sum += std::llround(microseconds);
  }
  return call::Duration(sum);
}

std::string write_duration(call::Duration duration) {
  std::int64_t rest = duration.count();
  std::string text;
  for (const auto& unit : units) {
    if (const auto count = rest / unit.microseconds; count != 0) {
      text += std::to_string(count) + std::string(unit.name);
      rest -= count * unit.microseconds;
    }
  }
  return text.empty() ? "0s" : text;
}

std::string describe_duration(call::Duration duration) {
  const std::int64_t us = duration.count();
  if (us == 0) return "0 s";
  if (us < 0) return concat("-", describe_duration(-duration));
  if (us < 1'000) return print("%d us", static_cast<int>(us));
  if (us < 1'000'000) return print("%d ms", static_cast<int>(us / 1'000));
  const std::int64_t seconds = us / 1'000'000;
  const auto tenths = static_cast<int>(us / 100'000 % 10);
  if (seconds < 10 && tenths != 0) return print("%d.%d s", static_cast<int>(seconds), tenths);
  if (seconds < 60) return print("%d s", static_cast<int>(seconds));
  const auto low = [&](std::int64_t unit) { return static_cast<int>(seconds / unit % 60); };
  if (seconds < 3'600) return print("%d min %02d s", low(60), low(1));
  if (seconds < 86'400) return print("%d h %02d min", static_cast<int>(seconds / 3'600), low(60));
  return print("%d d %02d h", static_cast<int>(seconds / 86'400),
               static_cast<int>(seconds / 3'600 % 24));
}

}  // namespace callstate::tools
