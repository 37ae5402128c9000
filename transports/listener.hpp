#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transports/io_thread.hpp"
#include "transports/log_throttle.hpp"
#include "transports/server_context.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// Listens on one port and deals the connections out to the I/O threads, each to
/// the one with the fewest. One thread accepts for all: the kernel's own dealing
/// (SO_REUSEPORT) goes by hash, which leaves few connections badly spread, and
/// a session stays where it began. Runs on the first I/O thread.
class Listener {
 public:
  Listener(ServerContext& server, std::vector<std::unique_ptr<IoThread>>& threads);

  /// Gives the port that was bound.
  [[nodiscard]] std::expected<std::uint16_t, std::string> bind(std::string_view address,
                                                               std::uint16_t port);
  Task<void> accept_forever();
  /// On its thread.
  void close();

 private:
  void accept_waiting();
  void hand_over(int descriptor);

  ServerContext& server_;
  std::vector<std::unique_ptr<IoThread>>& threads_;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor_;
  asio::ip::tcp protocol_ = asio::ip::tcp::v4();
  LogThrottle exhaustion_;
  bool exhausted_ = false;  // out of descriptors: wait before the next try
};

}  // namespace callstate::transports
