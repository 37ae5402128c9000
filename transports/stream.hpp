#pragma once

#include <boost/asio/redirect_error.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "transports/io_thread.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// A connection's bytes. Reads and writes what can be at once, and says when more
/// can be: a session waits without a buffer. On the connection's thread. While a
/// wait is pending the stream stays where it is.
class Stream {
 public:
  using ErrorCode = boost::system::error_code;

  explicit Stream(Socket socket) : socket_(std::move(socket)) {}

  /// Gives how many bytes there were, or an error: `would_block` when there are
  /// none yet, `eof` when the peer has ended its side.
  std::size_t read_some(std::span<char> into, ErrorCode& error);
  /// Gives how many bytes were taken, which may be few; `would_block` when none
  /// were. What was not taken is to be offered again.
  std::size_t write_some(std::span<const char> from, ErrorCode& error);

  /// Calls `handler(error)` when it is worth trying again. Never from within.
  template <class Handler>
  void wait_readable(Handler handler) {
    socket_.async_wait(Socket::wait_read, std::move(handler));
  }
  template <class Handler>
  void wait_writable(Handler handler) {
    socket_.async_wait(Socket::wait_write, std::move(handler));
  }

  // The same for coroutines, which wait as long as it takes.
  Task<void> readable(ErrorCode& error);
  Task<std::size_t> async_read_some(std::span<char> into, ErrorCode& error);
  /// Writes all of it.
  Task<ErrorCode> async_write(std::span<const char> from);

  /// Tells the peer that nothing follows. It may still send.
  void shutdown_send();
  /// Ends all that waits, with `operation_aborted`.
  void close();
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  [[nodiscard]] Executor get_executor() { return socket_.get_executor(); }
  /// The peer's IP address, for limits and logs; empty when it is gone already.
  [[nodiscard]] std::string peer_address() const;

 private:
  Socket socket_;
};

}  // namespace callstate::transports
