#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "projections/follower.hpp"

namespace callstate::projections {

/// A projection that follows the log on a thread of its own, beside the way of a
/// message and never in it. Its functions are for any thread but that one.
class Runner {
 public:
  Runner(Projection& projection, const engine::LogReader& log, std::string log_id,
         FollowerPorts ports, const Pace& pace = {});
  ~Runner();  // stops
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Once.
  void start();
  /// There is more in the log: it looks at once rather than a moment later. Cheap.
  void notify();
  /// Ends the step that runs, applies what was appended since (a batch at most, and
  /// nothing while in trouble), then ends the thread; no pause holds it up. Idempotent.
  void stop();

  /// Goes beyond the record that has stopped it. Waits until that is done.
  std::expected<void, Trouble> skip(call::Position position, const std::string& reason);

  /// Runs `work` on the runner's thread while no step runs, and has the projection
  /// opened again. Waits until that is done; gives what `work` gave.
  using Work = std::function<std::expected<void, Trouble>()>;
  std::expected<void, Trouble> between_steps(const Work& work);

  [[nodiscard]] Status status() const { return follower_.status(); }

 private:
  struct Job {
    const Work& work;
    std::optional<std::expected<void, Trouble>> done{};
  };

  std::expected<void, Trouble> perform(const Work& work);
  void run();
  void wait(std::unique_lock<std::mutex>& lock, const Follower::Next& next);

  int niceness_;
  Follower follower_;  // the thread's

  std::mutex mutex_;
  // Guarded by mutex_.
  std::condition_variable wake_;       // for the thread
  std::condition_variable performed_;  // for whoever waits for a job
  bool running_ = false;
  bool stopping_ = false;
  bool notified_ = false;
  Job* job_ = nullptr;  // one at a time; of the waiting caller

  std::thread thread_;
};

}  // namespace callstate::projections
