#pragma once

#include <expected>

#include "transports/authenticator.hpp"
#include "transports/json_document.hpp"
#include "transports/jwt.hpp"

namespace callstate::transports {

/// Judges the claims of a token whose signature has been verified, as of `now`.
/// Pure.
std::expected<Identity, AuthFailure> read_claims(const JsonValue& claims, const JwtOptions& options,
                                                 call::Time now);

}  // namespace callstate::transports
