#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "client_frame.hpp"
#include "server_fixture.hpp"
#include "test_certificate.hpp"
#include "tls_client.hpp"

namespace callstate::transports {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view pong = R"({"type":"PONG"})";

std::string ping_frame() {
  return client_frame(0x81, R"({"type":"PING"})");
}

struct TlsTest : ServerFixture {
  TlsTest() {
    files.put(TestCertificate::make("first"));
    auto loaded = TlsCertificate::load(files.chain(), files.key());
    EXPECT_TRUE(loaded) << loaded.error();
    certificate = std::move(*loaded);
  }
  // A long frame of the server.
  engine::Effect big(engine::SessionId session) {
    engine::RoomState state;
    state.name = *call::parse_room_name("r1");
    state.room.participants.resize(32);
    return engine::Reply{session, state};
  }
  CertificateFiles files;
};

TEST_F(TlsTest, CarriesHttp) {
  start();
  for (const bool tls12 : {false, true}) {
    TlsClient client(port, {.tls12 = tls12, .protocol = "http/1.1"});
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.server_name(), "first");
    EXPECT_EQ(client.protocol(), "http/1.1");
    client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_until("\r\n\r\nok"), StartsWith("HTTP/1.1 200 "));
    client.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), EndsWith("ok"));
    EXPECT_TRUE(client.ended_well());
  }
  EXPECT_FALSE(TlsClient(port, {.protocol = "h2"}).connected());
}

TEST_F(TlsTest, CarriesSessions) {
  start();
  TlsClient client(port);
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  EXPECT_EQ(opened().sender.user.view(), "anna");
  client.write(ping_frame());
  EXPECT_EQ(client.read_frame(), pong);
  client.write(client_frame(0x88, "\x03\xe8"));
  EXPECT_EQ(client.read_frame(), "\x03\xe8");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.ended_well());
  EXPECT_TRUE(engine.wait_for<engine::CloseNotice>());
}

// What is left in OpenSSL after a read makes no socket readable.
TEST_F(TlsTest, ReadsAllThatOneRecordHolds) {
  settings.websocket.messages = {.per_second = 10'000, .burst = 10'000};
  handler = [](const HttpRequest& request) {
    return HttpResponse{200, "text/plain", request.body};
  };
  start();
  TlsClient client(port);
  const std::string body(60'000, 'b');
  const std::string request =
      "POST /mine HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna\r\nContent-Length: ";
  client.write(request + "60000\r\n\r\n" + body + request + "2\r\n\r\nok");
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read(body.size()), body);
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read(2), "ok");

  std::string pings;
  for (int i = 0; i < 500; ++i) pings += ping_frame();
  client.write(
      "GET /party/r1?token=anna HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      pings);
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read_frame(), pong) << i;
  client.write(pings);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read_frame(), pong) << i;
}

