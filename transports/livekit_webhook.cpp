#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/call/message.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_document.hpp"
#include "transports/json_writer.hpp"
#include "transports/jws.hpp"
#include "transports/jwt.hpp"
#include "transports/jwt_claims.hpp"
#include "transports/livekit.hpp"

namespace callstate::transports {
namespace {

constexpr call::Duration leeway = std::chrono::seconds(30);

/// Deeper than any event is; what is deeper is a stranger's.
constexpr JsonDocument::Limits body_limits{.depth_max = 32};

/// A SHA-256 in base64, with its padding.
constexpr std::size_t encoded_sha256_bytes = 44;

std::unexpected<WebhookRefusal> not_theirs(std::string reason) {
  return std::unexpected(WebhookRefusal{.authentic = false, .reason = std::move(reason)});
}
std::unexpected<WebhookRefusal> unreadable(std::string reason) {
  return std::unexpected(WebhookRefusal{.authentic = true, .reason = std::move(reason)});
}

// ---- the token --------------------------------------------------------------

bool same_letter(char a, char b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return lower(a) == lower(b);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// The token of a header's value.
std::string_view token_in(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  std::string_view token = trim(authorization);
  if (std::ranges::equal(token.substr(0, scheme.size()), scheme, same_letter)) {
    token = trim(token.substr(scheme.size()));
  }
  return token;
}

std::string_view text_of(const JsonValue* value) {
  return value != nullptr && value->kind == JsonKind::string ? value->text : std::string_view();
}

std::optional<call::Time> date_of(const JsonValue& claim) {
  return claim.kind == JsonKind::number ? numeric_date(claim.text) : std::nullopt;
}

/// What is wrong with the claims, or empty.
std::string fault_of(const JsonValue& claims, const MediaSettings& settings, call::Time now) {
  if (claims.kind != JsonKind::object) return "the claims are no JSON object";
  if (text_of(claims.find("iss")) != settings.api_key) return "the claim iss is not the API key";
  const JsonValue* exp = claims.find("exp");
  if (exp == nullptr) return "the claim exp is missing";
  const auto expires = date_of(*exp);
  if (!expires) return "the claim exp is no sane time";
  if (now >= *expires + leeway) return "the token has expired";
  if (const JsonValue* nbf = claims.find("nbf")) {
    const auto not_before = date_of(*nbf);
    if (!not_before) return "the claim nbf is no sane time";
    if (now + leeway < *not_before) return "the token is not valid yet";
  }
  if (text_of(claims.find("sha256")).size() != encoded_sha256_bytes) {
    return "the claim sha256 is missing, or no SHA-256 in base64";
  }
  return {};
}

std::string encoded_sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  std::string text(encoded_sha256_bytes + 1, '\0');  // EncodeBlock ends it with a NUL
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    return {};
  }
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.data(),
                  static_cast<int>(size));
  text.pop_back();
  return text;
}

// ---- the body ---------------------------------------------------------------

/// A member by its name in the schema, which Protocol Buffers' JSON writes
/// `createdAt` or `created_at`. Null for none, and for a null.
const JsonValue* member(const JsonValue* object, std::string_view camel, std::string_view snake) {
  if (object == nullptr) return nullptr;
  const JsonValue* found = object->find(camel);
  if (found == nullptr && snake != camel) found = object->find(snake);
  return found == nullptr || found->kind == JsonKind::null ? nullptr : found;
}
const JsonValue* member(const JsonValue* object, std::string_view name) {
  return member(object, name, name);
}

/// Whether a stranger's text can be an id: not empty, within `bytes_max`, and
/// without control characters.
bool is_id(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && without_controls(text, bytes_max) == text;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// An enumerator's name, or its number where that is what was sent.
std::string word_of(const JsonValue* value) {
  if (value == nullptr) return {};
  if (value->kind != JsonKind::string && value->kind != JsonKind::number) return {};
  std::string word(value->text);
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return word;
}

/// `audio microphone TR_AMxyz` of a track, `client_initiated` of somebody who
/// has left.
std::string detail_of(const JsonValue& root) {
  std::string text;
  if (const JsonValue* track = member(&root, "track")) {
    // Enumerators of the number 0 are left out by who writes it.
    const std::string type = word_of(member(track, "type"));
    text = type.empty() ? "audio" : type;
    for (const std::string& more :
         {word_of(member(track, "source")), std::string(text_of(member(track, "sid")))}) {
      if (!more.empty()) text += ' ' + more;
    }
  } else {
    text = word_of(member(member(&root, "participant"), "disconnectReason", "disconnect_reason"));
  }
  return without_controls(text, call::label_bytes_max);
}

}  // namespace

