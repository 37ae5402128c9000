// Any token, and any header and claims under a good signature: verify answers,
// and nobody gets in without a user and a tenant.

#include <cstdlib>

#include "transports/jwks.hpp"
#include "transports/jwt.hpp"
#include "transports/jwt_mint.hpp"

using namespace callstate;

namespace {

constexpr std::string_view secret = "a secret of the fuzzer, of thirty-two bytes and more";
constexpr call::Time now{std::chrono::seconds(1'800'000'000)};

void require(bool holds) {
  if (!holds) std::abort();
}

transports::JwtAuthenticator& authenticator() {
  static transports::JwtAuthenticator made([] {
    transports::JwtOptions options;
    options.secret = secret;
    return options;
  }());
  return made;
}

void check(const std::expected<transports::Identity, transports::AuthFailure>& verified) {
  if (!verified) {
    require(!verified.error().reason.empty());
    return;
  }
  require(!verified->user.empty() && !verified->tenant.empty());
  require(verified->role != call::Role::system);
  require(verified->expires_at + std::chrono::seconds(30) > now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  require(!authenticator().verify(text, now));
  // The same bytes as a header, a newline, and claims.
  const auto line = text.find('\n');
  if (line == text.npos) {
    check(authenticator().verify(transports::sign_hs256(secret, R"({"alg":"HS256"})", text), now));
  } else {
    check(authenticator().verify(
        transports::sign_hs256(secret, text.substr(0, line), text.substr(line + 1)), now));
  }
  (void)transports::parse_jwks(text);
  return 0;
}
