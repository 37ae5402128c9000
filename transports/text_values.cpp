#include "transports/text_values.hpp"

#include <charconv>
#include <chrono>

namespace callstate::transports {
namespace {

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

}  // namespace

std::optional<call::Time> parse_time(std::string_view text) {
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

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || read != end || number > max) return std::nullopt;
  return number;
}

}  // namespace callstate::transports
