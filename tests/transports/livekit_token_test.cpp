// Tokens for the media server, as it reads them.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "transports/jwt_base64.hpp"
#include "transports/jwt_key.hpp"
#include "transports/livekit.hpp"

namespace callstate::transports {
namespace {

namespace json = boost::json;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr call::Time now{seconds(1'800'000'000) + microseconds(999'999)};

MediaSettings settings() {
  MediaSettings made;
  made.url = "wss://media.example.com";
  made.api_key = "APIkey";
  made.api_secret = "a secret of the tests, thirty-two bytes or more";
  return made;
}

MediaGrant grant() {
  return {.media_room = "acme/room.1",
          .identity = "ann",
          .name = "Ann",
          .role = call::CallRole::caller,
          .call = *call::parse_call_id("0190d6a4-7f6b-7c3e-9a51-1f2e3d4c5b6a"),
          .room = "room.1"};
}

std::string segment(const std::string& token, std::size_t number) {
  std::size_t begin = 0;
  while (number-- > 0) begin = token.find('.', begin) + 1;
  return decode_base64url(token.substr(begin, token.find('.', begin) - begin)).value_or("");
}

json::object claims_of(const std::string& token) {
  return json::parse(segment(token, 1)).as_object();
}

TEST(MediaToken, IsSignedAndSaysWhoMayJoinWhichRoom) {
  const auto token = MediaTokens(settings()).mint(grant(), now);
  EXPECT_EQ(segment(token, 0), R"({"alg":"HS256","typ":"JWT"})");
  EXPECT_EQ(segment(token, 1),
            R"({"iss":"APIkey","video":{"roomJoin":true,"canPublish":true,"canSubscribe":true,)"
            R"("canPublishData":true,"room":"acme/room.1"},"sub":"ann","nbf":1800000000,)"
            R"("iat":1800000000,"exp":1800003600,"name":"Ann",)"
            R"("metadata":"{\"role\":\"caller\",)"
            R"(\"callId\":\"0190d6a4-7f6b-7c3e-9a51-1f2e3d4c5b6a\",\"roomName\":\"room.1\"}"})");
  const auto key = VerificationKey::from_secret(settings().api_secret);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify(token, 32));
  EXPECT_FALSE(VerificationKey::from_secret("another secret")->verify(token, 32));
}

TEST(MediaToken, MayHaveNoNameAndAnotherTimeToLive) {
  auto short_lived = settings();
  short_lived.token_ttl = minutes(5);
  auto nameless = grant();
  nameless.name = {};
  nameless.role = call::CallRole::callee;
  const auto claims = claims_of(MediaTokens(short_lived).mint(nameless, now));
  EXPECT_FALSE(claims.contains("name"));
  EXPECT_EQ(claims.at("exp"), 1'800'000'300);
  const auto metadata = json::parse(claims.at("metadata").as_string());
  EXPECT_EQ(metadata.at("role"), "callee");
}

TEST(MediaToken, CannotBeBrokenOutOf) {
  auto odd = grant();
  odd.identity = R"(ann","video":{"roomAdmin":true},"x":")";
  odd.name = "\"\\\n\x01\xff";
  odd.room = R"("},)";
  odd.media_room = R"(acme/"})";
  const auto claims = claims_of(MediaTokens(settings()).mint(odd, now));
  EXPECT_EQ(claims.at("sub").as_string(), odd.identity);
  EXPECT_EQ(claims.at("name").as_string(), "\"\\\n\x01\xEF\xBF\xBD");
  EXPECT_EQ(claims.at("video").at("room").as_string(), odd.media_room);
  EXPECT_FALSE(claims.at("video").as_object().contains("roomAdmin"));
  EXPECT_EQ(claims.size(), 8U);
  const auto metadata = json::parse(claims.at("metadata").as_string());
  EXPECT_EQ(metadata.at("roomName").as_string(), odd.room);
}

TEST(MediaToken, TheUrlIsTheSettings) {
  EXPECT_EQ(MediaTokens(settings()).url(), "wss://media.example.com");
}

}  // namespace
}  // namespace callstate::transports
