#include "transports/stream.hpp"

#include <poll.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

namespace callstate::transports {

void Stream::start_tls(ssl_ctx_st& context) {
  tls_ = std::make_unique<TlsConnection>(context, socket_.native_handle());
}

std::size_t Stream::read_some(std::span<char> into, ErrorCode& error) {
  if (tls_) return tls_->read_some(into, error);
  return socket_.read_some(asio::buffer(into.data(), into.size()), error);
}

std::size_t Stream::write_some(std::span<const char> from, ErrorCode& error) {
  if (tls_) return tls_->write_some(from, error);
  return socket_.write_some(asio::buffer(from.data(), from.size()), error);
}

Task<void> Stream::readable(ErrorCode& error) {
  if (is_readable()) {
    co_await asio::post(get_executor(), use_task);
    error = {};
  } else {
    co_await socket_.async_wait(read_wait(), asio::redirect_error(use_task, error));
  }
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
  while (!from.empty() || has_unsent()) {
    from = from.subspan(write_some(from, error));
    if (error == asio::error::would_block)
      co_await socket_.async_wait(write_wait(), asio::redirect_error(use_task, error));
    if (error) break;
  }
  co_return error;
}

SessionStream Stream::release() {
  ErrorCode error;
  const int descriptor = socket_.is_open() ? socket_.release(error) : -1;
  return {error ? -1 : descriptor, std::move(tls_)};
}

void Stream::cancel() {
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Stream::shutdown_send() {
  if (tls_) tls_->shutdown();
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() {
  if (tls_) tls_->shutdown();
  // It knows the socket by a number that may soon be another connection's.
  tls_.reset();
  ErrorCode ignored;
  socket_.close(ignored);
}

bool Stream::peer_has_ended() {
  if (!socket_.is_open()) return true;
  pollfd look{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&look, 1, 0) > 0;
}

std::string Stream::peer_address() const {
  ErrorCode error;
  const auto peer = socket_.remote_endpoint(error);
  return error ? std::string() : peer.address().to_string();
}

}  // namespace callstate::transports
