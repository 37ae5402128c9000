#include "transports/metrics.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "server_fixture.hpp"

// What a server says of itself, in numbers.

namespace callstate::transports {
namespace {

using engine::MessageOutcome;
using engine::MessageType;

struct ServerMetricsTest : ServerFixture {
  template <class Enough>
  bool becomes(const Enough& enough) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!enough(server->metrics())) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  [[nodiscard]] std::size_t connections(ConnectionKind kind) const {
    return server->metrics().connections[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::uint64_t closed(CloseReason reason) const {
    return server->metrics().closed[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t messages(MessageType type, MessageOutcome outcome) const {
    return server->metrics()
        .messages[static_cast<std::size_t>(type)][static_cast<std::size_t>(outcome)];
  }
};

TEST_F(ServerMetricsTest, TellConnectionsApartByWhatTheySpeak) {
  {
    auto session = connect("/party/r1?token=anna");
    RawClient plain(port);
    plain.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    plain.read_until("ok");
    EXPECT_EQ(connections(ConnectionKind::websocket), 1U);
    EXPECT_EQ(connections(ConnectionKind::http), 1U);
    EXPECT_EQ(server->metrics().responses[1], 1U);  // 2xx
  }
  EXPECT_TRUE(becomes(
      [](const ServerReading& now) { return now.connections == decltype(now.connections){}; }));
}

TEST_F(ServerMetricsTest, CountWhoWaitsForAuth) {
  settings.unauthenticated_max = 1;
  auto waiting = connect("/v1/ws");
  ASSERT_TRUE(becomes([](const ServerReading& now) { return now.waiting == 1; }));
  EXPECT_EQ(connect("/v1/ws").code(), 1013);
  EXPECT_EQ(server->metrics().waiting_refused, 1U);
  EXPECT_EQ(closed(CloseReason::overloaded), 1U);
  waiting.send(R"({"type":"AUTH","token":"anna"})");
  ASSERT_TRUE(becomes([](const ServerReading& now) { return now.waiting == 0; }));
  EXPECT_EQ(messages(MessageType::auth, MessageOutcome::applied), 1U);
}

TEST_F(ServerMetricsTest, CountRefusedConnections) {
  settings.connections_max = 1;
  auto first = connect("/party/r1?token=anna");
  RawClient second(port);
  EXPECT_EQ(second.read_to_end(), "");
  EXPECT_EQ(server->metrics().connections_refused, 1U);
}

TEST_F(ServerMetricsTest, CountFailedAuthentications) {
  settings.failed_authentications = {.per_second = 0.001, .burst = 1};
  EXPECT_EQ(connect("/party/r1?token=bad").code(), 1008);
  EXPECT_EQ(connect("/party/r1?token=bad").code(), 4429);
  const auto now = server->metrics();
  EXPECT_EQ(now.auth_failures[static_cast<std::size_t>(AuthFailure::Kind::malformed)], 1U);
  EXPECT_EQ(now.too_many_logins, 1U);
  EXPECT_EQ(closed(CloseReason::unauthenticated), 1U);
  EXPECT_EQ(closed(CloseReason::abuse), 1U);
}

TEST_F(ServerMetricsTest, CountMessagesThatDoNotReachTheEngine) {
  settings.websocket.messages = {.per_second = 0.001, .burst = 2};
  auto client = connect("/party/r1?token=anna");
  client.send("no message");
  client.send(R"({"type":"PING"})");
  client.send(R"({"type":"RINGING"})");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.read());
  EXPECT_EQ(messages(MessageType::unknown, MessageOutcome::invalid), 1U);
  EXPECT_EQ(messages(MessageType::ping, MessageOutcome::applied), 1U);
  EXPECT_EQ(messages(MessageType::ringing, MessageOutcome::rate_limited), 1U);
  EXPECT_EQ(server->metrics().too_many_messages, 1U);
}

TEST_F(ServerMetricsTest, CountWhoIsDroppedForSilence) {
  settings.websocket.silence_max = std::chrono::milliseconds(20);
  auto client = connect("/party/r1?token=anna");
  EXPECT_TRUE(becomes([this](const ServerReading&) { return closed(CloseReason::silent) == 1; }));
}

TEST_F(ServerMetricsTest, ShowWhatIsQueuedForWhoDoesNotRead) {
  settings.send_buffer_bytes = 4 * 1024;
  if (!server) start();
  RawClient client(port);
  ASSERT_TRUE(client.upgrade("/party/r1?token=anna"));
  const auto session = opened().session;
  const auto event = [&] {
    engine::RoomState state;
    state.name = *call::parse_room_name("r1");
    state.room.metadata = '"' + std::string(8'000, 'x') + '"';
    return engine::Effect(engine::Reply{session, state});
  };
  ASSERT_TRUE(becomes([&](const ServerReading& now) {
    if (now.queued_bytes == 0) engine.carry_out({event(), event(), event(), event()});
    return now.queued_bytes > 0;
  }));
  ASSERT_TRUE(becomes([](const ServerReading& now) {
    return now.deliveries_pending == 0 && now.queued_bytes == now.queued_bytes_max;
  }));
  const auto delivery = server->metrics().delivery;
  EXPECT_GT(std::accumulate(delivery.counts.begin(), delivery.counts.end(), std::uint64_t{0}), 0U);
  // One that never reads is ended, and nothing is queued for anybody any more.
  ASSERT_TRUE(becomes([&](const ServerReading&) {
    if (closed(CloseReason::slow) == 0) engine.carry_out(std::vector(100, event()));
    return closed(CloseReason::slow) == 1;
  }));
}

TEST(CloseReason, HasANameForEachCode) {
  for (const auto name : close_reason_names) EXPECT_FALSE(name.empty());
  EXPECT_EQ(close_reason(4410), CloseReason::slow);
  EXPECT_EQ(close_reason(1009), CloseReason::protocol);
  EXPECT_EQ(close_reason(4999), CloseReason::other);
}

}  // namespace
}  // namespace callstate::transports
