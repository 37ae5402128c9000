#include "projections/status.hpp"

namespace callstate::projections {

std::string_view name_of(State state) {
  const auto index = static_cast<std::size_t>(state);
  return index < state_names.size() ? state_names[index] : std::string_view("?");
}

}  // namespace callstate::projections
