#pragma once

#include <string>
#include <string_view>

namespace callstate::projections::postgres {

/// The parts one after the other: how statements and sentences are made here.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string made;
  (made.append(std::string_view(parts)), ...);
  return made;
}

}  // namespace callstate::projections::postgres
