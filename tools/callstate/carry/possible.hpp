#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/call/state.hpp"
#include "tools/callstate/carry/line.hpp"

namespace callstate::tools {

/// Whether what was applied in rooms can have been, one record after another. Looks for
/// what no rules, of no version, could have recorded: events without a call, of another
/// call, of people who are not in it, or once more. What the rules of this build would
/// have decided is `recheck`'s to say. One thread; memory: a room for each live call,
/// some bytes for each other room.
class PossibleCalls {
 public:
  /// `from_beginning`: the first records of all streams come too. Otherwise a room is
  /// judged from its first CALL_STARTED on.
  explicit PossibleCalls(bool from_beginning) : from_beginning_(from_beginning) {}

  /// The fault, and then the record counts as not there.
  std::optional<LineFault> take(const call::Record& record);

 private:
  struct Known {
    call::CallId last;                 // of the call that goes on or has ended
    std::unique_ptr<call::Room> live;  // while a call goes on
    bool in_part = false;              // has not been seen from a beginning on
  };

  bool from_beginning_;
  std::unordered_map<std::string, Known> rooms_;
  std::string key_;
};

}  // namespace callstate::tools
