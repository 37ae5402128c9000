#include "transports/jwt.hpp"

#include <algorithm>

#include "transports/json_concat.hpp"
#include "transports/json_document.hpp"
#include "transports/jwt_base64.hpp"
#include "transports/jwt_claims.hpp"

namespace callstate::transports {
namespace {

std::unexpected<AuthFailure> refuse(std::string reason) {
  return std::unexpected(AuthFailure{std::move(reason)});
}

struct Segments {
  std::string header;
  std::string payload;
  std::size_t signature_bytes = 0;
};

/// The decoded parts of a JWS in compact form.
std::expected<Segments, std::string> split(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return std::unexpected("a token has three segments");
  }
  const auto header = decode_base64url(token.substr(0, first));
  const auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
  const auto signature = decode_base64url(token.substr(second + 1));
  if (!header || !payload || !signature) {
    return std::unexpected("a segment is not base64url without padding");
  }
  if (header->empty() || payload->empty()) return std::unexpected("a segment is empty");
  if (signature->empty()) return std::unexpected("the token is not signed");
  return Segments{*header, *payload, signature->size()};
}

struct Header {
  JwsAlgorithm algorithm{};
  std::optional<std::string_view> kid;
};

std::expected<Header, std::string> read_header(const JsonDocument& document) {
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
  Header header{.algorithm = *algorithm, .kid = std::nullopt};
  if (const JsonValue* kid = root.find("kid")) {
    if (kid->kind != JsonKind::string) return std::unexpected("kid must be a string");
    header.kid = kid->text;
  }
  return header;
}

}  // namespace

JwtAuthenticator::JwtAuthenticator(JwtOptions options) : options_(std::move(options)) {
  if (auto key = VerificationKey::from_secret(options_.secret)) secret_ = *std::move(key);
}

std::expected<VerificationKey, std::string> JwtAuthenticator::select_key(
    JwsAlgorithm algorithm, std::optional<std::string_view> kid) const {
  const bool fits_secret = secret_ && algorithm == JwsAlgorithm::hs256;
  const auto known = options_.keys ? options_.keys->keys() : std::make_shared<const KeySet>();

  const VerificationKey* misfit = nullptr;
  const VerificationKey* found = nullptr;
  std::size_t fitting = 0;
  for (const VerificationKey& key : *known) {
    if (kid && key.kid() != *kid) continue;
    if (key.algorithm() != algorithm) {
      misfit = &key;
      continue;
    }
    found = &key;
    ++fitting;
  }
  // A kid that the key set does not know may be the issuer's name for the
  // secret, and without a kid the secret is what HS256 means.
  if (fits_secret && (!kid || (found == nullptr && misfit == nullptr))) return *secret_;
  if (fitting == 1) return *found;
  if (fitting > 1) {
    return std::unexpected(concat("several keys fit alg ", name_of(algorithm),
                                  kid ? " and the kid" : " and the token names none"));
  }
  if (kid && misfit != nullptr) {
    return std::unexpected(
        concat("alg ", name_of(algorithm), " does not fit the ", key_name_of(misfit->algorithm())));
  }
  if (!options_.keys) {
    return std::unexpected(concat("no key is configured for alg ", name_of(algorithm)));
  }
  options_.keys->unknown_key_seen();
  if (kid) return std::unexpected("unknown kid; the key set is being read again");
  return std::unexpected(concat("no key fits alg ", name_of(algorithm)));
}

// By the header alone: whose signature it is, is not known yet.
bool JwtAuthenticator::awaits_key(std::string_view token) {
  if (!options_.keys || token.size() > token_bytes_max) return false;
  const auto segments = split(token);
  if (!segments) return false;
  JsonDocument document({});
  if (!document.parse(segments->header)) return false;
  const auto header = read_header(document);
  if (!header || !header->kid) return false;
  const bool for_secret = secret_ && header->algorithm == JwsAlgorithm::hs256;
  const auto known = options_.keys->keys();
  const auto named = [&](const VerificationKey& key) { return key.kid() == *header->kid; };
  return !for_secret && std::ranges::none_of(*known, named) && options_.keys->unknown_key_seen();
}

std::expected<Identity, AuthFailure> JwtAuthenticator::verify(std::string_view token,
                                                              call::Time now) {
  if (token.empty()) return refuse("there is no token");
  if (token.size() > token_bytes_max) {
    return refuse(concat("the token is larger than ", token_bytes_max, " bytes"));
  }
  const auto segments = split(token);
  if (!segments) return refuse(segments.error());

  JsonDocument header_document({});
  if (const auto parsed = header_document.parse(segments->header); !parsed) {
    return refuse("the header is not strict JSON");
  }
  const auto header = read_header(header_document);
  if (!header) return refuse(header.error());

  const auto key = select_key(header->algorithm, header->kid);
  if (!key) return refuse(key.error());
  if (!key->verify(token, segments->signature_bytes)) {
    return refuse("the signature does not match");
  }

  JsonDocument claims({});
  if (const auto parsed = claims.parse(segments->payload); !parsed) {
    return refuse("the claims are not strict JSON");
  }
  return read_claims(*claims.root(), options_, now);
}

}  // namespace callstate::transports
