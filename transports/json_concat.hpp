#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace callstate::transports {

/// The parts one after the other, whole numbers in decimal: how sentences are
/// made here. Not for the path of a message that is well.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string made;
  const auto add = [&made](const auto& part) {
    if constexpr (std::integral<std::decay_t<decltype(part)>>) {
      made += std::to_string(part);
    } else {
      made += std::string_view(part);
    }
  };
  (add(parts), ...);
  return made;
}

}  // namespace callstate::transports
