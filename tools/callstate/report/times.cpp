#include "tools/callstate/report/times.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>

#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes texts apart from the left; once something does not fit, nothing does.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  /// Exactly `count` digits.
  int digits(std::size_t count) {
    int value = 0;
    if (rest_.size() < count) good_ = false;
    for (std::size_t i = 0; good_ && i < count; ++i) {
      good_ = is_digit(rest_[i]);
      value = value * 10 + (rest_[i] - '0');
    }
    if (good_) rest_.remove_prefix(count);
    return value;
  }
  bool take(std::string_view one_of) {
    if (!good_ || rest_.empty() || one_of.find(rest_.front()) == one_of.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(std::string_view one_of) { good_ = take(one_of) && good_; }

  /// Digits after the point; those below a microsecond are cut off.
  microseconds fraction() {
    std::int64_t value = 0;
    std::int64_t unit = 100'000;
    if (rest_.empty() || !is_digit(rest_.front())) good_ = false;
    for (; good_ && !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1)) {
      value += unit * (rest_.front() - '0');
      unit /= 10;
    }
    return microseconds(value);
  }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::optional<call::Time> scan_time(std::string_view text) {
  Scanner scan(text);
  const std::chrono::year year{scan.digits(4)};
  scan.need("-");
  const std::chrono::month month{static_cast<unsigned>(scan.digits(2))};
  scan.need("-");
  const std::chrono::day day{static_cast<unsigned>(scan.digits(2))};
  scan.need("Tt ");
  const int hour = scan.digits(2);
  scan.need(":");
  const int minute = scan.digits(2);
  scan.need(":");
  const int second = scan.digits(2);
  microseconds part{0};
  if (scan.take(".")) part = scan.fraction();
  minutes offset{0};
  if (!scan.take("Zz")) {
    const bool east = scan.take("+");
    if (!east) scan.need("-");
    const int offset_hours = scan.digits(2);
    scan.need(":");
    const int offset_minutes = scan.digits(2);
    if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset = hours(offset_hours) + minutes(offset_minutes);
    if (!east) offset = -offset;
  }
  const std::chrono::year_month_day date = year / month / day;
  if (!scan.done() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + part -
         offset;
}

template <class... Numbers>
std::string print(const char* format, Numbers... numbers) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), format, numbers...);
  return {text.data(), static_cast<std::size_t>(size)};
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
  if (const auto time = scan_time(text)) return *time;
  const std::string sentence = concat("\"", text, "\" is no time");
  // The commonest slip: there is no telling which zone was meant.
  if (scan_time(std::string(text) + "Z")) {
    return std::unexpected(concat(sentence, " without a zone: write ", text,
                                  "Z for UTC, or an offset such as +01:00"));
  }
  return std::unexpected(sentence + " (write 2026-11-23T01:02:03Z)");
}

std::expected<At, std::string> parse_at(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_digit)) {
    call::Position position = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), position);
    if (fault != std::errc() || position == 0) {
      return std::unexpected(concat("\"", text, "\" is no position: they begin at 1"));
    }
    return position;
  }
  auto time = parse_time(text);
  if (!time && scan_time(std::string(text) + "Z")) return std::unexpected(time.error());
  if (!time) {
    return std::unexpected(concat("\"", text,
                                  "\" is neither a position nor a time (write 1234, or "
                                  "2026-11-23T01:02:03Z)"));
  }
  return *time;
}

}  // namespace callstate::tools
