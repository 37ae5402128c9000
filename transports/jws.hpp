#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "transports/json_document.hpp"
#include "transports/jwt_key.hpp"

namespace callstate::transports {

// The form of signed tokens, before anybody's signature has been looked at.
// Pure. Failures are sentences that hold no part of the token.

/// A JWS in compact form, decoded.
struct JwsParts {
  std::string header;
  std::string payload;
  std::size_t signature_bytes = 0;
};

/// The parts of a token, none of them empty.
std::expected<JwsParts, std::string> split_jws(std::string_view token);

struct JwsHeader {
  JwsAlgorithm algorithm{};
  std::optional<std::string_view> kid;  // a view into what the document was read from
};

/// What a header says. Refuses `none`, algorithms that are not known here, and
/// every `crit`.
std::expected<JwsHeader, std::string> read_jws_header(const JsonDocument& document);

}  // namespace callstate::transports
