#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "transports/log_throttle.hpp"
#include "transports/metrics.hpp"
#include "transports/places.hpp"
#include "transports/rate_limit.hpp"
#include "transports/server.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

class IoThread;

/// What all I/O threads of one server share. Outlives them.
struct ServerContext {
  ServerContext(const ServerSettings& the_settings, ServerPorts the_ports)
      : settings(the_settings),
        ports(std::move(the_ports)),
        failed_authentications(settings.failed_authentications) {}

  const ServerSettings settings;
  const ServerPorts ports;
  AddressLimiter failed_authentications;
  std::atomic<std::size_t> unauthenticated = 0;  // who wait for AUTH, or for the directory
  std::mutex directory_trouble_mutex;
  LogThrottle directory_trouble{std::chrono::seconds(10)};  // guarded by it
  SharedMetrics metrics;

  /// Runs the HTTP handler, which may block: one thread.
  boost::asio::thread_pool handlers{1};

  /// Reads the log for those who come back, see read_mail: one thread.
  boost::asio::thread_pool readers{1};

  /// Likewise for those who read the log itself, who may read all of it: one thread,
  /// so that nobody else waits for them.
  boost::asio::thread_pool log_readers{1};

  /// Messages by HTTP, by user: connections are cheap there.
  KeyedLimiter posted{settings.websocket.messages};
  /// What is asked of HttpApi and changes nothing, likewise, and as much of it.
  KeyedLimiter reads{settings.websocket.messages};
  /// Polls and streams, by user.
  Places polls{settings.polls_per_user_max};
  /// Streams of the log, by user, and of all together.
  Places log_streams{settings.log_streams_per_user_max};
  Places log_streams_in_all{settings.log_streams_max};
  std::atomic<std::uint64_t> last_poll = 0;
  std::atomic<bool> stopped = false;  // no thread runs any more

  /// The thread on which a polling client's session is. Set once they are made.
  std::vector<IoThread*> threads{};
  [[nodiscard]] IoThread& home_of(std::string_view client) const {
    return *threads[std::hash<std::string_view>()(client) % threads.size()];
  }

  // Connections of all threads, for draining, which does not wait for those that
  // have come since it began.
  std::mutex mutex;
  std::condition_variable all_gone;
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> late_connections = 0;  // of them
  [[nodiscard]] bool drained() const { return connections <= late_connections; }
};

}  // namespace callstate::transports
