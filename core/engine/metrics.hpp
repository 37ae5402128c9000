#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "core/call/event.hpp"
#include "core/call/message.hpp"
#include "core/call/state.hpp"

// What is counted and measured while messages go by, for whoever looks on. Of
// one writer at a time, which pays a plain addition and no locked instruction;
// any thread reads, and may see one number a moment before another.

namespace callstate::engine {

class Counter {
 public:
  void add(std::uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// A histogram as it was read: how many values lie at or below each bound and
/// above the one before it, and last how many lie above all of them.
template <std::size_t N>
struct HistogramReading {
  std::array<std::uint64_t, N> bounds{};
  std::array<std::uint64_t, N + 1> counts{};
  std::uint64_t sum = 0;

  HistogramReading& operator+=(const HistogramReading& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
    return *this;
  }
};

/// How often values of each size occurred.
template <std::size_t N>
class Histogram {
 public:
  using Bounds = std::array<std::uint64_t, N>;

  /// `bounds` rise.
  explicit constexpr Histogram(const Bounds& bounds) : bounds_(bounds) {}

  void record(std::uint64_t value) {
    const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
    counts_[static_cast<std::size_t>(bucket)].add();
    sum_.add(value);
  }

  [[nodiscard]] HistogramReading<N> read() const {
    HistogramReading<N> reading{.bounds = bounds_};
    for (std::size_t i = 0; i < counts_.size(); ++i) reading.counts[i] = counts_[i].value();
    reading.sum = sum_.value();
    return reading;
  }

 private:
  const Bounds bounds_;
  std::array<Counter, N + 1> counts_;
  Counter sum_;
};

/// Of times, in nanoseconds: from 50 µs, less than a disk takes, to 10 s.
constexpr std::array<std::uint64_t, 17> time_bounds{
    50'000,      100'000,      250'000,       500'000,       1'000'000,     2'500'000,
    5'000'000,   10'000'000,   25'000'000,    50'000'000,    100'000'000,   250'000'000,
    500'000'000, 1000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};
/// Of numbers of records in a batch.
constexpr std::array<std::uint64_t, 12> size_bounds{1,  2,   4,   8,   16,    32,
                                                    64, 128, 256, 512, 1'024, 2'048};

using TimeReading = HistogramReading<time_bounds.size()>;
using SizeReading = HistogramReading<size_bounds.size()>;

struct TimeHistogram : Histogram<time_bounds.size()> {
  TimeHistogram() : Histogram(time_bounds) {}
};
struct SizeHistogram : Histogram<size_bounds.size()> {
  SizeHistogram() : Histogram(size_bounds) {}
};

/// What clients send; the signaling messages in the order of call::MessageBody.
enum class MessageType : std::uint8_t {
  call_started,
  ringing,
  accepted,
  rejected,
  ended,
  invited,
  signal,
  join,
  leave,
  auth,
  ping,
  unknown,  // no message could be read
};
constexpr std::array<std::string_view, 12> message_type_names{
    "CALL_STARTED", "RINGING", "ACCEPTED", "REJECTED", "ENDED", "INVITED",
    "SIGNAL",       "JOIN",    "LEAVE",    "AUTH",     "PING",  "unknown"};
static_assert(std::variant_size_v<call::MessageBody> == static_cast<std::size_t>(MessageType::join),
              "a new message needs its MessageType and its name");

constexpr MessageType type_of(const call::MessageBody& body) {
  return static_cast<MessageType>(body.index());
}

/// What became of them.
enum class MessageOutcome : std::uint8_t {
  applied,
  ignored,
  refused,
  duplicate,     // of an id that was seen before
  rate_limited,  // beyond a limit of messages or of new calls
  invalid,       // no message could be read
  overloaded,    // the inbox was full
  unavailable,   // the disk was below its reserve
};
constexpr std::array<std::string_view, 8> message_outcome_names{
    "applied",      "ignored", "refused",    "duplicate",
    "rate_limited", "invalid", "overloaded", "unavailable"};

using MessageReading =
    std::array<std::array<std::uint64_t, message_outcome_names.size()>, message_type_names.size()>;

class MessageCounts {
 public:
  void add(MessageType type, MessageOutcome outcome) {
    counts_[static_cast<std::size_t>(type)][static_cast<std::size_t>(outcome)].add();
  }
  void add_to(MessageReading& reading) const {
    for (std::size_t type = 0; type < reading.size(); ++type) {
      for (std::size_t outcome = 0; outcome < reading[type].size(); ++outcome) {
        reading[type][outcome] += counts_[type][outcome].value();
      }
    }
  }

 private:
  std::array<std::array<Counter, message_outcome_names.size()>, message_type_names.size()> counts_;
};

/// Calls that live now. Kept in step with each change, since nobody is to look
/// through all rooms for it.
struct LiveCalls {
  std::size_t ringing = 0;
  std::size_t connected = 0;

  void change(call::CallState from, call::CallState to) {
    if (from == to) return;
    if (std::size_t* count = of(from)) --*count;
    if (std::size_t* count = of(to)) ++*count;
  }

  friend bool operator==(const LiveCalls&, const LiveCalls&) = default;

 private:
  std::size_t* of(call::CallState state) {
    if (state == call::CallState::ringing) return &ringing;
    return state == call::CallState::connected ? &connected : nullptr;
  }
};

/// More than call::EndReason has values.
constexpr std::size_t end_reasons_max = 16;

/// What the engine has done since it began. Each group has its one writer, and
/// cache lines of its own.
struct EngineMetrics {
  /// Of whoever decides.
  struct alignas(64) Deciding {
    MessageCounts messages;
    std::array<Counter, end_reasons_max> ended;  // calls, by reason
    Counter sessions;                            // that opened
    Counter too_many_calls;                      // refused by the limit of new calls
    Counter too_many_opens;                      // of new sessions
    Counter too_many_sessions;                   // of one user's sessions
  } deciding;
  /// Of whoever commits. Times are in nanoseconds.
  struct alignas(64) Committing {
    TimeHistogram append;  // from a message's submission until it is durable
    TimeHistogram hop;     // … until its effects are with the transports
    TimeHistogram commit;  // writing and syncing a batch
    SizeHistogram batch;   // records in one
  } committing;
  /// Of whoever holds the inbox.
  struct alignas(64) Submitting {
    MessageCounts messages;  // that were turned away
  } submitting;
};

}  // namespace callstate::engine
