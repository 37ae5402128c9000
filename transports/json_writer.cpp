#include "transports/json_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace callstate::transports {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view hex_digits = "0123456789abcdef";

constexpr std::uint8_t byte_of(char c) {
  return static_cast<std::uint8_t>(c);
}

// Bytes that cannot be copied as they are: controls, quote, backslash, and
// whatever is not ASCII, which has to be looked at.
constexpr auto special = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 256; ++i) table[i] = i < 0x20 || i >= 0x80 || i == '"' || i == '\\';
  return table;
}();

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (byte_of(text[at]) & 0xC0U) == 0x80U;
}

/// Bytes of the well-formed character that begins at `at`; 0 for none.
std::size_t character_bytes(std::string_view text, std::size_t at) {
  const std::uint8_t lead = byte_of(text[at]);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !continues(text, at + 1)) return 0;
  if (lead < 0xE0) return 2;
  const std::uint8_t second = byte_of(text[at + 1]);
  if (!continues(text, at + 2)) return 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (!continues(text, at + 3)) return 0;
  const bool overlong = lead == 0xF0 && second < 0x90;
  const bool beyond = lead == 0xF4 && second >= 0x90;
  return overlong || beyond ? 0 : 4;
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out.push_back(hex_digits[byte_of(c) >> 4U]);
      out.push_back(hex_digits[byte_of(c) & 0x0FU]);
  }
}

template <std::size_t Width>
char* put_digits(char* at, unsigned value) {
  for (std::size_t i = Width; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + Width;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t copied = 0;
  std::size_t at = 0;
  const auto copy_up_to_here = [&] { out.append(text, copied, at - copied); };
  while (at < text.size()) {
    if (!special[byte_of(text[at])]) {
      ++at;
      continue;
    }
    if (byte_of(text[at]) < 0x80) {
      copy_up_to_here();
      append_escape(out, text[at]);
      copied = ++at;
    } else if (const std::size_t bytes = character_bytes(text, at); bytes > 0) {
      at += bytes;
    } else {
      copy_up_to_here();
      out += replacement;
      copied = ++at;
    }
  }
  copy_up_to_here();
  out.push_back('"');
}

void append_time(std::string& out, call::Time time) {
  using namespace std::chrono;
  constexpr call::Time earliest = sys_days(year(0) / 1 / 1);
  constexpr call::Time latest = sys_days(year(10000) / 1 / 1) - microseconds(1);
  time = std::clamp(time, earliest, latest);
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const auto micros = static_cast<std::uint64_t>((time - day).count());
  const auto second = static_cast<unsigned>(micros / 1'000'000);
  std::array<char, 27> text;
  char* to = put_digits<4>(text.data(), static_cast<unsigned>(static_cast<int>(date.year())));
  *to++ = '-';
  to = put_digits<2>(to, static_cast<unsigned>(date.month()));
  *to++ = '-';
  to = put_digits<2>(to, static_cast<unsigned>(date.day()));
  *to++ = 'T';
  to = put_digits<2>(to, second / 3600);
  *to++ = ':';
  to = put_digits<2>(to, second / 60 % 60);
  *to++ = ':';
  to = put_digits<2>(to, second % 60);
  *to++ = '.';
  to = put_digits<6>(to, static_cast<unsigned>(micros % 1'000'000));
  *to = 'Z';
  out.append(text.data(), text.size());
}

std::string_view clip_utf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && continues(text, end)) --end;
  return text.substr(0, end);
}

std::string without_controls(std::string_view text, std::size_t bytes_max) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text, at);
    const std::string_view character = text.substr(at, std::max<std::size_t>(bytes, 1));
    at += character.size();
    const std::uint8_t lead = byte_of(character.front());
    const bool control =
        lead < 0x20 || lead == 0x7F || (lead == 0xC2 && bytes == 2 && byte_of(character[1]) < 0xA0);
    if (bytes == 0 || control) continue;
    if (kept.size() + bytes > bytes_max) break;
    kept += character;
  }
  return kept;
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string made(text.substr(0, bytes_max));
  std::ranges::replace_if(made, [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return made;
}

void JsonWriter::number(std::string_view key, std::uint64_t value) {
  begin_member(key);
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out_.append(digits.data(), end);
}

void JsonWriter::time(std::string_view key, call::Time value) {
  begin_member(key);
  out_.push_back('"');
  append_time(out_, value);
  out_.push_back('"');
}

}  // namespace callstate::transports
