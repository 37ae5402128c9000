#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/history/folding.hpp"
#include "projections/follower.hpp"
#include "projections/history_projection.hpp"
#include "support/memory_log.hpp"
#include "support/stand_ins.hpp"

namespace callstate::projections {

using Kind = Trouble::Kind;

inline const std::string log_id = "a-log";

/// Appends records as the engine would.
inline void append(support::MemoryLog& log, std::span<const call::Record> records) {
  auto batch = log.begin();
  for (auto record : records) batch->add(record);
  ASSERT_TRUE(log.commit(std::move(batch)));
}

/// Keeps rows and position together, as the port asks; fails as it is told. What a
/// test sets may be set while nobody uses the sink. Any thread.
class FakeSink final : public history::HistorySink {
 public:
  enum class Answer : std::uint8_t { lost_before, lost_after };

  // What survives the process.
  history::Rows rows;
  std::map<call::Position, std::string> skipped;
  std::string kept_for = log_id;

  // What it does next.
  std::deque<Trouble> open_troubles;
  std::deque<std::pair<Answer, Trouble>> apply_troubles;
  std::map<call::Position, std::string> poison;

  // What was asked of it.
  int opened = 0;
  std::vector<call::Position> applied;

  std::expected<Standing, Trouble> open(const std::string& id, call::Position head) override {
    const std::scoped_lock lock(mutex_);
    ++opened;
    if (id != kept_for) return refuse(Kind::lasting, "these rows are of the log " + kept_for);
    if (rows.position > head) return refuse(Kind::lasting, "these rows are ahead of the log");
    if (!open_troubles.empty()) return std::unexpected(pop(open_troubles));
    Standing standing{rows.position, rows.live(), {}};
    for (const auto& [position, reason] : skipped)
      standing.skipped.push_back({position, reason, {}});
    return standing;
  }
  std::expected<void, Trouble> apply(const history::Changes& changes) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& event : changes.events) {
      const auto found = poison.find(event.record.position);
      if (found == poison.end()) continue;
      return std::unexpected(Trouble{Kind::poison, found->second, found->first});
    }
    std::optional<std::pair<Answer, Trouble>> fault;
    if (!apply_troubles.empty()) fault = pop(apply_troubles);
    if (fault && fault->first == Answer::lost_before) return std::unexpected(fault->second);
    rows.apply(changes);
    applied.push_back(changes.position);
    more_.notify_all();
    if (fault) return std::unexpected(fault->second);
    return {};
  }
  std::expected<void, Trouble> skip(call::Position position, const std::string& reason,
                                    call::Time /*at*/) override {
    const std::scoped_lock lock(mutex_);
    skipped[position] = reason;
    rows.position = position;
    poison.erase(position);
    return {};
  }

  /// Whether the rows come to `position`; the patience is spent by a failing test alone.
  bool wait_for(call::Position position) {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, std::chrono::seconds(60),
                          [&] { return rows.position >= position; });
  }

 private:
  template <class T>
  static T pop(std::deque<T>& from) {
    T first = std::move(from.front());
    from.pop_front();
    return first;
  }
  static std::unexpected<Trouble> refuse(Kind kind, std::string message) {
    return std::unexpected(Trouble{kind, std::move(message), 0});
  }

  std::mutex mutex_;
  std::condition_variable more_;
};

inline Trouble passing(std::string message = "not reachable") {
  return {Kind::passing, std::move(message), 0};
}
inline Trouble lasting(std::string message = "no permission") {
  return {Kind::lasting, std::move(message), 0};
}

/// A log, a sink and a follower between them.
class FollowerTest : public testing::Test {
 protected:
  FollowerPorts ports() {
    return {.clock = clock,
            .random = [this] { return random; },
            .tell = [this](Weight, const std::string& sentence) { told.push_back(sentence); }};
  }
  /// As a new process would.
  void restart(std::string id = log_id) {
    projection.emplace("fake", sink);
    follower.emplace(*projection, log, std::move(id), ports(), pace);
  }
  /// Steps until nothing more is due at once.
  Follower::Next run() {
    for (;;) {
      const auto next = follower->step();
      if (next.pause != call::Duration{}) return next;
    }
  }
  void append_records(std::span<const call::Record> records) { append(log, records); }

  support::MemoryLog log;
  support::ManualClock clock;
  FakeSink sink;
  std::uint64_t random = 0;
  std::vector<std::string> told;
  Pace pace{.batch_records_max = 4};
  std::optional<HistoryProjection> projection;
  std::optional<Follower> follower;
};

}  // namespace callstate::projections
