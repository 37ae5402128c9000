#include "transports/tls_connection.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <cstdint>
#include <new>
#include <string_view>

namespace callstate::transports {
namespace {

constexpr std::size_t record_bytes_max = 16 * 1024;

// A socket as OpenSSL sees it. OpenSSL's own would let a write to a connection
// that is gone end the process with SIGPIPE.

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool passing(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int read_socket(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = ::recv(socket_of(bio), into, static_cast<std::size_t>(size), 0);
  if (got < 0 && passing(errno)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

int write_socket(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(socket_of(bio), from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && passing(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;  // nothing is ever held back
}

BIO_METHOD* make_socket_method() {
  auto* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
  if (method == nullptr) throw std::bad_alloc();
  BIO_meth_set_read(method, read_socket);
  BIO_meth_set_write(method, write_socket);
  BIO_meth_set_ctrl(method, control_socket);
  return method;
}

BIO* make_bio(int socket) {
  static BIO_METHOD* const method = make_socket_method();
  BIO* bio = BIO_new(method);
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace

void TlsConnection::Free::operator()(ssl_st* session) const {
  SSL_free(session);
}

TlsConnection::TlsConnection(ssl_ctx_st& context, int socket) : session_(SSL_new(&context)) {
  if (!session_) throw std::bad_alloc();
  auto* bio = make_bio(socket);
  SSL_set_bio(session_.get(), bio, bio);
  SSL_set_accept_state(session_.get());
}

std::size_t TlsConnection::read_some(std::span<char> into, ErrorCode& error) {
  error = asio::error::connection_aborted;
  if (broken_) return 0;
  ERR_clear_error();
  std::size_t size = 0;
  const int result = SSL_read_ex(session_.get(), into.data(), into.size(), &size);
  holds_input_ = result == 1 && SSL_has_pending(session_.get()) != 0;
  error = result == 1 ? ErrorCode() : judge(result, read_waits_for_);
  return size;
}

std::size_t TlsConnection::write_some(std::span<const char> from, ErrorCode& error) {
  error = {};
  while (!unsent_.empty()) {
    const auto size = write_record(unsent_, error);
    if (error) return 0;
    unsent_.erase(0, size);
    if (unsent_.empty()) unsent_ = {};
  }
  std::size_t taken = 0;
  while (taken < from.size() && !error) {
    const auto record = from.subspan(taken, std::min(record_bytes_max, from.size() - taken));
    taken += write_record(record, error);
    if (error != asio::error::would_block) continue;
    unsent_.assign(record.data(), record.size());
    taken += record.size();
  }
  return taken;
}

std::size_t TlsConnection::write_record(std::span<const char> from, ErrorCode& error) {
  error = asio::error::connection_aborted;
  if (broken_) return 0;
  ERR_clear_error();
  std::size_t size = 0;
  const int result = SSL_write_ex(session_.get(), from.data(), from.size(), &size);
  error = result == 1 ? ErrorCode() : judge(result, write_waits_for_);
  return size;
}

TlsConnection::ErrorCode TlsConnection::judge(int result, Socket::wait_type& waits_for) {
  const int system_error = errno;
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      waits_for = Socket::wait_read;
      return asio::error::would_block;
    case SSL_ERROR_WANT_WRITE:
      waits_for = Socket::wait_write;
      return asio::error::would_block;
    case SSL_ERROR_ZERO_RETURN:
      return asio::error::eof;
    case SSL_ERROR_SSL: {
      broken_ = true;
      const auto error = ERR_peek_error();
      if (ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST) answer_plain_http();
      return {static_cast<int>(error), asio::error::get_ssl_category()};
    }
    default:
      broken_ = true;
      if (system_error == 0) return asio::error::connection_reset;
      return {system_error, boost::system::system_category()};
  }
}

// A mistake in an address is told from a server that is down.
void TlsConnection::answer_plain_http() {
  static constexpr std::string_view answer =
      "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
      "Content-Type: application/problem+json\r\nContent-Length: 91\r\n\r\n"
      R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"this port speaks https"})";
  const int socket = socket_of(SSL_get_rbio(session_.get()));
  (void)::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
  (void)::shutdown(socket, SHUT_WR);
  // Closed with bytes unread, the connection would be reset under the answer.
  std::array<char, 4096> rest;
  while (::recv(socket, rest.data(), rest.size(), MSG_DONTWAIT) > 0) {
  }
}

void TlsConnection::shutdown() {
  if (broken_ || !unsent_.empty() || SSL_is_init_finished(session_.get()) == 0) return;
  ERR_clear_error();
  (void)SSL_shutdown(session_.get());
  ERR_clear_error();
}

}  // namespace callstate::transports
