#include "transports/jwt_mint.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "transports/json_writer.hpp"
#include "transports/jwt_base64.hpp"

namespace callstate::transports {
namespace {

std::uint64_t whole_seconds(call::Time time) {
  return static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

}  // namespace

std::string sign_hs256(std::string_view secret, std::string_view header, std::string_view payload) {
  std::string token = encode_base64url(header);
  token.push_back('.');
  token += encode_base64url(payload);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data(), &size);
  token.push_back('.');
  token += encode_base64url({reinterpret_cast<const char*>(digest.data()), size});
  return token;
}

std::string mint_token(std::string_view secret, const MintClaims& claims) {
  std::string payload;
  JsonWriter to(payload);
  to.begin_object();
  to.text("sub", claims.user);
  to.number("iat", whole_seconds(claims.issued));
  to.number("exp", whole_seconds(claims.expires));
  if (!claims.audience.empty()) to.text("aud", claims.audience);
  if (!claims.issuer.empty()) to.text("iss", claims.issuer);
  to.begin_object("app_metadata");
  to.text("tenant_id", claims.tenant);
  to.text("user_role", name_of(claims.role));
  to.end_object();
  if (!claims.name.empty()) {
    to.begin_object("user_metadata");
    to.text("name", claims.name);
    to.end_object();
  }
  to.end_object();
  return sign_hs256(secret, R"({"alg":"HS256","typ":"JWT"})", payload);
}

}  // namespace callstate::transports
