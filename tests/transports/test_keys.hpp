#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace callstate::transports::testing {

/// A key pair of the tests' own, made and used with OpenSSL alone.
class TestKey {
 public:
  static TestKey rsa(unsigned bits = 2048);
  static TestKey ec(const char* curve = "P-256");

  /// The public key as a JWK; `more` is further members, each with a comma.
  [[nodiscard]] std::string jwk(std::string_view kid, std::string_view more = "") const;
  /// The public key as PEM.
  [[nodiscard]] std::string pem() const;
  /// The compact form, signed with RS256 or ES256.
  [[nodiscard]] std::string sign(std::string_view header, std::string_view payload) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  TestKey(EVP_PKEY* key, bool is_ec) : key_(key), is_ec_(is_ec) {}

  std::unique_ptr<EVP_PKEY, Free> key_;
  bool is_ec_;
};

/// `{"keys":[…]}`
std::string key_set(std::initializer_list<std::string> keys);

}  // namespace callstate::transports::testing
