#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/ports.hpp"

namespace callstate::projections {

/// What a projection does.
enum class State : std::uint8_t {
  following,          // level with the log, or a moment behind it
  catching_up,        // more than a batch behind, and on its way
  retrying,           // trouble: waits, then tries again
  stopped_by_poison,  // before a record that cannot be applied, until it is skipped
  stopped,            // not begun, or ended with the process
};
constexpr std::array<std::string_view, 5> state_names{"following", "catching_up", "retrying",
                                                      "stopped_by_poison", "stopped"};
std::string_view name_of(State state);
std::optional<State> parse_state(std::string_view name);

/// How a projection stands, as of one moment.
struct Status {
  std::string name;
  State state = State::stopped;
  call::Time since{};           // it has been in that state
  call::Position position = 0;  // the last record applied, or skipped
  call::Position head = 0;      // the log's
  std::uint64_t lag_records = 0;
  call::Duration lag{};  // how long the next record has been waiting; 0 when level
  /// The last there was; it is over where the state is neither `retrying` nor
  /// `stopped_by_poison`.
  std::optional<history::Trouble> trouble{};
  call::Time trouble_at{};
  std::vector<history::Skipped> skipped{};  // passed over on purpose, whenever it was
  // Since this process began to follow.
  std::uint64_t records = 0;
  std::uint64_t commits = 0;
  std::uint64_t retries = 0;
};

/// What whoever looks after the server is told, once for each change.
enum class Weight : std::uint8_t { info, warning, error };
using Tell = std::function<void(Weight, const std::string&)>;

}  // namespace callstate::projections
