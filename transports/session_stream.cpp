#include "transports/session_stream.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <utility>

namespace callstate::transports {
namespace {

SessionStream::ErrorCode last_error() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return asio::error::would_block;
  return {errno, boost::system::system_category()};
}

std::uint32_t event_of(Socket::wait_type wait) {
  return wait == Socket::wait_write ? EPOLLOUT : EPOLLIN;
}

}  // namespace

SessionStream::SessionStream(SessionStream&& other) noexcept
    : tls_(std::move(other.tls_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

std::size_t SessionStream::read_some(std::span<char> into, ErrorCode& error) {
  if (tls_) return tls_->read_some(into, error);
  const auto got = ::recv(descriptor_, into.data(), into.size(), 0);
  error = got > 0 ? ErrorCode() : got == 0 ? ErrorCode(asio::error::eof) : last_error();
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::size_t SessionStream::write_some(std::span<const char> from, ErrorCode& error) {
  if (tls_) return tls_->write_some(from, error);
  const auto sent = ::send(descriptor_, from.data(), from.size(), MSG_NOSIGNAL);
  error = sent >= 0 ? ErrorCode() : last_error();
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

std::uint32_t SessionStream::read_waits_for() const {
  return tls_ ? event_of(tls_->read_waits_for()) : EPOLLIN;
}

std::uint32_t SessionStream::write_waits_for() const {
  return tls_ ? event_of(tls_->write_waits_for()) : EPOLLOUT;
}

void SessionStream::shutdown_send() {
  if (tls_) tls_->shutdown();
  (void)::shutdown(descriptor_, SHUT_WR);
}

void SessionStream::close() {
  if (tls_) tls_->shutdown();
  // It knows the socket by a number that may soon be another connection's.
  tls_.reset();
  if (descriptor_ >= 0) (void)::close(std::exchange(descriptor_, -1));
}

std::string SessionStream::peer_address() const {
  asio::ip::tcp::endpoint peer;
  auto size = static_cast<socklen_t>(peer.capacity());
  if (::getpeername(descriptor_, peer.data(), &size) != 0) return {};
  peer.resize(size);
  return peer.address().to_string();
}

}  // namespace callstate::transports
