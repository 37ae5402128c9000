#pragma once

#include <istream>
#include <string>

#include "tools/callstate/report/replay.hpp"
#include "tools/callstate/terminal.hpp"

namespace callstate::tools {

/// Replays on the terminal, by keys, until it is quit. `title`: what is replayed.
void replay_on_terminal(Replay& replay, Terminal& terminal, const std::string& title, bool ascii);

/// Replays by the lines of `script`, and prints what comes of each. Gives whether all of
/// them could be done.
bool replay_by_script(Replay& replay, std::istream& script);

}  // namespace callstate::tools
