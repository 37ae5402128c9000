#pragma once

#include <variant>

#include "core/call/state.hpp"

namespace callstate::tools {

/// What a snapshot keeps.
using State = std::variant<call::Room, call::User>;

call::Position position_of(const State& state);
const call::Hash& chain_of(const State& state);
/// With a call that goes on; a user who is online.
bool live(const State& state);

/// Whether the kept state is the folded one. A restart moves `position` of what
/// was in memory then, which the log does not tell.
bool same(State folded, const State& kept);

/// A snapshot that the fold has not reached yet.
struct Awaited {
  State kept;
  State folded;
};

}  // namespace callstate::tools
