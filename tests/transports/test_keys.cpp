#include "test_keys.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <vector>

#include "transports/jwt_base64.hpp"

namespace callstate::transports::testing {
namespace {

std::string bytes_of(const std::vector<unsigned char>& bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string number(EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  EVP_PKEY_get_bn_param(key, name, &value);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, bytes.data());
  BN_free(value);
  return bytes_of(bytes);
}

/// ECDSA signatures are r and s in JOSE, and DER in OpenSSL.
std::string raw_signature(const std::vector<unsigned char>& der) {
  const unsigned char* at = der.data();
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::vector<unsigned char> raw(64);
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw.data(), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw.data() + 32, 32);
  ECDSA_SIG_free(signature);
  return bytes_of(raw);
}

}  // namespace

TestKey TestKey::rsa(unsigned bits) {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{bits}), false};
}
TestKey TestKey::ec(const char* curve) {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), true};
}

std::string TestKey::jwk(std::string_view kid, std::string_view more) const {
  std::string text;
  if (is_ec_) {
    std::array<unsigned char, 256> point;
    std::size_t size = 0;
    EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                    &size);
    const std::string all(point.begin(), point.begin() + static_cast<std::ptrdiff_t>(size));
    const std::size_t half = (size - 1) / 2;
    text = R"({"kty":"EC","crv":")" + std::string(half == 32 ? "P-256" : "P-384") + R"(","x":")" +
           encode_base64url(all.substr(1, half)) + R"(","y":")" +
           encode_base64url(all.substr(1 + half)) + '"';
  } else {
    text = R"({"kty":"RSA","n":")" + encode_base64url(number(key_.get(), OSSL_PKEY_PARAM_RSA_N)) +
           R"(","e":")" + encode_base64url(number(key_.get(), OSSL_PKEY_PARAM_RSA_E)) + '"';
  }
  if (!kid.empty()) text += R"(,"kid":")" + std::string(kid) + '"';
  return text + std::string(more) + '}';
}

std::string TestKey::pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key_.get());
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(BIO_read(bio, text.data(), static_cast<int>(text.size()))));
  BIO_free(bio);
  return text;
}

std::string TestKey::sign(std::string_view header, std::string_view payload) const {
  const std::string signed_part = encode_base64url(header) + '.' + encode_base64url(payload);
  const auto* data = reinterpret_cast<const unsigned char*>(signed_part.data());
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get());
  std::size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, data, signed_part.size());
  std::vector<unsigned char> signature(size);
  EVP_DigestSign(context, signature.data(), &size, data, signed_part.size());
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return signed_part + '.' +
         encode_base64url(is_ec_ ? raw_signature(signature) : bytes_of(signature));
}

std::string key_set(std::initializer_list<std::string> keys) {
  std::string text = R"({"keys":[)";
  for (const std::string& key : keys) {
    if (text.back() != '[') text += ',';
    text += key;
  }
  return text + "]}";
}

}  // namespace callstate::transports::testing
