#include "transports/websocket_session.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "server_fixture.hpp"

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
    upgrade.token = "anna";
    session.begin(upgrade);
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
  session.begin({});
  EXPECT_EQ(server.unauthenticated, 0);
}

}  // namespace
}  // namespace callstate::transports
