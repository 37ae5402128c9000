#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/engine/states.hpp"
#include "tools/callstate/carry/recheck.hpp"

namespace callstate::tools {

/// `ACCEPTED in CONNECTED`: what was sent or concluded, and in which state.
std::string situation_of(const call::Room& room, const call::Record& record);

/// Gathers what differs: alike differences are counted, and the first one is kept.
class Differences {
 public:
  void add(const std::string& rule, const call::Record& record, const std::string& recorded,
           const std::string& now);
  /// A message is judged otherwise.
  void add(const std::string& rule, const call::Record& record, const call::Verdict& now);
  /// The server concludes something else; null: nothing.
  void add(const std::string& rule, const call::Record& record, const call::Payload* now);
  /// It concludes something that is not in the log behind this position.
  void add_missing(const engine::RoomEntry& entry, call::Position after, const call::Payload& now);

  [[nodiscard]] std::vector<Difference> sorted() &&;

 private:
  void count(Difference difference, const call::Payload* recorded, const call::Payload* now);

  std::map<std::tuple<std::string, std::string, std::string>, Difference> found_;
};

}  // namespace callstate::tools
