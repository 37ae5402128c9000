#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/directory.hpp"
#include "core/engine/effect.hpp"
#include "core/engine/mailbox.hpp"
#include "core/engine/submission.hpp"
#include "core/history/ports.hpp"
#include "transports/assets.hpp"
#include "transports/authenticator.hpp"
#include "transports/http.hpp"
#include "transports/livekit.hpp"
#include "transports/logger.hpp"
#include "transports/metrics.hpp"
#include "transports/rate_limit.hpp"
#include "transports/tls_certificate.hpp"
#include "transports/transport.hpp"

namespace callstate::transports {

/// Limits of one WebSocket session; the defaults are those of docs/protocol.md.
struct WebSocketSettings {
  std::uint32_t message_bytes_max = 16 * 1024;  // over all fragments; more closes with 1009
  std::chrono::milliseconds ping_interval = std::chrono::seconds(25);
  std::chrono::milliseconds silence_max = std::chrono::seconds(60);   // then the peer is dropped
  std::chrono::milliseconds auth_timeout = std::chrono::seconds(5);   // AUTH on /v1/ws, else 4408
  std::chrono::milliseconds close_timeout = std::chrono::seconds(5);  // for the peer's close frame
  std::size_t queue_messages_max = 1024;                // outbound; more closes with 4410
  std::size_t queue_bytes_max = 1024 * 1024;            // likewise
  RateLimit messages{.per_second = 100, .burst = 200};  // more is answered RATE_LIMITED
  RateLimit refusals{.per_second = 20, .burst = 200};   // of those; more closes with 4429
};

struct ServerSettings {
  std::uint16_t io_threads = 1;  // at least 1
  std::uint16_t first_hub = 0;   // the I/O threads' hubs have this number and those after it
  std::size_t connections_max = 200'000;  // more are closed unanswered
  /// Connections that wait for AUTH, or for a directory; more are told to come later.
  std::size_t unauthenticated_max = 10'000;
  RateLimit failed_authentications{.per_second = 5, .burst = 5};      // of an address, else 4429
  std::chrono::milliseconds head_timeout = std::chrono::seconds(10);  // of TLS and a request's head
  std::chrono::milliseconds request_timeout = std::chrono::seconds(30);  // its body; our answer
  std::chrono::milliseconds keep_alive_timeout = std::chrono::seconds(60);
  /// How long who polls is online after the last poll.
  std::chrono::milliseconds poll_presence = std::chrono::seconds(60);
  /// Polls and streams of one user at once, each until its client has taken the answer;
  /// more are answered 429.
  std::size_t polls_per_user_max = 20;
  /// Streams of the log of one user at once, and of all; more are answered 429.
  std::size_t log_streams_per_user_max = 8;
  std::size_t log_streams_max = 64;
  /// How long who asks for past calls waits for the history to come up to the log.
  std::chrono::milliseconds history_wait = std::chrono::seconds(1);
  /// How long a directory may take to say who a user is; after that, what it remembers.
  std::chrono::milliseconds directory_timeout = std::chrono::seconds(5);
  /// When who could not be told is to come back.
  std::chrono::milliseconds directory_retry = std::chrono::seconds(5);
  std::vector<std::string> cors_origins{};  // whose pages may read answers; `*`: all
  /// How often deadlines are looked at: their precision.
  std::chrono::milliseconds sweep_interval = std::chrono::seconds(1);
  /// The kernel's send buffer of a connection; 0 leaves the system's default.
  int send_buffer_bytes = 0;
  WebSocketSettings websocket;
};

/// What the server needs of the rest. All of it outlives the server.
struct ServerPorts {
  engine::Inbox& inbox;
  engine::Mailbox& mailbox;
  const engine::LogReader& log;
  Authenticator& authenticator;
  std::function<bool()> ready;          // for /readyz; any thread, must not block; empty: always
  const MediaTokens* media;             // null: no media server
  const MediaSettings* media_settings;  // likewise: verifies its webhooks
  HttpHandler handler;  // every path that the server itself does not know; may be empty
  Logger logger;
  /// Every connection speaks TLS with it; none: plain.
  const TlsCertificate* certificate = nullptr;
  const history::HistoryReader* history = nullptr;  // none: nobody is shown past calls
  engine::Directory* directory = nullptr;  // none: tokens say all of their users themselves
  const Assets* assets = nullptr;          // files for anybody; none: no path for them
};

/// The network transport: WebSocket sessions and plain HTTP on the same ports,
/// all by TLS or none.
///
/// A connection stays on the I/O thread that it was given to at its acceptance.
/// Every public function may be called from any thread except the server's own.
class Server final : public Transport, public engine::Delivery {
 public:
  Server(ServerSettings settings, ServerPorts ports);
  ~Server() override;  // stops

  /// Binds and listens, without accepting yet; several calls give several ports.
  /// `address` is an IP address; port 0 takes a free one. Gives the port, or a
  /// sentence that says what was wrong. Before `start` only.
  [[nodiscard]] std::expected<std::uint16_t, std::string> listen(std::string_view address,
                                                                 std::uint16_t port);
  /// Starts the threads and accepts. Once.
  void start();

  /// Never waits for a session: hands the batch to the I/O threads.
  void deliver(const engine::Effects& effects) override;

  /// Connections now, of every kind.
  [[nodiscard]] std::size_t connections() const;
  /// What it counts and measures, as of now.
  [[nodiscard]] ServerReading metrics() const;

  [[nodiscard]] std::string_view name() const override { return "websocket"; }
  void drain(std::chrono::milliseconds deadline) override;
  void stop() override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace callstate::transports
