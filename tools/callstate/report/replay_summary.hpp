#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <span>
#include <string>

#include "tools/callstate/report/player.hpp"
#include "tools/callstate/report/statistics.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// A replay in one go.
struct ReplaySummary {
  Statistics counted;  // of the records replayed
  call::Position first = 0;
  call::Hash state{};     // of all states that they fold to
  call::Duration took{};  // by the machine's clock
};

using Digest = std::function<call::Hash(std::span<const std::uint8_t>)>;

/// Of all states: those of the same records are the same, in every build that folds them
/// alike. `digest`: SHA-256.
call::Hash digest_of(const Player::States& states, const Digest& digest);

std::string render_replay(const ReplaySummary& summary, const std::string& what,
                          const Paint& paint);
std::string replay_json(const ReplaySummary& summary);

}  // namespace callstate::tools
