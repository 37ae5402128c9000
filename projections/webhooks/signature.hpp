#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Signatures of the Standard Webhooks (standardwebhooks.com), symmetric: by which
// a receiver knows that a request is ours, whole and not an old one sent again.

namespace callstate::projections {

/// A key that signs: bytes.
using SigningKey = std::string;

/// Secrets in the standard's form, `whsec_` and 24 to 64 bytes in base64; several
/// are parted by commas or white space. The failure says what is wrong, without
/// quoting a secret.
std::expected<std::vector<SigningKey>, std::string> parse_signing_secrets(std::string_view text);

/// The value of `webhook-signature`: a signature of each key, parted by spaces, so
/// that a receiver that knows one of them is content. `timestamp_s`: when this is
/// sent, since 1970, as in `webhook-timestamp`.
std::string sign(std::span<const SigningKey> keys, std::string_view id, std::int64_t timestamp_s,
                 std::string_view body);

}  // namespace callstate::projections
