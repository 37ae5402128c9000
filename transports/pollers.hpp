#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/engine/submission.hpp"
#include "transports/authenticator.hpp"
#include "transports/hub.hpp"
#include "transports/io_thread_fwd.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

struct ServerContext;

/// The presence of those who poll: a session of the engine for each user and
/// device, from its first poll until a while after its last. It is sent nothing:
/// what concerns the user is read from the log.
///
/// A client's polls come by any connection, and so on any thread; its session is on
/// the thread that its name falls to. Everything here is for that thread alone.
class Pollers {
 public:
  Pollers(ServerContext& server, Hub& hub);
  ~Pollers();
  Pollers(const Pollers&) = delete;
  Pollers& operator=(const Pollers&) = delete;

  /// What a poll waits with.
  struct Poll {
    /// Called once: with the code 0 when the session is open, else why it is not.
    std::function<void(const engine::Close&)> entered;
    /// Called at most once, after that: the session was ended by the server.
    std::function<void(const engine::Close&)> cut;
  };
  /// A poll of the client begins; `number` tells it from the others.
  void enter(const Identity& identity, const call::DeviceId& device, std::uint64_t number,
             Poll poll);
  /// It has ended.
  void leave(const std::string& client, std::uint64_t number);
  /// Ends the sessions of those who have not polled for a while.
  void sweep(SteadyTime now);

  /// Forgets them all, when the thread has stopped.
  void clear();

  /// A client's key: of a user's device, with tokens that were issued together.
  static std::string client_of(const Identity& identity, const call::DeviceId& device);

 private:
  class Session;

  void erase(const std::string& client);

  ServerContext& server_;
  Hub& hub_;
  std::unordered_map<std::string, std::unique_ptr<Session>> sessions_;
};

}  // namespace callstate::transports
