#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "transports/authenticator.hpp"
#include "transports/json_document.hpp"
#include "transports/jwt.hpp"

namespace callstate::transports {

/// The time that is `text` seconds after the beginning of 1970, as tokens say it;
/// none for what is no number, or beyond the year 9999. Pure.
std::optional<call::Time> numeric_date(std::string_view text);

/// Judges the claims of a token whose signature has been verified, as of `now`.
/// Pure.
std::expected<Identity, AuthFailure> read_claims(const JsonValue& claims, const JwtOptions& options,
                                                 call::Time now);

}  // namespace callstate::transports
