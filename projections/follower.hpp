#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "core/engine/ports.hpp"
#include "projections/projection.hpp"
#include "projections/stand_back.hpp"
#include "projections/status.hpp"

namespace callstate::projections {

/// How a projection follows the log. Each batch is applied as a whole.
struct Pace {
  std::size_t batch_records_max = 1'024;
  call::Duration batch_time_max = std::chrono::milliseconds(100);  // of reading one
  /// Once level: how long until it looks for more, so that under load a batch holds
  /// what came meanwhile.
  call::Duration look_every = std::chrono::milliseconds(25);
  /// The same where it has just found something: sooner, where many short steps hold
  /// up others less than a few long ones.
  call::Duration look_again = look_every;
  /// How much its thread stands back for those that calls go through.
  int niceness = behind_calls;
  // After trouble: pauses grow from the first to the longest, each cut by chance by up
  // to half; after one that lasts it is the longest at once.
  call::Duration retry_first = std::chrono::milliseconds(100);
  call::Duration retry_max = std::chrono::seconds(30);
};

/// What a follower needs besides its projection and the log. All of it outlives it.
struct FollowerPorts {
  const engine::Clock& clock;
  std::function<std::uint64_t()> random;  // for the pauses
  Tell tell;                              // may be empty
};

/// A projection that follows the log, step by step: all of it but a thread and the
/// waiting, which are the `Runner`'s. One thread at a time, but for `status`.
class Follower {
 public:
  Follower(Projection& projection, const engine::LogReader& log, std::string log_id,
           FollowerPorts ports, const Pace& pace = {});

  /// When the next step is due.
  struct Next {
    std::optional<call::Duration> pause;  // nothing: when somebody asks for one
    bool sooner_if_notified = true;       // not while it waits after trouble
  };
  /// Opens the projection where that is needed, or applies one batch, or finds that
  /// there is none.
  Next step();

  /// Goes beyond the record that has stopped it. Refused for any other position.
  std::expected<void, Trouble> skip(call::Position position, const std::string& reason);

  /// The next step opens the projection again.
  void reopen() { open_ = false; }

  /// No step follows.
  void stop();

  /// Any thread. Reads the log where it is behind.
  [[nodiscard]] Status status() const;

 private:
  /// Nothing, or what is wrong.
  using Fault = std::optional<Trouble>;

  Fault open();
  /// Takes the records after the position, up to `upto`; gives the last one taken.
  std::expected<call::Position, Trouble> take(call::Position upto);
  Next applied(call::Position upto);
  Next in_trouble(Trouble trouble);
  Next poisoned(Trouble trouble);
  [[nodiscard]] call::Duration next_pause(Trouble::Kind kind);
  /// `record 17 (ENDED in room r of tenant t)`.
  [[nodiscard]] std::string describe(call::Position position) const;
  void tell(Weight weight, const std::string& sentence) const;
  void set_state(State state);
  void enter(State state);  // with the lock held

  Projection& projection_;
  const engine::LogReader& log_;
  const std::string log_id_;
  const FollowerPorts ports_;
  const Pace pace_;

  bool open_ = false;
  call::Position position_ = 0;
  Fault poison_;            // known, at a later position
  unsigned failures_ = 0;   // since something was last applied
  std::string complained_;  // what was told last, until it goes on

  mutable std::mutex mutex_;
  Status status_;  // guarded by mutex_; head and lag are found when asked for
};

}  // namespace callstate::projections
