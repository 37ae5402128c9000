#include "tools/callstate/report/awaited.hpp"

namespace callstate::tools {

call::Position position_of(const State& state) {
  return std::visit([](const auto& each) { return each.position; }, state);
}

const call::Hash& chain_of(const State& state) {
  return std::visit([](const auto& each) -> const call::Hash& { return each.chain; }, state);
}

bool live(const State& state) {
  if (const auto* room = std::get_if<call::Room>(&state)) return room->live();
  return std::get<call::User>(state).online;
}

bool same(State folded, const State& kept) {
  if (!live(folded) && position_of(folded) < position_of(kept)) {
    std::visit([&](auto& each) { each.position = position_of(kept); }, folded);
  }
  return folded == kept;
}

}  // namespace callstate::tools
