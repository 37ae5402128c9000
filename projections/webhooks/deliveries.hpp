#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/history/outbox.hpp"

namespace callstate::projections {

/// How patient we are with a receiver.
struct DeliverySettings {
  std::size_t concurrency = 16;      // requests under way at a time, at most
  std::size_t waiting_max = 10'000;  // events looked after in memory; the rest stay on the disk
  call::Duration give_up_after = std::chrono::hours(24);  // since it was queued
  // Between two attempts: doubled from the shortest to the longest, less up to a
  // half by chance, so that what failed together does not come again together.
  call::Duration pause_min = std::chrono::seconds(1);
  call::Duration pause_max = std::chrono::minutes(10);
  call::Duration retry_after_max = std::chrono::minutes(10);  // what a receiver may ask for
  call::Duration farewell = std::chrono::seconds(2);          // for what is under way when all ends
};

/// Now, by the two clocks: what is told and kept has the one's times, pauses are
/// kept by the other, which nobody sets.
struct Moment {
  call::Time wall{};
  std::chrono::steady_clock::time_point steady{};
};

/// What came of a request.
struct Answer {
  int status = 0;       // of HTTP; 0: none came
  std::string error{};  // why none came
  std::optional<std::chrono::seconds> retry_after{};
};

/// What the deliveries have come to, for the metrics.
struct DeliveryCounts {
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;  // attempts
  std::uint64_t dead = 0;
};

/// Decides what is sent when: every event at least once, in order within its call,
/// until it is taken (2xx) or given up. An event of which there was no such answer
/// is tried again after a pause, and holds up the later ones of its call and no
/// others; given up it is when it has failed at or after `give_up_after`, or is
/// answered 410. A receiver that answers 429 with `Retry-After` is sent nothing at
/// all for so long; with 503 the event waits so long.
///
/// The events are the outbox's: this holds no more of them than their numbers, for
/// `waiting_max` of them, the oldest. How often one was tried is not kept: a new
/// start tries all of them at once. Neither clock nor network; one thread.
class Deliveries {
 public:
  Deliveries(DeliverySettings settings, history::Outbox& outbox, std::uint64_t seed)
      : settings_(settings), outbox_(outbox), random_(seed) {}

  /// The events to be sent now, whole. Each is under way until `answered`.
  std::expected<std::vector<history::OutgoingEvent>, history::Trouble> due(const Moment& now);

  enum class Fate : std::uint8_t { taken, waits, dead };
  /// What came of an event that is under way. On trouble it stays under way: to be
  /// told again.
  std::expected<Fate, history::Trouble> answered(std::uint64_t number, const Answer& answer,
                                                 const Moment& now);

  /// When `due` may next have something, if nothing is answered or appended before.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next() const;

  /// Since when the event has been queued that has waited longest; nothing when
  /// none waits.
  [[nodiscard]] std::optional<call::Time> oldest() const;
  [[nodiscard]] std::size_t under_way() const { return under_way_; }
  [[nodiscard]] std::size_t in_memory() const { return waiting_.size(); }
  [[nodiscard]] const DeliveryCounts& counts() const { return counts_; }

 private:
  using Steady = std::chrono::steady_clock::time_point;
  struct Waiting {
    call::CallId call;
    call::Time queued_at{};
    std::uint32_t attempts = 0;
  };

  std::expected<void, history::Trouble> load(const Moment& now);
  void settle(std::uint64_t number, const Moment& now);
  std::expected<void, history::Trouble> bury(std::uint64_t number, const Waiting& waiting,
                                             const Answer& answer, const Moment& now);
  call::Duration pause_after(std::uint32_t attempts);

  const DeliverySettings settings_;
  history::Outbox& outbox_;
  std::mt19937_64 random_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<call::CallId, std::deque<std::uint64_t>> by_call_;
  // The first event of each call, unless it is under way.
  std::set<std::pair<Steady, std::uint64_t>> ready_;
  std::uint64_t loaded_ = 0;  // the highest number that was ever loaded
  std::size_t under_way_ = 0;
  Steady silent_until_{};  // nothing is sent before
  DeliveryCounts counts_;
};

/// `HTTP 503`, or why there was no answer.
std::string describe(const Answer& answer);

}  // namespace callstate::projections
