#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace callstate::transports {

/// RFC 4648's base64url as JOSE uses it: without padding.
std::string encode_base64url(std::string_view bytes);

/// The bytes, or nothing for any other character, padding, an impossible
/// length, or spare bits that are not zero: one spelling for each value, so that
/// a token cannot be altered without notice.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace callstate::transports
