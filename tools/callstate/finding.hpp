#pragma once

#include <expected>

#include "tools/callstate/log_source.hpp"
#include "tools/callstate/report/history.hpp"

namespace callstate::tools {

/// What happened in a room or a call of an open log: found by the index of calls that
/// lies beside it, else by reading all of the log. Where that takes a while it is said
/// on standard error, and how far it has come.
std::expected<History, Trouble> find_in(LogSource& log, const Wanted& wanted);

}  // namespace callstate::tools
