#pragma once

#include <string>

#include "tools/callstate/report/history.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// A room's state at the end of a history, as a page.
std::string render_state(const History& history, const Paint& paint);

}  // namespace callstate::tools
