#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <mutex>

#include "transports/metrics.hpp"
#include "transports/rate_limit.hpp"
#include "transports/server.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// What all I/O threads of one server share. Outlives them.
struct ServerContext {
  ServerContext(const ServerSettings& the_settings, ServerPorts the_ports)
      : settings(the_settings),
        ports(std::move(the_ports)),
        failed_authentications(settings.failed_authentications) {}

  const ServerSettings settings;
  const ServerPorts ports;
  AddressLimiter failed_authentications;
  std::atomic<std::size_t> unauthenticated = 0;  // sessions waiting for AUTH
  SharedMetrics metrics;

  /// Runs the HTTP handler, which may block: one thread.
  boost::asio::thread_pool handlers{1};

  /// Reads the log for those who come back, see read_mail: one thread.
  boost::asio::thread_pool readers{1};

  // Connections of all threads, for draining.
  std::mutex mutex;
  std::condition_variable all_gone;
  std::atomic<std::size_t> connections = 0;
};

}  // namespace callstate::transports
