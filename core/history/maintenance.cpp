#include "core/history/maintenance.hpp"

#include <algorithm>
#include <array>

namespace callstate::history {
namespace {

constexpr std::array<std::string_view, 3> step_names{"folding", "comparing", "replacing"};
constexpr std::array<std::string_view, 3> kind_names{"missing", "extra", "differs"};

template <class Enum>
std::optional<Enum> parse(const std::array<std::string_view, 3>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view name_of(Progress::Step step) {
  return step_names.at(static_cast<std::size_t>(step));
}

std::optional<Progress::Step> parse_step(std::string_view name) {
  return parse<Progress::Step>(step_names, name);
}

std::string_view name_of(Drift::Kind kind) {
  return kind_names.at(static_cast<std::size_t>(kind));
}

std::optional<Drift::Kind> parse_drift_kind(std::string_view name) {
  return parse<Drift::Kind>(kind_names, name);
}

}  // namespace callstate::history
