#include "transports/places.hpp"

namespace callstate::transports {

std::optional<Places::Place> Places::take(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto found = taken_.find(name);
  if (found == taken_.end()) {
    if (each_max_ == 0) return std::nullopt;
    found = taken_.emplace(name, 0).first;
  } else if (found->second >= each_max_) {
    return std::nullopt;
  }
  ++found->second;
  return Place(*this, *found);
}

void Places::give_back(Taken::value_type& of) {
  const std::lock_guard lock(mutex_);
  if (--of.second == 0) taken_.erase(taken_.find(of.first));
}

}  // namespace callstate::transports