std::expected<WebhookToken, WebhookRefusal> verify_webhook_token(std::string_view authorization,
                                                                 const MediaSettings& settings,
                                                                 call::Time now) {
  // Anybody could sign with an empty secret.
  if (settings.api_key.empty() || settings.api_secret.empty()) {
    return not_theirs("no media server is configured");
  }
  const std::string_view token = token_in(authorization);
  if (token.empty()) return not_theirs("there is no token");
  if (token.size() > token_bytes_max) {
    return not_theirs(concat("the token is larger than ", token_bytes_max, " bytes"));
  }
  const auto parts = split_jws(token);
  if (!parts) return not_theirs(parts.error());

  JsonDocument header_document({});
  if (!header_document.parse(parts->header)) return not_theirs("the header is not strict JSON");
  const auto header = read_jws_header(header_document);
  if (!header) return not_theirs(header.error());
  if (header->algorithm != JwsAlgorithm::hs256) return not_theirs("alg is not HS256");
  const auto key = VerificationKey::from_secret(settings.api_secret);
  if (!key || !key->verify(token, parts->signature_bytes)) {
    return not_theirs("the signature does not match");
  }

  JsonDocument claims({});
  if (!claims.parse(parts->payload)) return not_theirs("the claims are not strict JSON");
  if (auto fault = fault_of(*claims.root(), settings, now); !fault.empty()) {
    return not_theirs(std::move(fault));
  }
  return WebhookToken{.body_sha256 = std::string(text_of(claims.root()->find("sha256")))};
}

std::expected<WebhookReport, WebhookRefusal> parse_webhook(std::string_view body,
                                                           const WebhookToken& token) {
  if (body.size() > webhook_bytes_max) {
    return not_theirs(concat("the body is larger than ", webhook_bytes_max, " bytes"));
  }
  const std::string hash = encoded_sha256(body);
  if (hash.empty() || hash.size() != token.body_sha256.size() ||
      CRYPTO_memcmp(hash.data(), token.body_sha256.data(), hash.size()) != 0) {
    return not_theirs("the body is not the one that the token was made for");
  }

  JsonDocument document(body_limits);
  if (const auto parsed = document.parse(body); !parsed) {
    return unreadable(concat("the body is not strict JSON: ", parsed.error()));
  }
  const JsonValue& root = *document.root();
  if (root.kind != JsonKind::object) return unreadable("the body is no JSON object");

  const std::string_view id = text_of(member(&root, "id"));
  if (!is_id(id, call::MessageId::bytes_max) || characters(id) > call::message_id_characters_max) {
    return unreadable(concat("id must have 1 to ", call::message_id_characters_max,
                             " characters, none of them a control character"));
  }
  const std::string_view event = text_of(member(&root, "event"));
  if (!is_id(event, call::media_event_bytes_max)) {
    return unreadable(concat("event must have 1 to ", call::media_event_bytes_max,
                             " bytes, none of them a control character"));
  }
  WebhookReport report{.id = call::MessageId::clipped(id), .media_room = {}, .said = {}};
  report.said.event = event;
  if (const JsonValue* created = member(&root, "createdAt", "created_at")) {
    const auto at = numeric_date(created->text);  // of either kind
    if (!at) return unreadable("createdAt is no sane time");
    report.said.reported_at = std::chrono::floor<std::chrono::seconds>(*at);
  }
  const std::string_view room = text_of(member(member(&root, "room"), "name"));
  if (is_id(room, call::media_room_bytes_max)) report.media_room = room;
  const std::string_view identity = text_of(member(member(&root, "participant"), "identity"));
  if (is_id(identity, call::UserId::bytes_max)) {
    report.said.user = call::UserId::clipped(identity);
  }
  report.said.detail = detail_of(root);
  return report;
}

std::expected<WebhookReport, WebhookRefusal> verify_webhook(std::string_view authorization,
                                                            std::string_view body,
                                                            const MediaSettings& settings,
                                                            call::Time now) {
  const auto token = verify_webhook_token(authorization, settings, now);
  if (!token) return std::unexpected(token.error());
  return parse_webhook(body, *token);
}

}  // namespace callstate::transports
