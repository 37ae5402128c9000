#include "projections/status.hpp"

#include <algorithm>

namespace callstate::projections {

std::string_view name_of(State state) {
  const auto index = static_cast<std::size_t>(state);
  return index < state_names.size() ? state_names[index] : std::string_view("?");
}

std::optional<State> parse_state(std::string_view name) {
  const auto found = std::ranges::find(state_names, name);
  if (found == state_names.end()) return std::nullopt;
  return static_cast<State>(found - state_names.begin());
}

}  // namespace callstate::projections
