#pragma once

#include <string>
#include <string_view>

#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// One record of the log, as the server shows it in JSON, as a line for people: when,
/// position, where, what, by whom, what became of it, and what it says besides. Ends
/// with a newline. What cannot be read is shown as it is.
std::string render_log_line(std::string_view record, const Paint& paint);

}  // namespace callstate::tools
