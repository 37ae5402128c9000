#include "transports/jws.hpp"

#include <utility>

#include "transports/jwt_base64.hpp"

namespace callstate::transports {

std::expected<JwsParts, std::string> split_jws(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return std::unexpected("a token has three segments");
  }
  auto header = decode_base64url(token.substr(0, first));
  auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
  const auto signature = decode_base64url(token.substr(second + 1));
  if (!header || !payload || !signature) {
    return std::unexpected("a segment is not base64url without padding");
  }
  if (header->empty() || payload->empty()) return std::unexpected("a segment is empty");
  if (signature->empty()) return std::unexpected("the token is not signed");
  return JwsParts{*std::move(header), *std::move(payload), signature->size()};
}

std::expected<JwsHeader, std::string> read_jws_header(const JsonDocument& document) {
  const JsonValue& root = *document.root();
  if (root.kind != JsonKind::object) return std::unexpected("the header is no JSON object");
  // Extensions that must be understood, of which none is.
  if (root.find("crit") != nullptr) return std::unexpected("the header has crit");
  const JsonValue* alg = root.find("alg");
  if (alg == nullptr || alg->kind != JsonKind::string) {
    return std::unexpected("the header has no alg");
  }
  if (alg->text == "none") return std::unexpected("alg none is refused");
  const auto algorithm = parse_algorithm(alg->text);
  if (!algorithm) return std::unexpected("alg is none of HS256, RS256, ES256");
  JwsHeader header{.algorithm = *algorithm, .kid = std::nullopt};
  if (const JsonValue* kid = root.find("kid")) {
    if (kid->kind != JsonKind::string) return std::unexpected("kid must be a string");
    header.kid = kid->text;
  }
  return header;
}

}  // namespace callstate::transports
