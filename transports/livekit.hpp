#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/call/event.hpp"
#include "core/call/ids.hpp"
#include "core/call/state.hpp"

namespace callstate::transports {

// What is said between this server and LiveKit, the media server: tokens that
// let people into its rooms, and its webhooks, which report what happens there.
// Pure functions of their arguments: no sockets, no clock.

/// A LiveKit server, and how it knows us.
struct MediaSettings {
  std::string url;         // where clients find it: `wss://…`
  std::string api_key;     // names the secret
  std::string api_secret;  // signs both ways; never logged
  call::Duration token_ttl = std::chrono::hours(1);
};

/// Who may join which media room, and as what.
struct MediaGrant {
  std::string_view media_room;  // the media server's name for the room
  std::string_view identity;    // the user's id
  std::string_view name;        // to display; empty: none
  call::CallRole role = call::CallRole::callee;
  call::CallId call;
  std::string_view room;  // our own name for it
};

/// Makes LiveKit's access tokens. Immutable; any thread.
class MediaTokens {
 public:
  explicit MediaTokens(const MediaSettings& settings);

  /// A token that lets its bearer join the one room, speak, listen and send
  /// data, from `now` on until the settings' time to live has passed. It is a
  /// secret: it goes to its user, and never into a log.
  [[nodiscard]] std::string mint(const MediaGrant& grant, call::Time now) const;

  /// The settings' `url`.
  [[nodiscard]] std::string_view url() const { return url_; }

 private:
  std::string url_;
  std::string api_secret_;
  std::string same_claims_;  // the beginning of every token's claims
  call::Duration ttl_;
};

/// Why a webhook was not taken.
struct WebhookRefusal {
  /// Whether it is the media server's: it then says what cannot be read here.
  /// Otherwise it is anybody's, and nothing of it is to be believed.
  bool authentic = false;
  std::string reason;  // for a log; holds no part of the token
};

/// What a webhook's token says of its body.
struct WebhookToken {
  std::string body_sha256;  // in base64
};

/// What a webhook says.
struct WebhookReport {
  call::MessageId id;        // the same each time that it is sent
  std::string media_room;    // empty: it is of no room, or of none that could be ours
  call::MediaReported said;  // `user` is empty too for an identity that could not be ours
};

/// Bytes of a webhook's body, at most.
constexpr std::size_t webhook_bytes_max = 64 * 1024;

/// The value of a webhook's header `Authorization`: the bare token, as LiveKit
/// sends it, or one behind `Bearer`. The token must be signed by HS256 with the
/// API secret, be issued by the API key, and hold an `exp`; `exp` and `nbf` have
/// 30 s of leeway. To be asked before the body is read.
std::expected<WebhookToken, WebhookRefusal> verify_webhook_token(std::string_view authorization,
                                                                 const MediaSettings& settings,
                                                                 call::Time now);

/// The body, byte for byte as it came, which must be the token's. Takes the JSON
/// of LiveKit's WebhookEvent with names of either case, and 64-bit numbers as
/// numbers or texts; what is not known here is passed over. Refuses a body
/// without an `id` of 1 to 64 characters or an `event` of 1 to 64 bytes.
std::expected<WebhookReport, WebhookRefusal> parse_webhook(std::string_view body,
                                                           const WebhookToken& token);

/// Both, one after the other.
std::expected<WebhookReport, WebhookRefusal> verify_webhook(std::string_view authorization,
                                                            std::string_view body,
                                                            const MediaSettings& settings,
                                                            call::Time now);

}  // namespace callstate::transports
