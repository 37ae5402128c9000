#pragma once

#include <cstring>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/history/rows.hpp"

namespace callstate::history {

/// The fold of the log into the history of its calls. Pure and total, like
/// `evolve`: no clock, no I/O; what it has not been told of a call it leaves out.
/// It holds the live calls and what has changed since the last `take`. One thread.
class CallHistory {
 public:
  CallHistory() = default;
  /// As of a position: with the calls that were live there.
  explicit CallHistory(std::span<const CallRow> live);

  /// The next record of the log. Those of users' streams and of the server's own
  /// change nothing but the position; so does one whose position was seen before.
  void add(const call::Record& record);

  /// The call as it stands: live, or ended since the last `take`; null for any other.
  /// Until the next call of this.
  [[nodiscard]] const CallRow* find(const call::CallId& id) const;

  /// What was added since the last time; nothing of it is kept but live calls.
  Changes take();

  /// Rows that `take` would give.
  [[nodiscard]] std::size_t size() const { return changed_.size() + changes_.events.size(); }

 private:
  struct Entry {
    CallRow row;
    bool changed = false;  // since the last `take`
  };
  struct IdHash {
    // The end of a UUIDv7 is random.
    std::size_t operator()(const call::CallId& id) const {
      std::size_t hash = 0;
      std::memcpy(&hash, id.bytes.data() + id.bytes.size() - sizeof hash, sizeof hash);
      return hash;
    }
  };

  /// The call that the record concerns, if it is live.
  Entry* live(const call::Record& record);

  std::unordered_map<call::CallId, Entry, IdHash> calls_;  // live, or ended since `take`
  std::vector<call::CallId> changed_;                      // in the order of their first change
  Changes changes_;                                        // without its calls
};

}  // namespace callstate::history
