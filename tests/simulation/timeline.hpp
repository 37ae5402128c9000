#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/ports.hpp"

namespace callstate::simulation {

/// One of the promises is broken.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void violated(const std::string& what) {
  throw Violation(what);
}
inline void require(bool holds, const char* what) {
  if (!holds) violated(what);
}

/// All chance of a run: the same for the same seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::uint64_t bits() { return random_(); }
  /// 0 … n - 1.
  std::size_t below(std::size_t n) { return random_() % n; }
  bool chance(double probability) {
    return static_cast<double>(random_() >> 11U) < probability * 9007199254740992.0;
  }
  call::Duration between(call::Duration least, call::Duration most) {
    const auto span = static_cast<std::size_t>((most - least).count()) + 1;
    return least + call::Duration(static_cast<std::int64_t>(below(span)));
  }
  template <class T>
  const T& one_of(const std::vector<T>& some) {
    return some[below(some.size())];
  }

 private:
  std::mt19937_64 random_;
};

/// What happens when. Time passes only from one event to the next.
class Timeline {
 public:
  [[nodiscard]] call::Time now() const { return now_; }
  void at(call::Time time, std::function<void()> what) {
    events_.emplace(std::pair{std::max(time, now_), ++serial_}, std::move(what));
  }
  void in(call::Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  /// Lets everything up to `time` happen.
  void run_until(call::Time time) {
    while (!events_.empty() && events_.begin()->first.first <= time) {
      now_ = events_.begin()->first.first;
      const auto what = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      what();
    }
    now_ = std::max(now_, time);
  }
  void run_for(call::Duration time) { run_until(now_ + time); }

 private:
  // Some day in 2025.
  call::Time now_{call::Duration(1'750'000'000'000'000)};
  std::uint64_t serial_ = 0;
  std::map<std::pair<call::Time, std::uint64_t>, std::function<void()>> events_;
};

/// The server's clock: the world's time, and wrong by as much as it is told.
class WrongClock final : public engine::Clock {
 public:
  explicit WrongClock(const Timeline& timeline) : timeline_(timeline) {}
  [[nodiscard]] call::Time now() const override { return timeline_.now() + wrong_by_; }
  void step(call::Duration by) { wrong_by_ += by; }

 private:
  const Timeline& timeline_;
  call::Duration wrong_by_{};
};

}  // namespace callstate::simulation
