#pragma once

#include <string>

namespace callstate::tools {

/// What the process says to its caller.
enum class Exit : int {
  ok = 0,
  found = 1,     // what was looked for is not there, or is wrong
  unusable = 2,  // the question makes no sense, or cannot be answered here
};

/// Why a command did not do what it was asked: whole sentences, the last of
/// which says what to do.
struct Trouble {
  Exit exit = Exit::unusable;
  std::string message;
};

}  // namespace callstate::tools
