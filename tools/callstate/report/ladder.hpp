#pragma once

#include <cstddef>
#include <string>

#include "tools/callstate/report/history.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

struct LadderStyle {
  std::size_t width = 80;  // columns of the terminal; taken as no fewer than 40
  bool ascii = false;      // no other characters than ASCII, names apart
};

/// A history as a diagram of sequence: for each call a column for each device of each
/// participant, an arrow for each event, from who sent it to who hears it, and a mark
/// for each message that was refused or ignored. Where there is no room for all columns
/// a user's devices share one, and the last users too. No line is wider than `width`.
std::string render_ladder(const History& history, const Paint& paint, const LadderStyle& style);

}  // namespace callstate::tools
