#include <array>

#include "tools/callstate/evidence/evidence.hpp"

namespace callstate::tools {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto values = make_values();

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int have = 0;
  for (const char byte : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(byte);
    for (have += 8; have >= 6;) {
      have -= 6;
      text.push_back(alphabet[bits >> have & 0x3FU]);
    }
  }
  if (have > 0) text.push_back(alphabet[bits << (6 - have) & 0x3FU]);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::expected<std::string, std::string> from_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int have = 0;
  for (const char digit : text.substr(0, text.find('='))) {
    const int value = values[static_cast<unsigned char>(digit)];
    if (value < 0) return std::unexpected("it is not base64");
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes.push_back(static_cast<char>(bits >> have & 0xFFU));
  }
  // One text alone stands for some bytes.
  if (to_base64(bytes) != text) return std::unexpected("it is not base64");
  return bytes;
}

}  // namespace callstate::tools
