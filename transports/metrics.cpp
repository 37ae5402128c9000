#include "transports/metrics.hpp"

#include <algorithm>

#include "transports/close_code.hpp"

namespace callstate::transports {

CloseReason close_reason(std::uint16_t code) {
  switch (code) {
    case close_code::going_away:
      return CloseReason::going_away;
    case 1002:  // a protocol error, bytes that are no UTF-8, a message too large
    case 1003:
    case 1007:
    case 1009:
      return CloseReason::protocol;
    case close_code::unauthenticated:
      return CloseReason::unauthenticated;
    case 1011:
      return CloseReason::internal;
    case close_code::try_later:
      return CloseReason::overloaded;
    case close_code::token_expired:
      return CloseReason::token_expired;
    case close_code::not_allowed:
      return CloseReason::forbidden;
    case close_code::no_auth_in_time:
      return CloseReason::no_auth_in_time;
    case close_code::too_slow:
      return CloseReason::slow;
    case close_code::abuse:
      return CloseReason::abuse;
    default:
      return CloseReason::other;
  }
}

void ServerReading::add(const IoMetrics& thread) {
  thread.messages.add_to(messages);
  too_many_messages += thread.too_many_messages.value();
  too_many_reads += thread.too_many_reads.value();
  for (std::size_t i = 0; i < closed.size(); ++i) closed[i] += thread.closed[i].value();
  for (std::size_t i = 0; i < responses.size(); ++i) responses[i] += thread.responses[i].value();
  tls_failures += thread.tls_failures.value();
  delivery += thread.delivery.read();
  queued_bytes += thread.queued_bytes.load(std::memory_order_relaxed);
  queued_bytes_max =
      std::max(queued_bytes_max, thread.queued_bytes_max.load(std::memory_order_relaxed));
}

void ServerReading::add(const SharedMetrics& shared) {
  for (std::size_t i = 0; i < connections.size(); ++i) connections[i] += shared.connections[i];
  for (std::size_t i = 0; i < auth_failures.size(); ++i)
    auth_failures[i] += shared.auth_failures[i];
  connections_refused += shared.connections_refused;
  waiting_refused += shared.waiting_refused;
  too_many_logins += shared.too_many_logins;
  too_many_polls += shared.too_many_polls;
}

}  // namespace callstate::transports
