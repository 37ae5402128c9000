#include "transports/http_target.hpp"

#include <gtest/gtest.h>

#include "transports/websocket_upgrade.hpp"

namespace callstate::transports {
namespace {

Route route_of(std::string_view target) {
  const auto parsed = parse_target(target);
  return parsed ? route(*parsed) : Route{};
}

TEST(HttpTarget, RoutesWhatTheServerAnswersItself) {
  EXPECT_EQ(route_of("/party/r1?token=x").kind, Route::Kind::room_session);
  EXPECT_EQ(route_of("/party/r1").room, "r1");
  EXPECT_EQ(route_of("/parties/main/r1?_pk=d").kind, Route::Kind::room_session);
  EXPECT_EQ(route_of("/parties/main/r1").room, "r1");
  EXPECT_EQ(route_of("/v1/ws").kind, Route::Kind::user_session);
  EXPECT_EQ(route_of("/healthz?x=1").kind, Route::Kind::healthz);
  EXPECT_EQ(route_of("/readyz").kind, Route::Kind::readyz);
  for (const auto* other : {"/", "/party", "/parties/main", "/v1/wsx", "/v1/ws/", "/healthz/"})
    EXPECT_EQ(route_of(other).kind, Route::Kind::other) << other;
}

TEST(HttpTarget, DecodesRoomsAndParameters) {
  EXPECT_EQ(route_of("/party/a%3Ab~c").room, "a:b~c");
  EXPECT_EQ(route_of("/party/a%2Fb").room, "a/b");
  EXPECT_EQ(route_of("/party/a/b").room, "a/b");
  EXPECT_EQ(route_of("/party/a%00b").room, std::string_view("a\0b", 3));
  const auto target = parse_target("/v1/ws?device=my+phone%21&token=a.b-c_d&empty=&flag&token=2");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->parameter("device"), "my phone!");
  EXPECT_EQ(target->parameter("token"), "a.b-c_d");
  EXPECT_EQ(target->parameter("empty"), "");
  EXPECT_EQ(target->parameter("absent"), "");
}

TEST(HttpTarget, TakesRoomNamesThatWereNotEncoded) {
  EXPECT_EQ(route_of("/parties/main/caf\xc3\xa9{1}|2").room, "caf\xc3\xa9{1}|2");
  EXPECT_EQ(route_of("/party/100%").room, "100%");
  EXPECT_EQ(route_of("/party/100%zz").room, "100%zz");
  EXPECT_FALSE(parse_target("*"));
  EXPECT_FALSE(parse_target(""));
}

TEST(HttpTarget, TellsOfPercentsThatEncodeNothing) {
  for (const auto* bad : {"/100%", "/a%zz", "/a%2", "/x?a=%", "/x?a=%4", "/%41%", "/%%41"})
    EXPECT_TRUE(has_stray_percent(bad)) << bad;
  for (const auto* good : {"/", "/%41", "/x?a=%2F&b=%c3%a9", "/100%25"})
    EXPECT_FALSE(has_stray_percent(good)) << good;
}

TEST(HttpTarget, TakesTheAbsoluteForm) {
  EXPECT_EQ(route_of("http://other/healthz").kind, Route::Kind::healthz);
  EXPECT_EQ(route_of("HTTPS://[::1]:7480/party/r1?token=x").room, "r1");
  EXPECT_EQ(parse_target("http://other")->path, "/");
  EXPECT_EQ(parse_target("http://other?a=http://b/c")->path, "/");
  EXPECT_EQ(parse_target("http://other?a=http://b/c")->parameter("a"), "http://b/c");
  EXPECT_EQ(parse_target("/x?a=http://b/c")->path, "/x");
  for (const auto* bad : {"http:", "http:/x", "http://", "http:///x", "ftp://x/y", "x:80"})
    EXPECT_FALSE(parse_target(bad)) << bad;
}

TEST(WebSocketUpgrade, ReadsTheSubprotocolPairInAnyOrder) {
  EXPECT_TRUE(read_protocols("callstate.v1").callstate);
  EXPECT_FALSE(read_protocols("callstate.v1").token);
  EXPECT_EQ(read_protocols("callstate.v1, bearer.a.b.c").token, "a.b.c");
  const auto turned = read_protocols("bearer.a.b.c ,callstate.v1,graphql-ws");
  EXPECT_TRUE(turned.callstate);
  EXPECT_EQ(turned.token, "a.b.c");
  EXPECT_FALSE(read_protocols("callstate.v2,,").callstate);
}

TEST(WebSocketUpgrade, ReadsBearerOnly) {
  EXPECT_EQ(read_bearer("Bearer abc"), "abc");
  EXPECT_EQ(read_bearer("bearer  abc "), "abc");
  EXPECT_FALSE(read_bearer("Basic abc"));
  EXPECT_FALSE(read_bearer("abc"));
  EXPECT_FALSE(read_bearer(""));
}

TEST(WebSocketUpgrade, AnswersTheRfcsKey) {
  EXPECT_EQ(accept_value("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_FALSE(is_websocket_key("dGhlIHNhbXBsZSBub25jZQ="));
  EXPECT_FALSE(is_websocket_key("dGhlIHNhbXBsZSBub25j\r\n=="));
}

}  // namespace
}  // namespace callstate::transports
