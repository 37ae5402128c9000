#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/effect.hpp"
#include "transports/authenticator.hpp"
#include "transports/io_thread.hpp"
#include "transports/server_context.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// That a client polls: from `enter` until it is destroyed, and a while longer, its
/// user is online. On the connection's thread; the client's session may be on
/// another, see Pollers.
class Attendance {
 public:
  /// `cut` is called when the server has ended the session.
  Attendance(ServerContext& server, IoThread& thread, std::string client,
             std::function<void()> cut);
  ~Attendance();
  Attendance(const Attendance&) = delete;
  Attendance& operator=(const Attendance&) = delete;

  /// Waits for the session to be open: the code 0. Else why it is not.
  Task<engine::Close> enter(const Identity& identity, const call::DeviceId& device);
  /// Why the session was ended since; nothing while it was not.
  [[nodiscard]] const std::optional<engine::Close>& cut() const;

 private:
  struct State;

  const ServerContext& server_;
  IoThread& thread_;
  IoThread& home_;  // of the client's session
  const std::string client_;
  const std::uint64_t number_;
  bool entered_ = false;
  std::shared_ptr<State> state_;
};

}  // namespace callstate::transports
