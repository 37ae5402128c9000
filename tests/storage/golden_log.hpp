#pragma once

#include <string>
#include <vector>

#include "storage/store.hpp"

namespace callstate::storage::testing {

/// Calls of every kind, put into an empty store by the engine itself: one
/// answered on one of two devices, one declined, one that nobody answers, glare,
/// a group with one who is asked in and one who loses the connection, and a
/// restart in the middle of it all. The same each time.
void play_golden_story(Store& store);

/// Every state that a replay of the whole log gives, a line each, sorted.
/// Throws where the log does not replay.
std::vector<std::string> replayed_states(const engine::LogReader& reader);

}  // namespace callstate::storage::testing
