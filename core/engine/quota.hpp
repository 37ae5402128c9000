#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/call/ids.hpp"

namespace callstate::engine {

/// How often something may be done: on average `per_second`, and `burst` times
/// at once. Zero per second means as often as one likes.
struct Rate {
  double per_second = 0;
  double burst = 0;
};

/// What is left of a rate to one user: a token bucket, full at first.
class Quota {
 public:
  /// Takes one; or says in how many milliseconds there will be one.
  std::optional<std::uint32_t> over(const Rate& rate, call::Time now) {
    if (rate.per_second <= 0) return std::nullopt;
    if (!used_) {
      tokens_ = rate.burst;
      used_ = true;
    } else {
      const std::chrono::duration<double> since = now - at_;
      tokens_ = std::min(rate.burst, tokens_ + since.count() * rate.per_second);
    }
    at_ = now;
    if (tokens_ >= 1) {
      tokens_ -= 1;
      return std::nullopt;
    }
    return static_cast<std::uint32_t>((1 - tokens_) / rate.per_second * 1000) + 1;
  }
  /// What was taken was not used.
  void give_back() { tokens_ += 1; }

 private:
  double tokens_ = 0;
  call::Time at_{};
  bool used_ = false;
};

}  // namespace callstate::engine
