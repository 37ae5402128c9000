#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client_frame.hpp"
#include "server_fixture.hpp"
#include "transports/websocket_frame.hpp"

namespace callstate::transports {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::string_view ring = R"({"type":"RINGING","roomName":"r1","id":"m1"})";

std::string numbered(int i) {
  return std::string("m").append(std::to_string(1000 + i));
}

struct WebSocketTest : ServerFixture {
  engine::Effect ack(engine::SessionId session, std::string_view id) {
    engine::Ack answer;
    answer.id = call::MessageId::clipped(id);
    answer.room = *call::parse_room_name("r1");
    return engine::Reply{session, answer};
  }
};

TEST_F(WebSocketTest, ClosesWhoDoesNotAuthenticateInTime) {
  settings.websocket.auth_timeout = milliseconds(20);
  auto client = connect("/v1/ws");
  EXPECT_EQ(client.code(), 4408);
}

TEST_F(WebSocketTest, BoundsThoseWaitingForAuth) {
  settings.unauthenticated_max = 1;
  auto first = connect("/v1/ws");
  ASSERT_TRUE(first.connected());
  auto second = connect("/v1/ws");
  EXPECT_EQ(second.code(), 1013);
  first.send(R"({"type":"AUTH","token":"anna"})");
  opened();
  auto third = connect("/v1/ws");
  third.send(R"({"type":"AUTH","token":"ben"})");
  EXPECT_EQ(opened(1).sender.user.view(), "ben");
}

TEST_F(WebSocketTest, BoundsFailedAuthenticationsOfAnAddress) {
  settings.failed_authentications = {.per_second = 1, .burst = 2};
  EXPECT_EQ(connect("/party/r1?token=bad").code(), 1008);
  EXPECT_EQ(connect("/party/r1?token=bad").code(), 1008);
  EXPECT_EQ(connect("/party/r1?token=bad").code(), 4429);
  // Whoever else is behind that address is not locked out.
  auto client = connect("/party/r1?token=anna");
  client.send(R"({"type":"PING"})");
  EXPECT_EQ(client.read(), R"({"type":"PONG"})");
}

TEST_F(WebSocketTest, SubmitsMessagesInOrderAndAnswers) {
  auto client = connect("/party/r1?token=anna");
  client.send(ring);
  client.send(R"({"type":"JOIN","roomName":"r2","id":"j"})");
  client.send(R"({"type":"LEAVE","roomName":"r2"})");
  client.send(R"({"type":"PING"})");
  const auto session = opened().session;
  const auto sent = engine.wait_for<engine::Send>();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->session, session);
  EXPECT_EQ(sent->message.id.view(), "m1");
  EXPECT_EQ(engine.wait_for<engine::Join>()->room.view(), "r2");
  EXPECT_EQ(engine.wait_for<engine::Leave>()->room.view(), "r2");
  EXPECT_EQ(client.read(), R"({"type":"PONG"})");
  engine.carry_out({ack(session, "m1"), ack(session, "m2")});
  EXPECT_THAT(client.read().value_or(""), HasSubstr(R"("id":"m1")"));
  EXPECT_THAT(client.read().value_or(""), HasSubstr(R"("id":"m2")"));
}

TEST_F(WebSocketTest, PublishesToSessionsOfAllThreads) {
  auto a = connect("/party/r1?token=anna");
  auto b = connect("/party/r1?token=ben");
  auto c = connect("/party/r1?token=t2:carl");
  opened(2);
  engine::Publish event;
  event.event.record.stream = FakeEngine::room_of(call::TenantId::clipped("t1"), "r1");
  event.event.record.payload = call::Ringing{};
  engine.carry_out({event});
  EXPECT_THAT(a.read().value_or(""), HasSubstr("RINGING"));
  EXPECT_THAT(b.read().value_or(""), HasSubstr("RINGING"));
  c.send(R"({"type":"PING"})");
  EXPECT_EQ(c.read(), R"({"type":"PONG"})") << "nothing of another tenant";
}

TEST_F(WebSocketTest, AnswersWhatIsNoMessageAndSubmitsNothing) {
  auto client = connect("/party/r1?token=anna");
  client.send("{");
  EXPECT_THAT(client.read().value_or(""), HasSubstr("INVALID_MESSAGE"));
  client.send(R"({"type":"DANCE","id":"d1"})");
  const auto answer = client.read().value_or("");
  EXPECT_THAT(answer, HasSubstr("UNKNOWN_TYPE"));
  EXPECT_THAT(answer, HasSubstr("d1"));
  EXPECT_EQ(engine.count<engine::Send>(), 0);
}

