#include "transports/websocket_session.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "client_frame.hpp"
#include "server_fixture.hpp"
#include "transports/utc_now.hpp"

// Sessions on a thread that the test runs itself, for what depends on the order
// of things.

namespace callstate::transports {
namespace {

using asio::ip::tcp;

struct WebSocketSessionTest : testing::Test {
  WebSocketSessionTest() {
    tcp::acceptor acceptor(peers, {asio::ip::address_v4::loopback(), 0});
    peer.connect(acceptor.local_endpoint());
    socket = acceptor.accept(thread.context());
    socket.non_blocking(true);
  }

  void take(WebSocketSession& session, std::string_view text) {
    std::string frame = client_frame(0x81, text);
    session.take(frame);
  }
  // What the peer has been sent so far.
  std::string heard() {
    std::string bytes(4096, '\0');
    boost::system::error_code nothing_yet;
    peer.non_blocking(true);
    bytes.resize(peer.read_some(asio::buffer(bytes), nothing_yet));
    return bytes;
  }

  FakeEngine engine;
  support::MemoryLog log;
  support::MemorySnapshots snapshots;
  engine::Mailbox mailbox{snapshots};
  FakeAuthenticator authenticator;
  ServerContext server{
      ServerSettings{},
      ServerPorts{engine, mailbox, log, authenticator, {}, nullptr, nullptr, {}, {}}};
  IoThread thread{0, std::chrono::seconds(1), engine};
  asio::io_context peers;
  tcp::socket peer{peers};
  Socket socket{thread.context()};
};

TEST_F(WebSocketSessionTest, OneThatBeginsWhileTheServerDrainsIsClosedAndNothingElse) {
  thread.drain();
  thread.context().poll();
  {
    WebSocketSession session(Ticket(server, thread), Stream(std::move(socket)));
    Upgrade upgrade;
    upgrade.room_path = true;
    upgrade.room = "r1";
    session.begin(upgrade, authenticator.verify("anna", utc_now()).value());
  }
  EXPECT_EQ(engine.count<engine::OpenSession>(), 0);
  std::string heard(100, '\0');
  boost::system::error_code end;
  heard.resize(peer.read_some(asio::buffer(heard), end));
  EXPECT_EQ(heard.substr(0, 1), "\x88");
  EXPECT_EQ(heard.substr(2, 2), "\x03\xe9") << "1001";
}

TEST_F(WebSocketSessionTest, OneThatWaitsForAuthWhileTheServerDrainsIsNotCounted) {
  thread.drain();
  thread.context().poll();
  WebSocketSession session(Ticket(server, thread), Stream(std::move(socket)));
  session.begin({}, {});
  EXPECT_EQ(server.unauthenticated, 0);
}

// Whether a token was revoked is known to the engine alone.
TEST_F(WebSocketSessionTest, NothingIsAnsweredBeforeTheEngineHasLetTheSessionIn) {
  WebSocketSession session(Ticket(server, thread), Stream(std::move(socket)));
  session.begin({}, {});
  take(session, R"({"type":"AUTH","token":"anna","id":"a"})");
  take(session, R"({"type":"PING"})");
  thread.context().poll();
  EXPECT_EQ(heard(), "");
  const auto open = engine.wait_for<engine::OpenSession>();
  ASSERT_TRUE(open);
  thread.hub().carry_out({engine::Attach{open->session}});
  thread.hub().flush();
  const auto answers = heard();
  const auto ack = answers.find(R"({"type":"ACK","id":"a",)");
  ASSERT_NE(ack, std::string::npos) << answers;
  EXPECT_LT(ack, answers.find(R"({"type":"PONG"})"));
  take(session, R"({"type":"PING","id":"p"})");
  EXPECT_NE(heard().find(R"({"type":"PONG","id":"p"})"), std::string::npos);
}

TEST_F(WebSocketSessionTest, WhatItSaysMeanwhileDoesNotHurryAnAnswerThatWaits) {
  WebSocketSession session(Ticket(server, thread), Stream(std::move(socket)));
  session.begin({}, {});
  take(session, R"({"type":"AUTH","token":"anna"})");
  thread.context().poll();
  const auto open = engine.wait_for<engine::OpenSession>();
  ASSERT_TRUE(open);
  thread.hub().carry_out({engine::Attach{open->session}});
  thread.hub().flush();
  (void)heard();
  thread.hub().carry_out(
      {engine::Handled{open->session}, engine::Reply{open->session, engine::AsOf{7}}});
  take(session, R"({"type":"RINGING","roomName":"r1"})");
  thread.hub().flush_urgent();
  EXPECT_EQ(heard(), "") << "it goes with what concerns the session next";
  take(session, R"({"type":"PING","id":"p"})");
  const auto both = heard();
  EXPECT_LT(both.find(R"("cursor":7)"), both.find(R"({"type":"PONG","id":"p"})")) << both;
}

TEST_F(WebSocketSessionTest, OneThatTheEngineTurnsAwayHearsOfItsEndAndNothingElse) {
  WebSocketSession session(Ticket(server, thread), Stream(std::move(socket)));
  session.begin({}, {});
  take(session, R"({"type":"AUTH","token":"anna","id":"a"})");
  take(session, R"({"type":"PING"})");
  thread.context().poll();
  const auto open = engine.wait_for<engine::OpenSession>();
  ASSERT_TRUE(open);
  thread.hub().carry_out({engine::CloseSession{open->session, {1008, "no"}}});
  thread.hub().flush();
  EXPECT_EQ(heard(), "\x88\x04\x03\xf0no");
}

}  // namespace
}  // namespace callstate::transports
