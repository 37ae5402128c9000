#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tools/callstate/report/replay.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// What a screen of a replay shows.
struct ReplayScreen {
  std::string title{};                  // what is replayed
  std::string message{};                // what came of the last command
  std::optional<std::string> prompt{};  // what is being typed
  bool help = false;
};

struct ScreenStyle {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool ascii = false;
};

/// Exactly `rows` lines, none wider than `columns`: the records around the present one,
/// beside them the state after it with what it changed, below the record in full. The
/// smaller a screen the less it holds; below 20 by 6 it is one line.
std::vector<std::string> render_screen(const Replay& replay, const ReplayScreen& screen,
                                       const Paint& paint, const ScreenStyle& style);

}  // namespace callstate::tools
