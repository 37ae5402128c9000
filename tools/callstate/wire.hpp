#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <optional>
#include <utility>

// Private to net.cpp.

namespace callstate::tools {

/// A stream of Beast's, by TLS where `tls` is set: one type, so that what is
/// heavy to compile on it is compiled once. Stays where it is.
class Wire {
 public:
  using Tcp = boost::beast::tcp_stream;
  using Tls = boost::asio::ssl::stream<Tcp&>;
  using executor_type = Tcp::executor_type;

  explicit Wire(boost::asio::io_context& io) : tcp(io) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  executor_type get_executor() { return tcp.get_executor(); }
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls) return tls->async_read_some(buffers, std::forward<Handler>(handler));
    tcp.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls) return tls->async_write_some(buffers, std::forward<Handler>(handler));
    tcp.async_write_some(buffers, std::forward<Handler>(handler));
  }

  Tcp tcp;
  std::optional<boost::asio::ssl::context> trust;
  std::optional<Tls> tls;
};

// What Beast asks of a stream below a WebSocket when that ends.
inline void teardown(boost::beast::role_type role, Wire& wire, boost::system::error_code& error) {
  boost::beast::websocket::teardown(role, wire.tcp.socket(), error);
}
template <class Handler>
void async_teardown(boost::beast::role_type role, Wire& wire, Handler&& handler) {
  boost::beast::websocket::async_teardown(role, wire.tcp.socket(), std::forward<Handler>(handler));
}

inline void beast_close_socket(Wire& wire) {
  wire.tcp.close();
}

}  // namespace callstate::tools