TEST_F(WebSocketTest, AFullInboxIsAnswered) {
  auto client = connect("/party/r1?token=anna");
  opened();
  engine.set_full(true);
  client.send(ring);
  const auto answer = client.read().value_or("");
  EXPECT_THAT(answer, HasSubstr("OVERLOADED"));
  EXPECT_THAT(answer, HasSubstr("m1"));
  EXPECT_EQ(connect("/party/r1?token=ben").code(), 1013);
}

TEST_F(WebSocketTest, TakesFragmentsAndControlFramesBetween) {
  start();
  RawClient client(port);
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  client.write(client_frame(0x01, ring.substr(0, 10)) + client_frame(0x89, "hi") +
               client_frame(0x80, ring.substr(10)));
  EXPECT_EQ(client.read(4), "\x8a\x02hi");
  EXPECT_TRUE(engine.wait_for<engine::Send>());
}

TEST_F(WebSocketTest, TakesMessagesOfEverySizeUpToTheLimit) {
  auto client = connect("/party/r1?token=anna");
  for (const std::size_t size : {100U, 500U, 505U, 506U, 512U, 600U, 5'000U, 16'000U}) {
    const std::string padding(size, 'x');
    client.send(std::string(R"({"type":"PING","padding":")").append(padding).append("\"}"));
    EXPECT_EQ(client.read(), R"({"type":"PONG"})") << size;
  }
}

TEST_F(WebSocketTest, PipelinedGarbageIsAProtocolError) {
  start();
  RawClient client(port);
  client.write(
      "GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      "GET / HTTP/1.1\r\n\r\n");
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_to_end().substr(2, 2), "\x03\xea") << "1002, then the end";
}

struct BadFrame {
  std::string bytes;
  std::uint16_t code;
};
class BadFrames : public WebSocketTest, public testing::WithParamInterface<BadFrame> {};

TEST_P(BadFrames, CloseTheSession) {
  start();
  RawClient client(port);
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  opened();
  client.write(GetParam().bytes);
  const auto frame = client.read(4);
  ASSERT_EQ(frame.size(), 4);
  EXPECT_EQ(frame[0], '\x88');
  EXPECT_EQ(static_cast<std::uint8_t>(frame[2]) * 256 + static_cast<std::uint8_t>(frame[3]),
            GetParam().code);
  client.read_to_end();
  EXPECT_TRUE(engine.wait_for<engine::CloseNotice>());
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFrames,
    testing::Values(BadFrame{client_frame(0x82, "binary"), 1003},
                    BadFrame{client_frame(0x81, "\xff\xfe"), 1007},
                    BadFrame{client_frame(0x81, std::string(17 * 1024, 'x')), 1009},
                    BadFrame{"\x81\x05Hello", 1002}, BadFrame{client_frame(0xC1, "{}"), 1002}));

TEST_F(WebSocketTest, AnswersAPeersClose) {
  auto client = connect("/party/r1?token=anna");
  const auto open = opened();
  EXPECT_TRUE(client.close(4000));
  EXPECT_EQ(engine.wait_for<engine::CloseNotice>()->session, open.session);

  RawClient raw(port);
  ASSERT_TRUE(raw.upgrade("/party/r1?token=anna"));
  raw.write(client_frame(0x88,
                         "\x03\xe8"
                         "bye"));
  EXPECT_EQ(raw.read_to_end(), "\x88\x02\x03\xe8");
  EXPECT_TRUE(engine.wait_for<engine::CloseNotice>(1));
}

TEST_F(WebSocketTest, AnAnswerComesThoughAnotherMessageIsStillWithTheEngine) {
  settings.io_threads = 1;
  auto anna = connect("/party/r1?token=anna");
  auto ben = connect("/party/r1?token=ben");
  const auto session = opened().session;
  anna.send(ring);
  ben.send(ring);
  ASSERT_TRUE(engine.wait_for<engine::Send>(1));
  engine.carry_out({engine::Handled{session}, ack(session, "m1")});
  EXPECT_THAT(anna.read().value_or(""), HasSubstr(R"("id":"m1")"));
}

TEST_F(WebSocketTest, TellsTheEngineWhenAConnectionIsLost) {
  {
    auto client = connect("/party/r1?token=anna");
    opened();
  }
  EXPECT_TRUE(engine.wait_for<engine::CloseNotice>());
}

