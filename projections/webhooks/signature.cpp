#include "projections/webhooks/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <optional>

namespace callstate::projections {
namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t key_bytes_min = 24;
constexpr std::size_t key_bytes_max = 64;

unsigned char* writable(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
const unsigned char* readable(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string encode_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(writable(text), readable(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

/// With or without the `=` at its end.
std::optional<std::string> decode_base64(std::string_view text) {
  std::string padded(text.substr(0, text.find_last_not_of('=') + 1));
  const auto size = padded.size();
  if (size % 4 == 1 || padded.find_first_of("= \t\r\n") != padded.npos) return std::nullopt;
  padded.append((4 - size % 4) % 4, '=');
  std::string bytes(padded.size() / 4 * 3, '\0');
  const int decoded =
      EVP_DecodeBlock(writable(bytes), readable(padded), static_cast<int>(padded.size()));
  if (decoded < 0) return std::nullopt;
  bytes.resize(size * 3 / 4);
  return bytes;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), readable(text), text.size(),
       made.data(), &size);
  return {reinterpret_cast<const char*>(made.data()), size};
}

}  // namespace

std::expected<std::vector<SigningKey>, std::string> parse_signing_secrets(std::string_view text) {
  constexpr std::string_view between = ", \t\r\n";
  std::vector<SigningKey> keys;
  for (auto at = text.find_first_not_of(between); at != text.npos;
       at = text.find_first_not_of(between, at)) {
    const auto end = std::min(text.find_first_of(between, at), text.size());
    auto secret = text.substr(at, end - at);
    at = end;
    if (!secret.starts_with(prefix)) {
      return std::unexpected(
          "a secret begins with whsec_: make one with `echo whsec_$(openssl rand -base64 32)`");
    }
    secret.remove_prefix(prefix.size());
    auto key = decode_base64(secret);
    if (!key) return std::unexpected("what comes after whsec_ is not base64");
    if (key->size() < key_bytes_min || key->size() > key_bytes_max) {
      return std::unexpected("a secret holds 24 to 64 bytes, and this one " +
                             std::to_string(key->size()) +
                             ": make one with `echo whsec_$(openssl rand -base64 32)`");
    }
    keys.push_back(*std::move(key));
  }
  return keys;
}

std::string sign(std::span<const SigningKey> keys, std::string_view id, std::int64_t timestamp_s,
                 std::string_view body) {
  std::string signed_text(id);
  signed_text.append(1, '.').append(std::to_string(timestamp_s)).append(1, '.').append(body);
  std::string header;
  for (const auto& key : keys) {
    if (!header.empty()) header += ' ';
    header.append("v1,").append(encode_base64(hmac_sha256(key, signed_text)));
  }
  return header;
}

}  // namespace callstate::projections
