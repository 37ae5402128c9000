#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/engine/directory.hpp"
#include "transports/io_thread.hpp"
#include "transports/server_context.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// A question to the directory on behalf of one connection, on its thread. It ends with
/// its answer, within `directory_timeout`, or with its destruction: what comes after that
/// reaches nobody. Counts among the connections that are not yet known to be anybody's.
class LookUp {
 public:
  using Answer = engine::Directory::Answer;
  using Done = std::function<void(const Answer&)>;

  /// `done` is called once, later, on the thread, and may destroy the look-up. Null when
  /// as many connections wait to be known as may: nothing is asked then. The server has a
  /// directory.
  static std::unique_ptr<LookUp> begin(ServerContext& server, IoThread& thread,
                                       const call::UserId& user, Done done);
  ~LookUp();
  LookUp(const LookUp&) = delete;
  LookUp& operator=(const LookUp&) = delete;

 private:
  struct State {
    Done done;  // null once it has been called, or nobody waits any more
  };

  LookUp(ServerContext& server, IoThread& thread, Done done);
  static void finish(State& state, const Answer& answer);

  ServerContext& server_;
  std::shared_ptr<State> state_;
  asio::steady_timer patience_;
};

/// While the directory does not answer: what it has said before, else that it is away.
LookUp::Answer answer_of_before(ServerContext& server, const call::UserId& user, std::string why);
constexpr std::string_view too_many_wait = "too many connections wait to be known";

/// The same as a LookUp, for a coroutine.
Task<LookUp::Answer> look_up(ServerContext& server, IoThread& thread, const call::UserId& user);

}  // namespace callstate::transports
