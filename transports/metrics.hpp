#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/engine/metrics.hpp"
#include "transports/authenticator.hpp"

// What a server counts and measures. A further kind of connection needs its
// value here, its name, and a `Ticket::become` where a connection turns into it.

namespace callstate::transports {

/// What a connection speaks now.
enum class ConnectionKind : std::uint8_t { http, websocket };
constexpr std::array<std::string_view, 2> connection_kind_names{"http", "websocket"};

/// Why the server ends a session.
enum class CloseReason : std::uint8_t {
  going_away,
  protocol,
  unauthenticated,
  internal,
  overloaded,
  token_expired,
  forbidden,
  no_auth_in_time,
  slow,
  abuse,
  silent,  // dropped without a close frame
  other,
};
constexpr std::array<std::string_view, 12> close_reason_names{
    "going_away", "protocol",      "unauthenticated", "internal",
    "overloaded", "token_expired", "forbidden",       "no_auth_in_time",
    "slow",       "abuse",         "silent",          "other"};
/// By the WebSocket close code.
CloseReason close_reason(std::uint16_t code);

/// Of statuses of HTTP answers.
constexpr std::array<std::string_view, 5> status_class_names{"1xx", "2xx", "3xx", "4xx", "5xx"};

/// Of one I/O thread, which alone writes it.
struct IoMetrics {
  engine::MessageCounts messages;     // that never reached the engine's inbox
  engine::Counter too_many_messages;  // refused by the limit of messages
  engine::Counter too_many_reads;     // requests by HTTP, by that of reads
  std::array<engine::Counter, close_reason_names.size()> closed;
  std::array<engine::Counter, status_class_names.size()> responses;  // of HTTP
  engine::Counter tls_failures;
  engine::TimeHistogram delivery;  // in ns: from durable until given to the sockets
  // As of the last sweep.
  std::atomic<std::uint64_t> queued_bytes = 0;
  std::atomic<std::uint64_t> queued_bytes_max = 0;  // of one session

  void responded(int status) {
    if (status >= 100 && status < 600) responses[static_cast<std::size_t>(status) / 100 - 1].add();
  }
  void closing(std::uint16_t code) { closed[static_cast<std::size_t>(close_reason(code))].add(); }
};

/// Of all threads together, for what is rare.
struct SharedMetrics {
  std::array<std::atomic<std::size_t>, connection_kind_names.size()> connections{};
  std::atomic<std::uint64_t> connections_refused = 0;  // beyond connections_max
  std::atomic<std::uint64_t> waiting_refused = 0;      // beyond unauthenticated_max
  std::array<std::atomic<std::uint64_t>, auth_failure_names.size()> auth_failures{};
  std::atomic<std::uint64_t> too_many_logins = 0;  // turned away unlooked at
  std::atomic<std::uint64_t> too_many_polls = 0;   // beyond polls_per_user_max
};

/// A server as of now, all its threads together.
struct ServerReading {
  std::array<std::size_t, connection_kind_names.size()> connections{};
  std::size_t waiting = 0;             // sessions that wait for AUTH
  std::size_t deliveries_pending = 0;  // batches handed to a thread and not yet taken up
  std::uint64_t queued_bytes = 0;
  std::uint64_t queued_bytes_max = 0;
  engine::MessageReading messages{};
  std::uint64_t too_many_messages = 0;
  std::uint64_t too_many_reads = 0;
  std::uint64_t too_many_logins = 0;
  std::uint64_t too_many_polls = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t waiting_refused = 0;
  std::array<std::uint64_t, auth_failure_names.size()> auth_failures{};
  std::array<std::uint64_t, close_reason_names.size()> closed{};
  std::array<std::uint64_t, status_class_names.size()> responses{};
  std::uint64_t tls_failures = 0;
  engine::TimeReading delivery{.bounds = engine::time_bounds};

  void add(const IoMetrics& thread);
  void add(const SharedMetrics& shared);
};

}  // namespace callstate::transports
