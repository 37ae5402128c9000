#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/engine/ports.hpp"

namespace callstate::engine {

/// Where a log begins from which older calls were dropped, and what it goes on from:
/// the states at its beginning, which nothing can fold again.
struct Beginning {
  struct State {
    call::Stream stream;
    std::variant<call::Room, call::User> state;
  };

  /// From here on every position is there.
  call::Position first = 1;
  /// Those before it that were kept: rising.
  std::vector<call::Position> kept{};
  /// Of the position before `first`: what is live there, and who hears it.
  SnapshotStore::Mark mark{};
  std::map<std::string, State> states{};  // by key_of

  /// A key that no other stream has.
  static std::string key_of(const call::Stream& stream);
  void add(State state);
  [[nodiscard]] const State* find(const call::Stream& stream) const;
  /// Whether the position is there, by what the log says of itself.
  [[nodiscard]] bool holds(call::Position position) const;
};

}  // namespace callstate::engine
