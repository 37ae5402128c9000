#pragma once

#include <string>

#include "core/call/event.hpp"
#include "tools/callstate/report/history.hpp"

namespace callstate::tools {

/// A record as on the wire, with what only the log knows of it.
std::string record_json(const call::Record& record, const call::Hash& hash);

/// A room as ROOM_STATE, with what the server keeps to itself.
std::string state_json(const History& history);

}  // namespace callstate::tools
