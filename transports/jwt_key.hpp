#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transports/json_document.hpp"

namespace callstate::transports {

enum class JwsAlgorithm : std::uint8_t { hs256, rs256, es256 };
/// `HS256` …
std::string_view name_of(JwsAlgorithm algorithm);
std::optional<JwsAlgorithm> parse_algorithm(std::string_view name);
/// What its keys are called: `shared secret`, `RSA key`, `EC key`.
std::string_view key_name_of(JwsAlgorithm algorithm);

/// A key that verifies signatures of exactly one algorithm: the key says which,
/// never the token. Immutable; copies share it; any thread.
class VerificationKey {
 public:
  /// HS256 with these bytes; fails when there are none. RFC 7518 asks for at
  /// least `secret_bytes_min`, which is left to whoever configures it.
  static std::expected<VerificationKey, std::string> from_secret(std::string_view secret);
  static constexpr std::size_t secret_bytes_min = 32;

  /// A JSON Web Key: RSA of 2048 bits or more (RS256), EC on P-256 (ES256), or
  /// `oct` with `alg` HS256. Respects `use`, `key_ops` and `alg`; takes public
  /// parts only. The failure says why the key is of no use here, without any
  /// part of it.
  static std::expected<VerificationKey, std::string> from_jwk(const JsonValue& jwk);

  /// Empty: none.
  [[nodiscard]] std::string_view kid() const;
  [[nodiscard]] JwsAlgorithm algorithm() const;

  /// Whether the signature of `token`, a JWS in compact form whose header names
  /// this key's algorithm, is this key's. `signature_bytes` is the length of the
  /// decoded signature.
  [[nodiscard]] bool verify(std::string_view token, std::size_t signature_bytes) const;

 private:
  struct Impl;
  explicit VerificationKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<const Impl> impl_;
};

using KeySet = std::vector<VerificationKey>;

/// Where keys come from. Any thread; never blocks on I/O.
class KeySource {
 public:
  virtual ~KeySource() = default;
  /// The keys known now; never null.
  [[nodiscard]] virtual std::shared_ptr<const KeySet> keys() const = 0;
  /// A token named a key that is not among them: the source may look again.
  /// Whether it is doing so now, so that asking again in a moment makes sense.
  virtual bool unknown_key_seen() = 0;
};

}  // namespace callstate::transports
