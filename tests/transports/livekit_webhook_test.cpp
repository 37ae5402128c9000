// Webhooks of the media server: whose they are, and what they say.

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <string>

#include "core/call/message.hpp"
#include "transports/jwt.hpp"
#include "transports/jwt_mint.hpp"
#include "transports/livekit.hpp"

namespace callstate::transports {
namespace {

using std::chrono::seconds;

constexpr call::Time now{seconds(1'800'000'000)};
constexpr std::string_view secret = "a secret of the tests, thirty-two bytes or more";
constexpr std::string_view hs256 = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view joined =
    R"({"event":"participant_joined","id":"EV_1","createdAt":"1799999990",)"
    R"("room":{"sid":"RM_1","name":"acme/room.1","numParticipants":2},)"
    R"("participant":{"sid":"PA_1","identity":"bob","state":"ACTIVE",)"
    R"("permission":{"canPublish":true}}})";

MediaSettings settings() {
  MediaSettings made;
  made.url = "wss://media.example.com";
  made.api_key = "APIkey";
  made.api_secret = secret;
  return made;
}

std::string sha256_of(std::string_view body) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(body.data(), body.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::array<unsigned char, 45> text{};
  EVP_EncodeBlock(text.data(), digest.data(), 32);
  return reinterpret_cast<const char*>(text.data());
}

/// The claims of a token for `body`; `more` begins with a comma.
std::string claims(std::string_view body, std::string_view more = R"(,"iss":"APIkey")",
                   std::string_view exp = "1800000300") {
  return R"({"nbf":1800000000,"exp":)" + std::string(exp) + R"(,"sha256":")" + sha256_of(body) +
         '"' + std::string(more) + '}';
}

std::string token(std::string_view body) {
  return sign_hs256(secret, hs256, claims(body));
}

WebhookReport taken(std::string_view body) {
  auto report = verify_webhook(token(body), body, settings(), now);
  if (!report) ADD_FAILURE() << report.error().reason << " of " << body;
  return report.value_or(WebhookReport{});
}

std::string refused(std::string_view authorization, std::string_view body = joined,
                    call::Time at = now) {
  const auto report = verify_webhook(authorization, body, settings(), at);
  EXPECT_FALSE(report);
  if (report) return "";
  EXPECT_FALSE(report.error().authentic);
  return report.error().reason;
}

std::string refused_claims(std::string_view payload, call::Time at = now) {
  return refused(sign_hs256(secret, hs256, payload), joined, at);
}

std::string unreadable(std::string_view body) {
  const auto report = verify_webhook(token(body), body, settings(), now);
  EXPECT_FALSE(report) << body;
  if (report) return "";
  EXPECT_TRUE(report.error().authentic);
  return report.error().reason;
}

/// A body with these members beside id and event.
std::string with(std::string_view members) {
  return R"({"id":"EV_1","event":"e")" + (members.empty() ? "" : ',' + std::string(members)) + '}';
}

// Whose it is.

TEST(Webhook, OfTheMediaServerIsTaken) {
  const auto report = taken(joined);
  EXPECT_EQ(report.id.view(), "EV_1");
  EXPECT_EQ(report.media_room, "acme/room.1");
  EXPECT_EQ(report.said.event, "participant_joined");
  EXPECT_EQ(report.said.user.view(), "bob");
  EXPECT_EQ(report.said.detail, "");
  EXPECT_EQ(report.said.reported_at, call::Time(seconds(1'799'999'990)));
}

TEST(Webhook, MayCallItsTokenABearers) {
  for (const auto* scheme : {"Bearer ", "bearer ", "BEARER   ", "  Bearer ", " ", ""}) {
    EXPECT_TRUE(verify_webhook(scheme + token(joined) + " ", joined, settings(), now)) << scheme;
  }
  EXPECT_EQ(refused(""), "there is no token");
  EXPECT_EQ(refused("Bearer "), "a token has three segments");
  EXPECT_EQ(refused("Basic YTpi"), "a token has three segments");
  EXPECT_EQ(refused("Bearer Bearer " + token(joined)),
            "a segment is not base64url without padding");
}

TEST(Webhook, TheTokenIsJudgedBeforeTheBodyIsThere) {
  const auto verified = verify_webhook_token(token(joined), settings(), now);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->body_sha256, sha256_of(joined));
  EXPECT_TRUE(parse_webhook(joined, *verified));
}

TEST(Webhook, OfAnotherKeyIsRefused) {
  EXPECT_EQ(refused(sign_hs256("another secret", hs256, claims(joined))),
            "the signature does not match");
  EXPECT_EQ(refused_claims(claims(joined, R"(,"iss":"APIother")")),
            "the claim iss is not the API key");
  EXPECT_EQ(refused_claims(claims(joined, "")), "the claim iss is not the API key");
  EXPECT_EQ(refused_claims(claims(joined, R"(,"iss":["APIkey"])")),
            "the claim iss is not the API key");
}

TEST(Webhook, OfAnotherAlgorithmIsRefused) {
  const auto as = [](std::string_view header) {
    return refused(sign_hs256(secret, header, claims(joined)));
  };
  EXPECT_EQ(as(R"({"alg":"none"})"), "alg none is refused");
  EXPECT_EQ(as(R"({"alg":"HS512"})"), "alg is none of HS256, RS256, ES256");
  EXPECT_EQ(as(R"({"alg":"RS256"})"), "alg is not HS256");
  EXPECT_EQ(as(R"({"alg":"ES256"})"), "alg is not HS256");
  EXPECT_EQ(as(R"({"alg":"hs256"})"), "alg is none of HS256, RS256, ES256");
  EXPECT_EQ(as(R"({"alg":"HS256","crit":["x"]})"), "the header has crit");
  EXPECT_EQ(as("7"), "the header is no JSON object");
  EXPECT_EQ(as("{"), "the header is not strict JSON");
  auto unsigned_token = token(joined);
  unsigned_token.resize(unsigned_token.rfind('.') + 1);
  EXPECT_EQ(refused(unsigned_token), "the token is not signed");
}

TEST(Webhook, WithAnAlteredBodyIsRefused) {
  constexpr auto* reason = "the body is not the one that the token was made for";
  std::string altered(joined);
  altered.back() = ' ';
  EXPECT_EQ(refused(token(joined), altered), reason);
  EXPECT_EQ(refused(token(joined), std::string(joined) + ' '), reason);
  EXPECT_EQ(refused(token(joined), ""), reason);
}

TEST(Webhook, WithAnotherSpellingOfTheHashIsRefused) {
  // As LiveKit and its own receivers have it: standard base64 with padding.
  auto hash = sha256_of(joined);
  const auto with_hash = [](std::string_view text) {
    return refused_claims(R"({"iss":"APIkey","exp":1800000300,"sha256":")" + std::string(text) +
                          "\"}");
  };
  EXPECT_EQ(with_hash(hash.substr(0, 43)), "the claim sha256 is missing, or no SHA-256 in base64");
  EXPECT_EQ(with_hash(""), "the claim sha256 is missing, or no SHA-256 in base64");
  EXPECT_EQ(refused_claims(R"({"iss":"APIkey","exp":1800000300})"),
            "the claim sha256 is missing, or no SHA-256 in base64");
  EXPECT_EQ(refused_claims(R"({"iss":"APIkey","exp":1800000300,"sha256":7})"),
            "the claim sha256 is missing, or no SHA-256 in base64");
}

TEST(Webhook, OutsideOfItsTimeIsRefused) {
  const auto at = [](std::int64_t second) { return call::Time(seconds(1'800'000'000 + second)); };
  EXPECT_TRUE(verify_webhook(token(joined), joined, settings(), at(329)));
  EXPECT_EQ(refused(token(joined), joined, at(330)), "the token has expired");
  EXPECT_TRUE(verify_webhook(token(joined), joined, settings(), at(-30)));
  EXPECT_EQ(refused(token(joined), joined, at(-31)), "the token is not valid yet");
  EXPECT_EQ(refused_claims(R"({"iss":"APIkey","sha256":"x"})"), "the claim exp is missing");
  EXPECT_EQ(refused_claims(claims(joined, R"(,"iss":"APIkey")", "\"1800000300\"")),
            "the claim exp is no sane time");
  EXPECT_EQ(refused_claims(claims(joined, R"(,"iss":"APIkey")", "1e300")),
            "the claim exp is no sane time");
  EXPECT_EQ(refused_claims(R"({"iss":"APIkey","exp":1800000300,"nbf":"soon"})"),
            "the claim nbf is no sane time");
}

TEST(Webhook, ThatIsTooLargeIsRefused) {
  const auto body = with(R"("x":")" + std::string(webhook_bytes_max, 'x') + '"');
  EXPECT_EQ(refused(token(body), body), "the body is larger than 65536 bytes");
  EXPECT_EQ(refused(std::string(token_bytes_max + 1, 'x')), "the token is larger than 8192 bytes");
}

TEST(Webhook, IsNobodysWithoutASecret) {
  auto none = settings();
  none.api_secret.clear();
  const auto report = verify_webhook(sign_hs256("", hs256, claims(joined)), joined, none, now);
  ASSERT_FALSE(report);
  EXPECT_FALSE(report.error().authentic);
}

// What it says.

TEST(Webhook, TellsTheDetailOfATrackAndOfALeaving) {
  const auto detail = [](std::string_view members) { return taken(with(members)).said.detail; };
  EXPECT_EQ(detail(R"("track":{"sid":"TR_V","type":"VIDEO","source":"SCREEN_SHARE"})"),
            "video screen_share TR_V");
  // The enumerator of the number 0 is left out.
  EXPECT_EQ(detail(R"("track":{"sid":"TR_A","source":"MICROPHONE"})"), "audio microphone TR_A");
  EXPECT_EQ(detail(R"("track":{})"), "audio");
  EXPECT_EQ(detail(R"("track":{"type":1,"source":3})"), "1 3");
  EXPECT_EQ(detail(R"("participant":{"identity":"bob","disconnectReason":"CLIENT_INITIATED"})"),
            "client_initiated");
  EXPECT_EQ(detail(R"("participant":{"disconnect_reason":"ROOM_DELETED"})"), "room_deleted");
  EXPECT_EQ(detail(R"("participant":{"disconnectReason":{}})"), "");
  EXPECT_EQ(detail(R"("participant":{"disconnectReason":"A\u0000\nB"})"), "ab");
  EXPECT_EQ(detail(R"("track":{"sid":")" + std::string(1000, 's') + "\"}").size(),
            call::label_bytes_max);
  EXPECT_EQ(detail(""), "");
}

TEST(Webhook, HasTimesAsNumbersOrTextsAndNamesOfEitherCase) {
  const auto at = [](std::string_view members) { return taken(with(members)).said.reported_at; };
  const call::Time then(seconds(1'799'999'990));
  EXPECT_EQ(at(R"("createdAt":"1799999990")"), then);
  EXPECT_EQ(at(R"("createdAt":1799999990)"), then);
  EXPECT_EQ(at(R"("created_at":"1799999990")"), then);
  EXPECT_EQ(at(R"("created_at":1799999990.9)"), then);
  EXPECT_EQ(at(R"("createdAt":"0")"), call::Time());
  EXPECT_EQ(at(R"("createdAt":null)"), call::Time());
  EXPECT_EQ(at(""), call::Time());
}

TEST(Webhook, WithoutARoomOrAPersonOfOursNamesNone) {
  const auto none = taken(with(R"("egressInfo":{"egressId":"EG_1","roomName":"x"})"));
  EXPECT_EQ(none.media_room, "");
  EXPECT_TRUE(none.said.user.empty());

  const std::string longest(call::media_room_bytes_max, 'r');
  EXPECT_EQ(taken(with(R"("room":{"name":")" + longest + "\"}")).media_room, longest);
  EXPECT_EQ(taken(with(R"("room":{"name":")" + longest + "r\"}")).media_room, "");
  EXPECT_EQ(taken(with(R"("room":{"name":7})")).media_room, "");
  EXPECT_EQ(taken(with(R"("room":"acme/room.1")")).media_room, "");
  const std::string person(call::UserId::bytes_max, 'p');
  const auto user = [](const std::string& identity) {
    return taken(with(R"("participant":{"identity":")" + identity + "\"}")).said.user;
  };
  EXPECT_EQ(user(person).view(), person);
  EXPECT_TRUE(user(person + "p").empty()) << "cut, it would be somebody else";
  EXPECT_TRUE(user("a\\nb").empty());
}

TEST(Webhook, UnknownFieldsAndDeepOnesArePassedOver) {
  std::string deep = "1";
  for (int level = 0; level < 30; ++level) deep = "[" + deep + "]";
  EXPECT_EQ(taken(with(R"("new":)" + deep + R"(,"numDropped":3)")).said.event, "e");
}

TEST(Webhook, ThatCannotBeReadIsSaidToBeTheirs) {
  EXPECT_NE(unreadable("{").find("not strict JSON"), std::string::npos);
  EXPECT_NE(unreadable("").find("not strict JSON"), std::string::npos);
  EXPECT_NE(unreadable(R"({"id":"a","id":"b","event":"e"})").find("twice"), std::string::npos);
  EXPECT_NE(unreadable("{\"id\":\"\xff\"}").find("not strict JSON"), std::string::npos);
  std::string deep = "1";
  for (int level = 0; level < 40; ++level) deep = "[" + deep + "]";
  EXPECT_NE(unreadable(with("\"x\":" + deep)).find("deeper"), std::string::npos);
  EXPECT_EQ(unreadable("[]"), "the body is no JSON object");

  constexpr auto* id = "id must have 1 to 64 characters, none of them a control character";
  EXPECT_EQ(unreadable(R"({"event":"e"})"), id);
  EXPECT_EQ(unreadable(R"({"event":"e","id":""})"), id);
  EXPECT_EQ(unreadable(R"({"event":"e","id":7})"), id);
  EXPECT_EQ(unreadable(R"({"event":"e","id":"a\u0000"})"), id);
  EXPECT_EQ(unreadable(R"({"event":"e","id":")" + std::string(65, 'i') + "\"}"), id);
  std::string wide;
  for (int i = 0; i < 64; ++i) wide += "\xF0\x9F\x98\x80";
  EXPECT_EQ(taken(R"({"event":"e","id":")" + wide + "\"}").id.view(), wide);

  constexpr auto* event = "event must have 1 to 64 bytes, none of them a control character";
  EXPECT_EQ(unreadable(R"({"id":"i"})"), event);
  EXPECT_EQ(unreadable(R"({"id":"i","event":["room_finished"]})"), event);
  EXPECT_EQ(unreadable(R"({"id":"i","event":"room_finished\n"})"), event);
  EXPECT_EQ(unreadable(R"({"id":"i","event":")" + std::string(65, 'e') + "\"}"), event);

  for (const auto* time : {"\"soon\"", "\"\"", "-1", "1e300", "true", "{}", "\"1 \"", "\"nan\""}) {
    EXPECT_EQ(unreadable(with("\"createdAt\":" + std::string(time))), "createdAt is no sane time")
        << time;
  }
}

}  // namespace
}  // namespace callstate::transports
