#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <vector>

#include "core/engine/effect.hpp"
#include "core/engine/ports.hpp"

namespace callstate::support {

/// A clock that moves when it is told to. Any thread.
class ManualClock final : public engine::Clock {
 public:
  [[nodiscard]] call::Time now() const override { return call::Time(call::Duration(now_us_)); }
  void advance(call::Duration by) { now_us_ += by.count(); }
  /// May step back.
  void set(call::Time time) { now_us_ = time.time_since_epoch().count(); }

 private:
  // Some day in 2025.
  std::atomic<std::int64_t> now_us_ = 1'750'000'000'000'000;
};

/// Ids that are the same for the same seed. One thread at a time.
class SeededIds final : public engine::IdSource {
 public:
  explicit SeededIds(std::uint64_t seed = 1) : random_(seed) {}
  call::CallId next_call(call::Time now) override;
  std::uint64_t random() override { return random_(); }

 private:
  std::mt19937_64 random_;
};

/// Keeps all that was delivered, in order. Any thread.
class RecordingDelivery final : public engine::Delivery {
 public:
  void deliver(const engine::Effects& effects) override;

  /// All effects so far.
  [[nodiscard]] std::vector<engine::Effect> all() const;
  /// The effects since the last call.
  std::vector<engine::Effect> take();
  /// How many effects each delivery brought.
  [[nodiscard]] std::vector<std::size_t> sizes() const;

  /// Waits until `enough` holds of all effects so far; false when it still does
  /// not after `patience`, which is generous: it is spent only by a failing test.
  using Enough = std::function<bool(const std::vector<engine::Effect>&)>;
  [[nodiscard]] bool wait_for(const Enough& enough,
                              std::chrono::seconds patience = std::chrono::seconds(60));

 private:
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::vector<engine::Effect> effects_;
  std::size_t taken_ = 0;
  std::vector<std::size_t> sizes_;
};

}  // namespace callstate::support
