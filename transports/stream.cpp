#include "transports/stream.hpp"

#include <boost/asio/buffer.hpp>

namespace callstate::transports {

std::size_t Stream::read_some(std::span<char> into, ErrorCode& error) {
  return socket_.read_some(asio::buffer(into.data(), into.size()), error);
}

std::size_t Stream::write_some(std::span<const char> from, ErrorCode& error) {
  return socket_.write_some(asio::buffer(from.data(), from.size()), error);
}

Task<void> Stream::readable(ErrorCode& error) {
  co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(use_task, error));
}

Task<std::size_t> Stream::async_read_some(std::span<char> into, ErrorCode& error) {
  for (;;) {
    const auto size = read_some(into, error);
    if (error != asio::error::would_block) co_return size;
    co_await readable(error);
    if (error) co_return 0;
  }
}

Task<Stream::ErrorCode> Stream::async_write(std::span<const char> from) {
  ErrorCode error;
  while (!from.empty()) {
    from = from.subspan(write_some(from, error));
    if (error == asio::error::would_block)
      co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(use_task, error));
    if (error) break;
  }
  co_return error;
}

void Stream::shutdown_send() {
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

std::string Stream::peer_address() const {
  ErrorCode error;
  const auto peer = socket_.remote_endpoint(error);
  return error ? std::string() : peer.address().to_string();
}

}  // namespace callstate::transports
