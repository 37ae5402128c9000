#pragma once

#include <string>

#include "tools/callstate/report/history.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// How the times of records are given.
enum class Times : std::uint8_t {
  both,         // by the clock, and since the call's start
  since_start,  // that alone
};

/// What a call was: its id, its room, how it ended, who took part and when. Lines.
std::string render_heading(const History& history, const Chapter& chapter, const Paint& paint);

/// A history as a page: for each call a heading and its records in order.
std::string render_timeline(const History& history, const Paint& paint, Times times = Times::both);

/// The same as one JSON object a line: the events as they go over the wire, and
/// `outcome`, `code` of a refusal, `tenantId`, `actor`, `messageId`, `hash` and
/// `previous`; `sinceStartMs` where that is asked for.
std::string timeline_json(const History& history, Times times = Times::both);

}  // namespace callstate::tools