TEST_F(WebSocketTest, TheEngineClosesASession) {
  auto client = connect("/party/r1?token=anna");
  const auto session = opened().session;
  engine.carry_out({ack(session, "m1"), engine::CloseSession{session, {4403, "not yours"}}});
  EXPECT_THAT(client.read().value_or(""), HasSubstr("ACK"));
  EXPECT_EQ(client.code(), 4403);
  EXPECT_EQ(client.reason(), "not yours");
  EXPECT_TRUE(engine.wait_for<engine::CloseNotice>());
}

TEST_F(WebSocketTest, PingsAndDropsTheSilent) {
  settings.websocket.ping_interval = milliseconds(32);
  settings.websocket.silence_max = milliseconds(300);
  start();
  RawClient silent(port);
  ASSERT_TRUE(silent.upgrade("/party/r1?token=anna"));
  EXPECT_EQ(silent.read(2), std::string("\x89\0", 2));
  const auto rest = silent.read_to_end();
  EXPECT_EQ(rest.find('\x88'), std::string::npos) << "no handshake with the dead";
  EXPECT_TRUE(engine.wait_for<engine::CloseNotice>());
}

TEST_F(WebSocketTest, ClosesWhenTheTokenExpires) {
  auto client = connect("/party/r1?token=anna@30");
  EXPECT_EQ(client.code(), 4401);
  EXPECT_EQ(client.reason(), "token expired");
}

TEST_F(WebSocketTest, AuthExtendsTheSession) {
  auto client = connect("/v1/ws?token=anna@2000");
  opened();
  client.send(R"({"type":"AUTH","token":"bad"})");
  EXPECT_THAT(client.read().value_or(""), HasSubstr("UNAUTHENTICATED")) << "the old one holds";
  client.send(R"({"type":"AUTH","token":"anna@60"})");
  EXPECT_EQ(client.code(), 4401) << "the fresh token's time counts";
  auto other = connect("/v1/ws?token=anna");
  other.send(R"({"type":"AUTH","token":"ben"})");
  EXPECT_EQ(other.code(), 1008);
  auto tenant = connect("/v1/ws?token=anna");
  tenant.send(R"({"type":"AUTH","token":"t2:anna"})");
  EXPECT_EQ(tenant.code(), 1008);
}

TEST_F(WebSocketTest, AFreshTokenOfAnotherRoleEndsTheSession) {
  auto client = connect("/v1/ws?token=anna");
  opened();
  client.send(R"({"type":"AUTH","token":"anna!"})");
  EXPECT_EQ(client.code(), 1008) << "the engine would go by the old role";
  auto waiting = connect("/v1/ws");
  waiting.send(R"({"type":"AUTH","token":"anna!"})");
  EXPECT_EQ(opened(1).sender.role, call::Role::portal_customer);
  waiting.send(R"({"type":"AUTH","token":"anna!"})");
  waiting.send(R"({"type":"PING"})");
  EXPECT_THAT(waiting.read().value_or(""), HasSubstr("PONG")) << "the same role goes on";
}

TEST_F(WebSocketTest, ASlowReaderIsClosed) {
  settings.websocket.queue_messages_max = 64;
  settings.send_buffer_bytes = 4096;
  start();
  RawClient client(port);
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  const auto session = opened().session;
  engine::RoomState big;
  big.name = *call::parse_room_name("r1");
  big.room.participants.resize(32);
  // Until the kernel takes no more and the queue is full.
  for (int i = 0; i < 20'000 && engine.count<engine::CloseNotice>() == 0; ++i)
    engine.carry_out({engine::Reply{session, big}});
  ASSERT_TRUE(engine.wait_for<engine::CloseNotice>());
  client.write(client_frame(0x88, "\x11\x3a"));
  const auto all = client.read_to_end();
  const auto close = all.rfind("\x88");
  ASSERT_NE(close, std::string::npos);
  EXPECT_EQ(all.substr(close + 2, 2), "\x11\x3a") << "4410 after whole frames";
}

TEST_F(WebSocketTest, ABurstThatTheSocketTakesIsNotSlow) {
  settings.websocket.queue_messages_max = 16;
  auto client = connect("/party/r1?token=anna");
  const auto session = opened().session;
  std::vector<engine::Effect> burst;
  for (int i = 0; i < 200; ++i) burst.push_back(ack(session, numbered(i)));
  engine.carry_out(std::move(burst));
  for (int i = 0; i < 200; ++i) EXPECT_THAT(client.read().value_or(""), HasSubstr(numbered(i)));
}

TEST_F(WebSocketTest, RefusesBeyondTheRateAndClosesForAbuse) {
  settings.websocket.messages = {.per_second = 1, .burst = 2};
  settings.websocket.refusals = {.per_second = 0.001, .burst = 3};
  auto client = connect("/party/r1?token=anna");
  opened();
  for (int i = 0; i < 6; ++i) client.send(ring);
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.read().value_or("");
    EXPECT_THAT(answer, HasSubstr("RATE_LIMITED"));
    EXPECT_THAT(answer, HasSubstr("retryAfterMs"));
    EXPECT_THAT(answer, HasSubstr("m1"));
  }
  EXPECT_EQ(client.code(), 4429);
  EXPECT_EQ(engine.count<engine::Send>(), 2);
}

