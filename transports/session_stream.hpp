#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "transports/tls_connection.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// What a `Stream` becomes for a session: the bare descriptor, plain or by TLS,
/// which Asio does not know any more. Owns it. On the connection's thread.
class SessionStream {
 public:
  using ErrorCode = boost::system::error_code;

  SessionStream(int descriptor, std::unique_ptr<TlsConnection> tls)
      : tls_(std::move(tls)), descriptor_(descriptor) {}
  ~SessionStream() { close(); }
  SessionStream(SessionStream&& other) noexcept;
  SessionStream& operator=(SessionStream&&) = delete;

  // As those of Stream.
  std::size_t read_some(std::span<char> into, ErrorCode& error);
  std::size_t write_some(std::span<const char> from, ErrorCode& error);
  [[nodiscard]] bool has_unsent() const { return tls_ && tls_->holds_output(); }
  /// Reading gives something, whatever the descriptor says.
  [[nodiscard]] bool holds_input() const { return tls_ && tls_->holds_input(); }

  /// The events of epoll that a read waits for, and a write.
  [[nodiscard]] std::uint32_t read_waits_for() const;
  [[nodiscard]] std::uint32_t write_waits_for() const;

  void shutdown_send();
  void close();
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::string peer_address() const;

 private:
  std::unique_ptr<TlsConnection> tls_;  // none: plain, or closed
  int descriptor_;                      // below 0: closed
};

}  // namespace callstate::transports
