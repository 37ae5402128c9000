#pragma once

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace callstate::bench {

/// epoll, for reading only.
class Poller {
 public:
  Poller() : descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (descriptor_ < 0) throw std::runtime_error("no epoll");
  }
  ~Poller() { ::close(descriptor_); }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void add(int descriptor, std::uint64_t tag) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = tag;
    if (::epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
      throw std::runtime_error("epoll takes no more");
    }
  }
  /// Gives the tag of each that has something to `readable`; waits so many
  /// milliseconds for the first, not at all by default. False when none has.
  template <typename Readable>
  bool poll(const Readable& readable, int wait_ms = 0) {
    const int count =
        ::epoll_wait(descriptor_, events_.data(), static_cast<int>(events_.size()), wait_ms);
    for (int i = 0; i < count; ++i) readable(events_[static_cast<std::size_t>(i)].data.u64);
    return count > 0;
  }

 private:
  int descriptor_;
  std::array<epoll_event, 256> events_{};
};

}  // namespace callstate::bench
