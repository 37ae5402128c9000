#include "projections/postgres/jsonb.hpp"

#include <algorithm>
#include <charconv>

namespace callstate::projections::postgres {
namespace {

// Decimal digits that an exponent may add.
constexpr int exponent_max = 400;

/// Of a string that begins behind `at`: its closing quote. `odd` is set where it
/// has an escape by number, as U+0000 and half a surrogate pair do. Of other
/// characters compact JSON writes so only controls.
std::size_t end_of_string(std::string_view json, std::size_t at, bool& odd) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] != '\\') continue;
    odd |= json.substr(at + 1, 1) == "u";
    ++at;
  }
  return at;
}

bool in_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

bool is_odd_number(std::string_view number) {
  const auto exponent_at = number.find_first_of("eE");
  const auto mantissa = number.substr(0, exponent_at);
  if (mantissa.starts_with('-') && mantissa.find_first_of("123456789") == mantissa.npos) {
    return true;
  }
  if (exponent_at == number.npos) return false;
  auto digits = number.substr(exponent_at + 1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  return error != std::errc() || exponent > exponent_max || exponent < -exponent_max;
}

bool must_be_carried(std::string_view json) {
  bool odd = false;
  for (std::size_t at = 0; at < json.size() && !odd; ++at) {
    const char c = json[at];
    if (c == '"') {
      const auto begin = at + 1;
      at = end_of_string(json, at, odd);
      // Anywhere, as a name or a value: rare enough.
      odd |= json.substr(begin, at - begin) == carried_as_text;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const auto* end = std::find_if_not(json.begin() + at, json.end(), in_number);
      const auto number = json.substr(at, static_cast<std::size_t>(end - json.begin()) - at);
      odd = is_odd_number(number);
      at += number.size() - 1;
    }
  }
  return odd;
}

}  // namespace

void append_escaped(std::string& to, std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (byte < 0x20) {
      to.append("\\u00").push_back(hex[byte >> 4U]);
      to += hex[byte & 0x0FU];
    } else {
      to += c;
    }
  }
}

std::string as_jsonb(std::string_view json) {
  if (!must_be_carried(json)) return std::string(json);
  std::string made = "{\"";
  made.append(carried_as_text).append("\":\"");
  append_escaped(made, json);
  return made + "\"}";
}

}  // namespace callstate::projections::postgres
