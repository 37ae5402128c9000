#include "transports/jwt.hpp"

#include <algorithm>

#include "transports/json_concat.hpp"
#include "transports/json_document.hpp"
#include "transports/jws.hpp"
#include "transports/jwt_claims.hpp"

namespace callstate::transports {
namespace {

using Kind = AuthFailure::Kind;

std::unexpected<AuthFailure> refuse(std::string reason, Kind kind = Kind::malformed) {
  return std::unexpected(AuthFailure{std::move(reason), kind});
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
  const auto parts = split_jws(token);
  if (!parts) return false;
  JsonDocument document({});
  if (!document.parse(parts->header)) return false;
  const auto header = read_jws_header(document);
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
  const auto parts = split_jws(token);
  if (!parts) return refuse(parts.error());

  JsonDocument header_document({});
  if (const auto parsed = header_document.parse(parts->header); !parsed) {
    return refuse("the header is not strict JSON");
  }
  const auto header = read_jws_header(header_document);
  if (!header) return refuse(header.error());

  const auto key = select_key(header->algorithm, header->kid);
  if (!key) return refuse(key.error(), Kind::key);
  if (!key->verify(token, parts->signature_bytes)) {
    return refuse("the signature does not match", Kind::signature);
  }

  JsonDocument claims({});
  if (const auto parsed = claims.parse(parts->payload); !parsed) {
    return refuse("the claims are not strict JSON", Kind::claims);
  }
  return read_claims(*claims.root(), options_, now);
}

}  // namespace callstate::transports
