#include <algorithm>
#include <array>

#include "core/history/rows.hpp"

namespace callstate::history {
namespace {

constexpr std::array<std::string_view, 7> status_names{
    "RINGING", "CONNECTED", "ENDED", "REJECTED", "CANCELLED", "MISSED", "FAILED"};
static_assert(static_cast<std::size_t>(Status::failed) + 1 == status_names.size());

}  // namespace

std::string_view name_of(Status status) {
  const auto index = static_cast<std::size_t>(status);
  return index < status_names.size() ? status_names[index] : std::string_view("?");
}

std::optional<Status> parse_status(std::string_view name) {
  const auto* found = std::ranges::find(status_names, name);
  if (found == status_names.end()) return std::nullopt;
  return static_cast<Status>(found - status_names.begin());
}

}  // namespace callstate::history
