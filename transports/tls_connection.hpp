#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "transports/io_thread.hpp"

struct ssl_st;  // OpenSSL's
struct ssl_ctx_st;

// Private to transports: the server's inside.

namespace callstate::transports {

/// The server's side of TLS on a connected socket that does not block. Its first
/// reads shake hands. Does what can be done at once, as Stream; nothing may be
/// called once the socket is closed.
class TlsConnection {
 public:
  using ErrorCode = boost::system::error_code;

  TlsConnection(ssl_ctx_st& context, int socket);

  std::size_t read_some(std::span<char> into, ErrorCode& error);
  /// `would_block` comes with the bytes that were taken before.
  std::size_t write_some(std::span<const char> from, ErrorCode& error);
  /// close_notify, if it can be sent at once and nothing is cut off by it.
  void shutdown();

  /// Something has been read of the socket and not yet out of here: its
  /// readiness says nothing.
  [[nodiscard]] bool holds_input() const { return holds_input_; }
  /// Taken, and not yet written to the socket.
  [[nodiscard]] bool holds_output() const { return !unsent_.empty(); }
  /// What the last read, or write, that would have blocked waits for.
  [[nodiscard]] Socket::wait_type read_waits_for() const { return read_waits_for_; }
  [[nodiscard]] Socket::wait_type write_waits_for() const { return write_waits_for_; }

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };

  std::size_t write_record(std::span<const char> from, ErrorCode& error);
  ErrorCode judge(int result, Socket::wait_type& waits_for);
  void answer_plain_http();

  std::unique_ptr<ssl_st, Free> session_;
  // What OpenSSL may have made a record of already, and must be offered again
  // unaltered. Whoever wrote it may have thought otherwise meanwhile.
  std::string unsent_;
  Socket::wait_type read_waits_for_ = Socket::wait_read;
  Socket::wait_type write_waits_for_ = Socket::wait_write;
  bool holds_input_ = false;
  bool broken_ = false;
};

}  // namespace callstate::transports
