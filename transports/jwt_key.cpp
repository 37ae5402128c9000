#include "transports/jwt_key.hpp"

#include <cjose/cjose.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <utility>

#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"
#include "transports/jwt_base64.hpp"

namespace callstate::transports {
namespace {

constexpr std::array<std::string_view, 3> algorithm_names{"HS256", "RS256", "ES256"};
constexpr std::array<std::string_view, 3> key_names{"shared secret", "RSA key", "EC key"};
constexpr std::size_t rsa_modulus_bytes_min = 256;
constexpr std::size_t rsa_modulus_bytes_max = 1024;
constexpr std::size_t coordinate_bytes = 32;
constexpr std::size_t hs256_signature_bytes = 32;
constexpr std::size_t es256_signature_bytes = 64;

struct ReleaseKey {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
using Key = std::unique_ptr<cjose_jwk_t, ReleaseKey>;

struct ReleaseSignature {
  void operator()(cjose_jws_t* signature) const { cjose_jws_release(signature); }
};
using Signature = std::unique_ptr<cjose_jws_t, ReleaseSignature>;

/// Failed OpenSSL calls leave entries in the thread's queue, where whoever does
/// TLS on this thread next would take them for its own.
struct ClearOpenSslErrors {
  ClearOpenSslErrors() = default;
  ClearOpenSslErrors(const ClearOpenSslErrors&) = delete;
  ClearOpenSslErrors& operator=(const ClearOpenSslErrors&) = delete;
  ~ClearOpenSslErrors() { ERR_clear_error(); }
};

std::string_view text_of(const JsonValue& object, std::string_view field) {
  const JsonValue* value = object.find(field);
  return value != nullptr && value->kind == JsonKind::string ? value->text : std::string_view();
}

/// The bytes of a base64url member; empty when it is missing or not that.
std::string bytes_of(const JsonValue& object, std::string_view field) {
  return decode_base64url(text_of(object, field)).value_or(std::string());
}

/// Why the key may not verify, or empty.
std::string_view forbidden(const JsonValue& jwk, JwsAlgorithm algorithm) {
  if (jwk.find("use") != nullptr && text_of(jwk, "use") != "sig") return "its use is not sig";
  if (jwk.find("alg") != nullptr && text_of(jwk, "alg") != name_of(algorithm)) {
    return "its alg does not fit its kty";
  }
  if (const JsonValue* operations = jwk.find("key_ops")) {
    const bool may = std::any_of(operations->begin(), operations->end(), [](const JsonValue& each) {
      return each.kind == JsonKind::string && each.text == "verify";
    });
    if (!may) return "its key_ops do not hold verify";
  }
  return {};
}

/// The members of the public key as a JWK of its own.
std::string public_jwk(std::string_view kty, const JsonValue& jwk,
                       std::initializer_list<std::string_view> fields) {
  std::string text;
  JsonWriter to(text);
  to.begin_object();
  to.text("kty", kty);
  for (const std::string_view field : fields) to.text(field, text_of(jwk, field));
  to.end_object();
  return text;
}

std::unexpected<std::string> unusable(std::string_view why) {
  return std::unexpected(std::string(why));
}

}  // namespace

struct VerificationKey::Impl {
  Key key;
  JwsAlgorithm algorithm;
  std::size_t signature_bytes;
  std::string kid;
};

std::string_view name_of(JwsAlgorithm algorithm) {
  return algorithm_names[static_cast<std::size_t>(algorithm)];
}

std::string_view key_name_of(JwsAlgorithm algorithm) {
  return key_names[static_cast<std::size_t>(algorithm)];
}

std::optional<JwsAlgorithm> parse_algorithm(std::string_view name) {
  const auto* found = std::ranges::find(algorithm_names, name);
  if (found == algorithm_names.end()) return std::nullopt;
  return static_cast<JwsAlgorithm>(found - algorithm_names.begin());
}

std::expected<VerificationKey, std::string> VerificationKey::from_secret(std::string_view secret) {
  if (secret.empty()) return unusable("the shared secret is empty");
  const ClearOpenSslErrors clear;
  Key key(cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(secret.data()),
                                    secret.size(), nullptr));
  if (!key) return unusable("the shared secret could not be taken");
  return VerificationKey(std::make_shared<const Impl>(
      Impl{std::move(key), JwsAlgorithm::hs256, hs256_signature_bytes, {}}));
}

std::expected<VerificationKey, std::string> VerificationKey::from_jwk(const JsonValue& jwk) {
  const std::string_view kty = text_of(jwk, "kty");
  JwsAlgorithm algorithm{};
  std::size_t signature_bytes = 0;
  std::string text;
  if (kty == "RSA") {
    algorithm = JwsAlgorithm::rs256;
    signature_bytes = bytes_of(jwk, "n").size();
    if (signature_bytes < rsa_modulus_bytes_min || signature_bytes > rsa_modulus_bytes_max) {
      return unusable("its modulus n is missing, malformed, or not of 2048 to 8192 bits");
    }
    if (bytes_of(jwk, "e").empty()) return unusable("its exponent e is missing or malformed");
    text = public_jwk(kty, jwk, {"n", "e"});
  } else if (kty == "EC") {
    algorithm = JwsAlgorithm::es256;
    signature_bytes = es256_signature_bytes;
    if (text_of(jwk, "crv") != "P-256") return unusable("its crv is not P-256");
    if (bytes_of(jwk, "x").size() != coordinate_bytes ||
        bytes_of(jwk, "y").size() != coordinate_bytes) {
      return unusable("its coordinates x and y are missing or malformed");
    }
    text = public_jwk(kty, jwk, {"crv", "x", "y"});
  } else if (kty == "oct") {
    algorithm = JwsAlgorithm::hs256;
    signature_bytes = hs256_signature_bytes;
    if (text_of(jwk, "alg").empty()) return unusable("its alg does not say HS256");
    if (bytes_of(jwk, "k").empty()) return unusable("its value k is missing or malformed");
    text = public_jwk(kty, jwk, {"k"});
  } else {
    return unusable("its kty is none of RSA, EC, oct");
  }
  if (const auto why = forbidden(jwk, algorithm); !why.empty()) return unusable(why);

  const ClearOpenSslErrors clear;
  Key key(cjose_jwk_import(text.data(), text.size(), nullptr));
  if (!key) return unusable("its numbers are no valid key");
  return VerificationKey(std::make_shared<const Impl>(
      Impl{std::move(key), algorithm, signature_bytes, std::string(text_of(jwk, "kid"))}));
}

std::string_view VerificationKey::kid() const {
  return impl_->kid;
}
JwsAlgorithm VerificationKey::algorithm() const {
  return impl_->algorithm;
}

bool VerificationKey::verify(std::string_view token, std::size_t signature_bytes) const {
  if (signature_bytes != impl_->signature_bytes) return false;
  const ClearOpenSslErrors clear;
  const Signature signature(cjose_jws_import(token.data(), token.size(), nullptr));
  return signature && cjose_jws_verify(signature.get(), impl_->key.get(), nullptr);
}

}  // namespace callstate::transports
