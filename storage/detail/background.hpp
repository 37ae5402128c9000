#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace callstate::storage {

/// The store's own thread: does posted jobs in order, and `tick` in between,
/// about once every `interval`. The destructor waits for every job posted.
class Background {
 public:
  Background(std::chrono::milliseconds interval, std::function<void()> tick);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Any thread. The posters bound what they post.
  void post(std::function<void()> job);

 private:
  void run();

  std::chrono::milliseconds interval_;
  std::function<void()> tick_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> jobs_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace callstate::storage
