#include "transports/websocket_upgrade.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace callstate::transports {
namespace {

constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

OfferedProtocols read_protocols(std::string_view field) {
  constexpr std::string_view bearer = "bearer.";
  OfferedProtocols offered;
  while (!field.empty()) {
    const auto comma = field.find(',');
    const auto item = trim(field.substr(0, comma));
    field = comma == std::string_view::npos ? std::string_view{} : field.substr(comma + 1);
    if (item == subprotocol) {
      offered.callstate = true;
    } else if (item.starts_with(bearer) && !offered.token) {
      offered.token = item.substr(bearer.size());
    }
  }
  return offered;
}

std::optional<std::string> read_bearer(std::string_view field) {
  constexpr std::string_view scheme = "bearer ";
  if (field.size() < scheme.size()) return std::nullopt;
  if (!std::ranges::equal(field.substr(0, scheme.size()), scheme, {}, lower)) return std::nullopt;
  return std::string(trim(field.substr(scheme.size())));
}

bool is_websocket_key(std::string_view key) {
  // 16 bytes are 22 characters and two signs of padding.
  if (key.size() != 24 || !key.ends_with("==")) return false;
  return std::ranges::all_of(key.substr(0, 22), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  });
}

std::string accept_value(std::string_view key) {
  std::string text(key);
  text += handshake_guid;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return {encoded.begin(), encoded.begin() + length};
}

}  // namespace callstate::transports
