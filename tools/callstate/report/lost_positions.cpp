#include "tools/callstate/report/lost_positions.hpp"

#include <algorithm>
#include <utility>

namespace callstate::tools {

void LostPositions::add(call::Position first, call::Position last, std::string why) {
  runs_.push_back({first, last, std::move(why), {}});
}

bool LostPositions::any_in(call::Position first, call::Position last) const {
  const auto run = std::ranges::lower_bound(runs_, first, {}, &Run::last);
  return run != runs_.end() && run->first <= last;
}

void LostPositions::missed(call::Position after, call::Position before, const Place& by) {
  for (auto run = std::ranges::upper_bound(runs_, after, {}, &Run::last);
       run != runs_.end() && run->first < before; ++run) {
    const bool known = std::ranges::any_of(run->missed_by, [&](const Place& each) {
      return each.stream == by.stream && each.call == by.call;
    });
    if (!known) run->missed_by.push_back(by);
  }
}

std::vector<Problem> LostPositions::problems() const {
  std::vector<Problem> problems;
  for (const auto& run : runs_) {
    Problem problem{.position = run.first, .where = {}, .what = run.why, .last = run.last};
    if (problem.last == problem.position) problem.last = 0;
    if (!run.missed_by.empty()) {
      problem.what += ". By the chains, records of these are among what is lost: " +
                      list_of(run.missed_by, "; ");
    }
    problem.concerns = run.missed_by;
    problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace callstate::tools
