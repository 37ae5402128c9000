#pragma once

#include <string>
#include <vector>

#include "tools/callstate/report/problem.hpp"

namespace callstate::tools {

/// The positions of a log that could not be read, and which streams have records there.
class LostPositions {
 public:
  /// A run, behind all before it. `why`: what the reader says of it.
  void add(call::Position first, call::Position last, std::string why);

  [[nodiscard]] bool any() const { return !runs_.empty(); }
  [[nodiscard]] std::size_t runs() const { return runs_.size(); }
  /// Whether one of `first` … `last` is lost, both included.
  [[nodiscard]] bool any_in(call::Position first, call::Position last) const;

  /// A stream has records between these positions, neither included, that were not read.
  void missed(call::Position after, call::Position before, const Place& by);

  /// One a run.
  [[nodiscard]] std::vector<Problem> problems() const;

 private:
  struct Run {
    call::Position first = 0;
    call::Position last = 0;
    std::string why;
    std::vector<Place> missed_by;
  };
  std::vector<Run> runs_;
};

}  // namespace callstate::tools
