#pragma once

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace callstate::tools {

/// When the server is to end. SIGINT and SIGTERM ask for it; one that comes
/// before `ready`, or a second one, ends the process at once, which the log
/// survives like any other end. To be made before any other thread, since the
/// signals are blocked in all of them.
class Ending {
 public:
  /// `say` is told, on a thread of its own, why the process ends at once.
  explicit Ending(std::function<void(const std::string&)> say);
  ~Ending();
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  /// From now on a signal is waited for and the stop takes its time.
  void ready() { ready_ = true; }
  /// Until a signal has come, or `fail` was called.
  void wait();
  /// The server cannot go on. Any thread.
  void fail();
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void listen();
  void finish();

  const std::function<void(const std::string&)> say_;
  sigset_t signals_{};
  std::atomic<bool> ready_ = false;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> gone_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool due_ = false;
  std::thread thread_;  // last: started when all is there
};

}  // namespace callstate::tools
