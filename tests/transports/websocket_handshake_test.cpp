#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client_frame.hpp"
#include "server_fixture.hpp"

// Who comes in, by what a handshake says.

namespace callstate::transports {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view ring = R"({"type":"RINGING","roomName":"r1","id":"m1"})";

using WebSocketHandshakeTest = ServerFixture;

TEST_F(WebSocketHandshakeTest, OpensARoomSession) {
  auto client = connect("/party/r1?token=anna");
  ASSERT_TRUE(client.connected());
  const auto open = opened();
  EXPECT_EQ(open.sender.user.view(), "anna");
  EXPECT_EQ(open.sender.tenant.view(), "t1");
  ASSERT_TRUE(open.room);
  EXPECT_EQ(open.room->view(), "r1");
  EXPECT_THAT(std::string(open.sender.device.view()), HasSubstr("s-")) << "a label of the server's";
}

TEST_F(WebSocketHandshakeTest, OpensPartyKitsPathAndTakesItsDeviceId) {
  auto client = connect("/parties/main/tenant-call-1%3A2?_pk=phone&device=other&token=anna");
  const auto open = opened();
  EXPECT_EQ(open.room->view(), "tenant-call-1:2");
  EXPECT_EQ(open.sender.device.view(), "phone");
}

TEST_F(WebSocketHandshakeTest, ADeviceIdIsTextWithoutControlCharacters) {
  auto escape = connect("/v1/ws?token=anna&_pk=%1b%5b2J%ff%00t%c3%a9l%c2%9b1m%7f%ed%a0%80");
  EXPECT_EQ(opened(0).sender.device.view(), "[2Jt\xc3\xa9l1m");
  auto header = connect("/v1/ws", {{"Authorization", "Bearer anna"},
                                   {"X-Device-Id",
                                    "a\xff"
                                    "b"}});
  EXPECT_EQ(opened(1).sender.device.view(), "ab");
  auto nothing = connect("/v1/ws?token=anna&device=%00%1b");
  EXPECT_THAT(std::string(opened(2).sender.device.view()), StartsWith("s-"));
  const std::string filling(127, 'd');
  auto lengthy = connect("/v1/ws?token=anna&_pk=" + filling + "%c3%a9");
  EXPECT_EQ(opened(3).sender.device.view(), filling) << "cut between characters";
  auto invisible = connect("/v1/ws?token=anna&_pk=%01" + filling + "e");
  EXPECT_EQ(opened(4).sender.device.view(), filling + "e") << "what is dropped does not count";
}

TEST_F(WebSocketHandshakeTest, TakesTheTokenFromEveryPlace) {
  auto query = connect("/v1/ws?token=u0&device=tab");
  EXPECT_EQ(opened(0).sender.user.view(), "u0");
  EXPECT_EQ(opened(0).sender.device.view(), "tab");
  EXPECT_FALSE(opened(0).room);
  auto header =
      connect("/v1/ws?token=other", {{"Authorization", "Bearer u1"}, {"X-Device-Id", "d"}});
  EXPECT_EQ(opened(1).sender.user.view(), "u1");
  EXPECT_EQ(opened(1).sender.device.view(), "d");
  auto pair = connect("/v1/ws", {{"Sec-WebSocket-Protocol", "bearer.u2, callstate.v1"}});
  EXPECT_EQ(opened(2).sender.user.view(), "u2");
  EXPECT_EQ(pair.protocol(), "callstate.v1");
  auto first = connect("/v1/ws", {{"Sec-WebSocket-Protocol", "callstate.v1"}});
  EXPECT_EQ(first.protocol(), "callstate.v1");
  first.send(R"({"type":"AUTH","token":"u3"})");
  EXPECT_EQ(opened(3).sender.user.view(), "u3");
}

TEST_F(WebSocketHandshakeTest, TheSubprotocolsMayStandInSeveralLines) {
  auto client = connect("/v1/ws", {{"Sec-WebSocket-Protocol", "graphql-ws"},
                                   {"Sec-WebSocket-Protocol", "callstate.v1"},
                                   {"Sec-WebSocket-Protocol", "bearer.anna"}});
  EXPECT_EQ(opened().sender.user.view(), "anna");
  EXPECT_EQ(client.protocol(), "callstate.v1");
}

TEST_F(WebSocketHandshakeTest, AcceptsAndCloses1008WithoutAGoodToken) {
  auto missing = connect("/party/r1");
  EXPECT_EQ(missing.code(), 1008);
  EXPECT_EQ(missing.reason(), "Missing authentication token");
  auto bad = connect("/party/r1?token=bad-secret");
  EXPECT_EQ(bad.code(), 1008);
  EXPECT_EQ(bad.reason(), "Invalid authentication token");
  auto user = connect("/v1/ws?token=bad-secret");
  EXPECT_EQ(user.code(), 1008);
  auto later = connect("/v1/ws");
  later.send(R"({"type":"AUTH","token":"bad-secret"})");
  EXPECT_EQ(later.code(), 1008);
  auto eager = connect("/v1/ws");
  eager.send(ring);
  EXPECT_EQ(eager.code(), 1008);
  EXPECT_TRUE(logged("a bad token"));
  EXPECT_FALSE(logged("secret"));
  EXPECT_EQ(engine.count<engine::OpenSession>(), 0);
  EXPECT_EQ(engine.count<engine::CloseNotice>(), 0);
}

TEST_F(WebSocketHandshakeTest, ClosesARoomOutsideTheGrammar) {
  for (const auto* room : {"a%20b", "caf\xc3\xa9", "a%2Fb"}) {
    auto client = connect(std::string("/party/").append(room).append("?token=anna"));
    EXPECT_EQ(client.code(), 4403);
    EXPECT_EQ(client.reason(), "room name outside [A-Za-z0-9._:~-]{1,128}");
  }
  EXPECT_EQ(connect(std::string("/party/").append(129, 'r').append("?token=anna")).code(), 4403);
}

TEST_F(WebSocketHandshakeTest, TakesWhatComesRightBehindTheHandshake) {
  start();
  RawClient client(port);
  client.write(
      "GET /party/r1?token=anna HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      client_frame(0x81, ring) + client_frame(0x89, "x"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_EQ(client.read(3), "\x8a\x01x");
  EXPECT_TRUE(engine.wait_for<engine::Send>());
}

}  // namespace
}  // namespace callstate::transports