TEST_F(WebSocketTest, AFloodThatIsNowAndThenWithinTheRateIsAbuseAllTheSame) {
  settings.websocket.messages = {.per_second = 10'000, .burst = 1};
  settings.websocket.refusals = {.per_second = 0.001, .burst = 100};
  auto client = connect("/party/r1?token=anna");
  opened();
  bool open = true;
  for (int i = 0; i < 100'000 && open; ++i) {
    client.send(R"({"type":"PING"})");
    client.send(R"({"type":"PING"})");
    open = client.read() && client.read();
  }
  EXPECT_EQ(client.code(), 4429);
}

TEST_F(WebSocketTest, DrainingSays1001AndWaits) {
  auto a = connect("/party/r1?token=anna");
  auto b = connect("/v1/ws");
  RawClient half(port);
  half.write("GET /party");
  opened();
  // One that is taken later is not waited for.
  while (server->connections() < 3) std::this_thread::yield();
  std::thread drain([this] { server->drain(std::chrono::seconds(10)); });
  EXPECT_EQ(a.code(), 1001);
  EXPECT_EQ(b.code(), 1001);
  EXPECT_EQ(half.read_to_end(), "");
  drain.join();
  EXPECT_EQ(server->connections(), 0);
}

TEST_F(WebSocketTest, DrainingAnswersProbesAndTakesNobodyNew) {
  settings.io_threads = 1;
  start();
  RawClient deaf(port);  // does not answer the close frame
  ASSERT_TRUE(deaf.upgrade("/party/r1?token=anna"));
  opened();
  std::thread drain([this] { server->drain(std::chrono::seconds(10)); });
  EXPECT_THAT(deaf.read(2), testing::StartsWith("\x88"));
  const auto answer = [this](std::string_view line) {
    RawClient client(port);
    client.write(std::string(line) + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ben\r\n\r\n");
    return client.read_to_end();
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(answer("GET /readyz"),
                AllOf(HasSubstr(" 503 "), HasSubstr("Connection: close"), HasSubstr("not ready")));
    EXPECT_THAT(answer("GET /healthz"), HasSubstr(" 200 "));
    for (const auto* line : {"GET /v1/messages", "GET /v1/stream", "POST /v1/messages",
                             "POST /voip/start", "GET /v1/rooms/r1/state"})
      EXPECT_THAT(answer(line), AllOf(HasSubstr(" 503 "), HasSubstr("OVERLOADED"))) << line;
    EXPECT_EQ(connect("/party/r1?token=ben").code(), 1001);
    EXPECT_EQ(connect("/v1/ws").code(), 1001);
  }
  EXPECT_EQ(engine.count<engine::OpenSession>(), 1U);
  // Who came to look does not hold it up.
  RawClient looks(port);
  looks.write("GET /rea");
  deaf.write(client_frame(0x88, "\x03\xe9"));
  deaf.read_to_end();
  drain.join();
  EXPECT_EQ(server->connections(), 1U);
}

TEST_F(WebSocketTest, DrainingGivesUpOnWhoDoesNotAnswer) {
  start();
  RawClient client(port);
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  opened();
  server->drain(milliseconds(20));
  EXPECT_EQ(server->connections(), 1);
  server->stop();
}

TEST_F(WebSocketTest, ConnectionsBeyondTheCapAreClosed) {
  settings.connections_max = 1;
  auto first = connect("/v1/ws");
  ASSERT_TRUE(first.connected());
  EXPECT_FALSE(connect("/v1/ws").connected());
}

}  // namespace
}  // namespace callstate::transports
