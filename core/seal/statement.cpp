#include "core/seal/statement.hpp"

namespace callstate::seal {
namespace {

void put(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append(1, ' ').append(value).append(1, '\n');
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text.push_back(digits[byte >> 4U]);
    text.push_back(digits[byte & 0x0FU]);
  }
  return text;
}

std::string statement(const call::Sealed& sealed, call::Time at) {
  std::string text = "callstate seal 1\n";
  put(text, "log", sealed.log_id);
  put(text, "first", std::to_string(sealed.first));
  put(text, "last", std::to_string(sealed.last));
  put(text, "records", std::to_string(sealed.last - sealed.first + 1));
  put(text, "root", to_hex(sealed.root));
  put(text, "previous-seal", std::to_string(sealed.previous_seal));
  put(text, "previous-hash", to_hex(sealed.previous));
  put(text, "microseconds", std::to_string(at.time_since_epoch().count()));
  put(text, "key", to_hex(sealed.key));
  return text;
}

bool well_formed(const call::Sealed& sealed, call::Position position) {
  return sealed.first >= 1 && sealed.first <= sealed.last && sealed.last < position &&
         sealed.previous_seal < position && call::parse_call_id(sealed.log_id).has_value();
}

}  // namespace callstate::seal
