#pragma once

#include <chrono>
#include <string_view>

namespace callstate::transports {

/// A way in and out: it opens sessions, submits what they send to the engine's
/// inbox, and carries effects out on them. A new transport implements this and
/// is named once where the server is put together.
class Transport {
 public:
  virtual ~Transport() = default;

  /// For logs: "websocket", "in-process" …
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Takes no new sessions, tells the present ones that the server goes away
  /// (1001), and waits for them to finish, at most until `deadline` has passed.
  virtual void drain(std::chrono::milliseconds deadline) = 0;

  /// Ends everything at once and joins its threads. Idempotent.
  virtual void stop() = 0;
};

}  // namespace callstate::transports
