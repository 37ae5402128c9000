#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace callstate::tools {

/// When the server is to end. SIGINT and SIGTERM ask for it; one that comes
/// before `ready`, or a second one, ends the process at once, which the log
/// survives like any other end. SIGHUP, if it is to be taken, asks to read anew
/// what is read from files. To be made before any other thread, since the
/// signals are blocked in all of them.
class Ending {
 public:
  /// `say` is told, on a thread of its own, why the process ends at once.
  /// Without `take_hangup` a SIGHUP ends the process, as that of a terminal should.
  Ending(std::function<void(const std::string&)> say, bool take_hangup);
  ~Ending();
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  /// From now on a signal is waited for and the stop takes its time.
  void ready() { ready_ = true; }
  enum class Woken : std::uint8_t { to_end, by_hangup, by_time };
  /// Until a signal has come, `fail` was called or so long has passed.
  Woken wait(std::chrono::milliseconds at_most);
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
  bool hung_up_ = false;
  std::thread thread_;  // last: started when all is there
};

}  // namespace callstate::tools
