// Any webhook's body under a good token, any claims under a good signature, and
// any header at all: each is answered, and what is taken keeps its bounds.

#include <openssl/evp.h>

#include <array>
#include <cstdlib>

#include "core/call/message.hpp"
#include "transports/jwt_mint.hpp"
#include "transports/livekit.hpp"

using namespace callstate;

namespace {

constexpr call::Time now{std::chrono::seconds(1'800'000'000)};

void require(bool holds) {
  if (!holds) std::abort();
}

transports::MediaSettings settings() {
  transports::MediaSettings made;
  made.api_key = "key";
  made.api_secret = "a secret of the fuzzer, of thirty-two bytes and more";
  return made;
}

transports::WebhookToken token_for(std::string_view body) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(body.data(), body.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::array<unsigned char, 45> text{};
  EVP_EncodeBlock(text.data(), digest.data(), 32);
  return {reinterpret_cast<const char*>(text.data())};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto report = transports::parse_webhook(text, token_for(text));
  if (report) {
    require(!report->id.empty() && !report->said.event.empty());
    require(report->said.event.size() <= call::media_event_bytes_max);
    require(report->said.detail.size() <= call::label_bytes_max);
    require(report->media_room.size() <= call::media_room_bytes_max);
  } else {
    require(!report.error().reason.empty());
  }

  require(!transports::verify_webhook_token(text, settings(), now));
  const auto line = text.find('\n');
  const auto header = line == text.npos ? R"({"alg":"HS256"})" : text.substr(0, line);
  const auto claims = line == text.npos ? text : text.substr(line + 1);
  const auto token = transports::verify_webhook_token(
      transports::sign_hs256(settings().api_secret, header, claims), settings(), now);
  require(token ? token->body_sha256.size() == 44 : !token.error().reason.empty());
  return 0;
}
