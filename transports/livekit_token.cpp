#include <algorithm>

#include "transports/json_writer.hpp"
#include "transports/jwt_mint.hpp"
#include "transports/livekit.hpp"

namespace callstate::transports {
namespace {

constexpr std::string_view header = R"({"alg":"HS256","typ":"JWT"})";

/// Enough for most of them, so that each is allocated once.
constexpr std::size_t usual_claims_bytes = 640;

std::uint64_t whole_seconds(call::Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0));
}

/// What the others in the media room are shown of a participant.
std::string metadata_of(const MediaGrant& grant) {
  std::string text;
  JsonWriter to(text);
  to.begin_object();
  to.text("role", name_of(grant.role));
  to.text("callId", call::to_string(grant.call));
  to.text("roomName", grant.room);
  to.end_object();
  return text;
}

}  // namespace

MediaTokens::MediaTokens(const MediaSettings& settings)
    : url_(settings.url), api_secret_(settings.api_secret), ttl_(settings.token_ttl) {
  JsonWriter to(same_claims_);
  to.begin_object();
  to.text("iss", settings.api_key);
  // Last, so that each token's room is its next member.
  to.begin_object("video");
  to.boolean("roomJoin", true);
  to.boolean("canPublish", true);
  to.boolean("canSubscribe", true);
  to.boolean("canPublishData", true);
}

std::string MediaTokens::mint(const MediaGrant& grant, call::Time now) const {
  std::string claims;
  claims.reserve(usual_claims_bytes);
  claims = same_claims_;
  JsonWriter to(claims);
  to.text("room", grant.media_room);
  to.end_object();
  to.text("sub", grant.identity);
  to.number("nbf", whole_seconds(now));
  to.number("iat", whole_seconds(now));
  to.number("exp", whole_seconds(now + ttl_));
  if (!grant.name.empty()) to.text("name", grant.name);
  to.text("metadata", metadata_of(grant));
  to.end_object();

  return sign_hs256(api_secret_, header, claims);
}

}  // namespace callstate::transports
