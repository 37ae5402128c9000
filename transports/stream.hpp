#pragma once

#include <boost/asio/post.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "transports/io_thread.hpp"
#include "transports/session_stream.hpp"
#include "transports/tls_connection.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// A connection's bytes while it speaks HTTP, plain or by TLS. Reads and writes
/// what can be at once, and says when more can be. On the connection's thread.
/// While a wait is pending the stream stays where it is.
class Stream {
 public:
  using ErrorCode = boost::system::error_code;

  explicit Stream(Socket socket) : socket_(std::move(socket)) {}

  /// From here on the server's side of TLS. Its first reads shake hands.
  void start_tls(ssl_ctx_st& context);

  /// Gives how many bytes there were, or an error: `would_block` when there are
  /// none yet, `eof` when the peer has ended its side.
  std::size_t read_some(std::span<char> into, ErrorCode& error);
  /// Gives how many bytes were taken, which may be few, and must not be offered
  /// again: some may be taken with `would_block` too.
  std::size_t write_some(std::span<const char> from, ErrorCode& error);
  /// Of what was taken something is not yet sent: another write has to follow,
  /// if only of nothing.
  [[nodiscard]] bool has_unsent() const { return tls_ && tls_->holds_output(); }

  /// Waits as long as it takes until it is worth trying again.
  Task<void> readable(ErrorCode& error);
  Task<std::size_t> async_read_some(std::span<char> into, ErrorCode& error);
  /// Writes all of it.
  Task<ErrorCode> async_write(std::span<const char> from);

  /// Takes the connection out of Asio's hands. Nothing waits, and the stream is
  /// closed afterwards.
  SessionStream release();

  /// What waits now ends with `operation_aborted`; the connection stays.
  void cancel();
  /// Tells the peer that nothing follows. It may still send.
  void shutdown_send();
  /// Ends all that waits, with `operation_aborted`, or lets it find out.
  void close();
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  [[nodiscard]] Executor get_executor() { return socket_.get_executor(); }
  /// Whether the peer has ended its side, or is gone: it asks for nothing any more.
  [[nodiscard]] bool peer_has_ended();
  /// The peer's IP address, for limits and logs; empty when it is gone already.
  [[nodiscard]] std::string peer_address() const;

 private:
  [[nodiscard]] bool is_readable() const { return tls_ && tls_->holds_input(); }
  [[nodiscard]] Socket::wait_type read_wait() const {
    return tls_ ? tls_->read_waits_for() : Socket::wait_read;
  }
  [[nodiscard]] Socket::wait_type write_wait() const {
    return tls_ ? tls_->write_waits_for() : Socket::wait_write;
  }

  Socket socket_;
  std::unique_ptr<TlsConnection> tls_;  // none: plain, or closed
};

}  // namespace callstate::transports
