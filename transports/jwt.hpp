#pragma once

#include <optional>
#include <string>
#include <vector>

#include "transports/authenticator.hpp"
#include "transports/jwt_key.hpp"

namespace callstate::transports {

/// Where a token says what. Paths go into objects at each dot, unless a claim
/// has the whole path as its name; the first path that the token has counts.
struct ClaimPaths {
  std::vector<std::string> tenant{"app_metadata.tenant_id", "tenant_id"};
  // Never the top-level `role`, which is the database's, and never anything in
  // `user_metadata`, which users set themselves.
  std::vector<std::string> role{"app_metadata.user_role", "user_role"};
  std::vector<std::string> name{"user_metadata.name", "name", "email"};
};

struct JwtOptions {
  std::string secret;                   // for HS256; empty: none
  std::shared_ptr<KeySource> keys;      // for tokens of a key set; null: none
  std::optional<std::string> audience;  // `aud` must be or hold it
  std::optional<std::string> issuer;    // `iss` must be it
  call::Duration leeway = std::chrono::seconds(30);
  ClaimPaths claims;
  call::Role default_role = call::Role::crm_user;  // of a token that says none
  /// A directory says tenant, role and name of whoever is neither SERVICE nor AUDITOR:
  /// then such a token needs no tenant, and whatever else it calls a role is passed over.
  bool users_in_directory = false;
};

/// Tokens beyond this are refused unread.
constexpr std::size_t token_bytes_max = 8 * 1024;

/// Verifies JSON Web Tokens signed with HS256, RS256 or ES256. The key decides
/// the algorithm: `kid` selects the key, a token without one is tried against
/// the only key that fits, and a header that names another algorithm than the
/// key's is refused. `exp`, `sub` and a tenant are required. A token whose key
/// is unknown is refused at once, while the key source looks again.
class JwtAuthenticator final : public Authenticator {
 public:
  /// Without a secret and without keys it refuses everything.
  explicit JwtAuthenticator(JwtOptions options);

  [[nodiscard]] std::expected<Identity, AuthFailure> verify(std::string_view token,
                                                            call::Time now) override;
  [[nodiscard]] bool awaits_key(std::string_view token) override;

 private:
  [[nodiscard]] std::expected<VerificationKey, std::string> select_key(
      JwsAlgorithm algorithm, std::optional<std::string_view> kid) const;

  JwtOptions options_;
  std::optional<VerificationKey> secret_;
};

}  // namespace callstate::transports