TEST_F(TlsTest, CarriesLongMessagesToWhoReadsSlowly) {
  constexpr int answers = 500;
  settings.send_buffer_bytes = 4096;
  settings.websocket.message_bytes_max = 1024 * 1024;
  settings.websocket.queue_bytes_max = 16 * 1024 * 1024;
  start();
  TlsClient client(port, {.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  const auto session = opened().session;
  client.write(
      client_frame(0x81, R"({"type":"PING","x":")" + std::string(1'000'000, 'x') + R"("})"));
  EXPECT_EQ(client.read_frame(), pong);
  // More than the kernel and OpenSSL hold: what is left waits in the queue.
  for (int i = 0; i < answers; ++i) engine.carry_out({big(session)});
  const auto expected = client.read_frame();
  EXPECT_THAT(expected, HasSubstr("ROOM_STATE"));
  EXPECT_GT(expected.size(), 1000);
  for (int i = 1; i < answers; ++i) ASSERT_EQ(client.read_frame(), expected) << i;
  client.write(ping_frame());
  EXPECT_EQ(client.read_frame(), pong);
}

// The queue is dropped while OpenSSL holds a record of it, half of it sent.
TEST_F(TlsTest, ASlowReaderIsClosedAfterWholeFrames) {
  settings.websocket.queue_messages_max = 64;
  settings.send_buffer_bytes = 4096;
  start();
  TlsClient client(port, {.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  const auto session = opened().session;
  for (int i = 0; i < 20'000 && engine.count<engine::CloseNotice>() == 0; ++i)
    engine.carry_out({big(session)});
  ASSERT_TRUE(engine.wait_for<engine::CloseNotice>());
  client.write(client_frame(0x88, "\x11\x3a"));
  std::string last;
  for (auto frame = client.read_frame(); !frame.empty(); frame = client.read_frame()) {
    EXPECT_EQ(frame.starts_with('{'), frame.ends_with('}')) << frame;
    last = frame;
  }
  EXPECT_THAT(last, StartsWith("\x11\x3a")) << "4410";
  EXPECT_TRUE(client.ended_well());
}

TEST_F(TlsTest, AnAnswerThatTheSocketDoesNotTakeAtOnceIsSentWhole) {
  const std::string body(4 * 1024 * 1024, 'b');
  handler = [&](const HttpRequest&) { return HttpResponse{200, "text/plain", body}; };
  settings.send_buffer_bytes = 4096;
  start();
  TlsClient client(port, {.receive_buffer_bytes = 4096});
  client.write("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_to_end(), body);
}

TEST_F(TlsTest, ASlowHandshakeIsDropped) {
  settings.head_timeout = milliseconds(30);
  start();
  RawClient mute(port);
  EXPECT_EQ(mute.read_to_end(), "");
  RawClient slow(port);
  slow.write(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  EXPECT_EQ(slow.read_to_end(), "");
}

TEST_F(TlsTest, GarbageIsDropped) {
  start();
  for (const std::string_view bytes :
       {std::string_view("\0\0\0\0\0\0\0\0", 8), std::string_view("\x80\x02\x01\x03\x01", 5),
        std::string_view("\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9),
        std::string_view("\x17\x03\x03\xff\xff", 5),
        std::string_view("hello, is anybody there?")}) {
    RawClient client(port);
    client.write(bytes);
    EXPECT_THAT(client.read_to_end(), testing::Not(HasSubstr("HTTP"))) << bytes;
  }
  TlsClient client(port);
  client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_until("ok"), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(logged("TLS with 127.0.0.1 failed"));
}

TEST_F(TlsTest, WhoSpeaksPlainHttpIsTold) {
  start();
  RawClient client(port);
  client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 400 "));
  const auto body = client.read_to_end();
  EXPECT_THAT(body, HasSubstr("this port speaks https"));
  EXPECT_THAT(head, HasSubstr("Content-Length: " + std::to_string(body.size()) + "\r\n"));
}

TEST_F(TlsTest, NewConnectionsGetTheNewCertificateAndOldOnesGoOn) {
  start();
  TlsClient old(port);
  ASSERT_TRUE(old.upgrade("/party/r1?token=anna"));
  files.put(TestCertificate::make("second"));
  EXPECT_FALSE(certificate->reload_if_changed().value());
  EXPECT_TRUE(certificate->reload_if_changed().value());
  EXPECT_EQ(TlsClient(port).server_name(), "second");
  old.write(ping_frame());
  EXPECT_EQ(old.read_frame(), pong);

  files.put_key("half a k");
  EXPECT_FALSE(certificate->reload());
  EXPECT_EQ(TlsClient(port).server_name(), "second");
}

TEST_F(TlsTest, DrainingWaitsForSessionsAndNotForHandshakes) {
  start();
  TlsClient client(port);
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  RawClient mute(port);
  TlsClient idle(port);
  ASSERT_TRUE(idle.connected());
  std::jthread draining([this] { server->drain(std::chrono::seconds(10)); });
  EXPECT_THAT(client.read_frame(), StartsWith("\x03\xe9")) << "1001";
  client.write(client_frame(0x88, "\x03\xe9"));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(mute.read_to_end(), "");
  EXPECT_EQ(idle.read_to_end(), "");
  draining.join();
  EXPECT_EQ(server->connections(), 0);
}

TEST_F(TlsTest, AClientThatIsGoneRaisesNoSignal) {
  std::signal(SIGPIPE, SIG_DFL);
  settings.send_buffer_bytes = 4096;
  settings.websocket.queue_bytes_max = 16 * 1024 * 1024;
  start();
  for (std::size_t round = 0; round < 5; ++round) {
    TlsClient client(port, {.receive_buffer_bytes = 4096});
    ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
    const auto session = opened(round).session;
    for (int i = 0; i < 200; ++i) engine.carry_out({big(session)});
    client.read_frame();
    client.reset();
    for (int i = 0; i < 200; ++i) engine.carry_out({big(session)});
    ASSERT_TRUE(engine.wait_for<engine::CloseNotice>(round));
  }
  EXPECT_TRUE(TlsClient(port).connected());
}

}  // namespace
}  // namespace callstate::transports
