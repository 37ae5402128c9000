#pragma once

#include <string>
#include <string_view>

#include "core/call/ids.hpp"

namespace callstate::transports {

/// What a token made for development and tests says, in the claims that
/// JwtAuthenticator reads by default.
struct MintClaims {
  std::string_view user;
  std::string_view tenant;
  call::Role role = call::Role::crm_user;
  std::string_view name{};  // empty: none
  call::Time issued{};
  call::Time expires{};
  std::string_view audience{};  // empty: none
  std::string_view issuer{};    // empty: none
};

/// A token signed with HS256. Any thread.
std::string mint_token(std::string_view secret, const MintClaims& claims);

/// The compact form of any header and payload, signed with HMAC-SHA-256: for
/// tokens that are wrong on purpose, too.
std::string sign_hs256(std::string_view secret, std::string_view header, std::string_view payload);

}  // namespace callstate::transports
