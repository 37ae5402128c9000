#include "test_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>

namespace callstate::transports {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto patience = std::chrono::seconds(10);

tcp::endpoint at(std::uint16_t port) {
  return {asio::ip::address_v4::loopback(), port};
}

// Starts an operation and runs it to its end, or fails the test.
template <class Start>
error_code finish(asio::io_context& context, tcp::socket& socket, Start start) {
  std::optional<error_code> done;
  start([&done](error_code error, auto&&...) { done = error; });
  context.restart();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!done && context.run_one_until(deadline) != 0) {
  }
  if (!done) {
    ADD_FAILURE() << "nothing happened for ten seconds";
    error_code ignored;
    socket.close(ignored);
    context.restart();
    context.run();
  }
  return done.value_or(asio::error::timed_out);
}

}  // namespace

struct TestClient::Impl {
  asio::io_context context;
  websocket::stream<tcp::socket> stream{context};
  websocket::response_type response;
  bool connected = false;
  int pings = 0;
  std::vector<std::string> pongs;

  tcp::socket& socket() { return stream.next_layer(); }
  template <class Start>
  error_code run(Start start) {
    return finish(context, socket(), start);
  }
};

TestClient::TestClient(std::uint16_t port, std::string_view target, const Fields& fields)
    : impl_(std::make_unique<Impl>()) {
  auto& stream = impl_->stream;
  stream.set_option(websocket::stream_base::decorator([fields](websocket::request_type& request) {
    for (const auto& [name, value] : fields) request.insert(name, value);
  }));
  stream.control_callback(
      [impl = impl_.get()](websocket::frame_type kind, beast::string_view text) {
        if (kind == websocket::frame_type::ping) ++impl->pings;
        if (kind == websocket::frame_type::pong) impl->pongs.emplace_back(text);
      });
  auto error = impl_->run([&](auto done) { impl_->socket().async_connect(at(port), done); });
  if (!error)
    error = impl_->run([&](auto done) {
      stream.async_handshake(impl_->response, "localhost", std::string(target), done);
    });
  impl_->connected = !error;
}
TestClient::~TestClient() = default;

bool TestClient::connected() const {
  return impl_->connected;
}
std::string TestClient::protocol() const {
  return std::string(impl_->response["Sec-WebSocket-Protocol"]);
}

void TestClient::send(std::string_view text) {
  impl_->stream.text(true);
  impl_->run([&](auto done) { impl_->stream.async_write(asio::buffer(text), done); });
}

void TestClient::send_binary(std::string_view bytes) {
  impl_->stream.binary(true);
  impl_->run([&](auto done) { impl_->stream.async_write(asio::buffer(bytes), done); });
}

void TestClient::ping(std::string_view payload) {
  websocket::ping_data data(payload.begin(), payload.end());
  impl_->run([&](auto done) { impl_->stream.async_ping(data, done); });
}

std::optional<std::string> TestClient::read() {
  beast::flat_buffer buffer;
  const auto error = impl_->run([&](auto done) { impl_->stream.async_read(buffer, done); });
  if (error) return std::nullopt;
  return beast::buffers_to_string(buffer.data());
}

std::uint16_t TestClient::code() {
  while (read()) {
  }
  return impl_->stream.reason().code;
}
std::string TestClient::reason() const {
  const auto& reason = impl_->stream.reason().reason;
  return {reason.begin(), reason.end()};
}
int TestClient::pings() const {
  return impl_->pings;
}
std::vector<std::string> TestClient::pongs() const {
  return impl_->pongs;
}

bool TestClient::close(std::uint16_t code) {
  return !impl_->run([&](auto done) {
    impl_->stream.async_close(static_cast<websocket::close_code>(code), done);
  });
}

struct RawClient::Impl {
  asio::io_context context;
  tcp::socket socket{context};
  std::string pending;

  template <class Start>
  error_code run(Start start) {
    return finish(context, socket, start);
  }
  std::string take(std::size_t size) {
    auto taken = pending.substr(0, size);
    pending.erase(0, size);
    return taken;
  }
};

RawClient::RawClient(std::uint16_t port) : impl_(std::make_unique<Impl>()) {
  EXPECT_FALSE(impl_->run([&](auto done) { impl_->socket.async_connect(at(port), done); }));
}
RawClient::~RawClient() = default;

void RawClient::write(std::string_view bytes) {
  impl_->run([&](auto done) { asio::async_write(impl_->socket, asio::buffer(bytes), done); });
}

std::string RawClient::read_until(std::string_view end) {
  impl_->run([&](auto done) {
    asio::async_read_until(impl_->socket, asio::dynamic_buffer(impl_->pending), std::string(end),
                           done);
  });
  const auto found = impl_->pending.find(end);
  return impl_->take(found == std::string::npos ? found : found + end.size());
}

std::string RawClient::read(std::size_t size) {
  if (impl_->pending.size() < size)
    impl_->run([&](auto done) {
      asio::async_read(impl_->socket, asio::dynamic_buffer(impl_->pending),
                       asio::transfer_exactly(size - impl_->pending.size()), done);
    });
  return impl_->take(size);
}

std::string RawClient::read_to_end() {
  impl_->run([&](auto done) {
    asio::async_read(impl_->socket, asio::dynamic_buffer(impl_->pending), done);
  });
  return impl_->take(std::string::npos);
}

bool RawClient::upgrade(std::string_view target, std::string_view fields) {
  write(std::string("GET ").append(target) +
        " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        std::string(fields) + "\r\n");
  return read_until("\r\n\r\n").starts_with("HTTP/1.1 101 ");
}

}  // namespace callstate::transports
