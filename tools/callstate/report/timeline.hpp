#pragma once

#include <string>

#include "tools/callstate/report/history.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// A history as a page: for each call a heading and its records in order.
std::string render_timeline(const History& history, const Paint& paint);

/// The same as one JSON object a line: the events as they go over the wire, and
/// `outcome`, `code` of a refusal, `tenantId`, `actor`, `messageId`, `hash` and
/// `previous`.
std::string timeline_json(const History& history);

}  // namespace callstate::tools
