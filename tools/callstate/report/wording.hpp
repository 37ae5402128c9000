#pragma once

#include <string>

#include "core/call/event.hpp"
#include "core/call/state.hpp"
#include "tools/callstate/report/history.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

// Facts in a few words, for people. What comes from clients is passed on as it
// is: Table and Paint make it safe to show.

/// What an event says beyond its type and its actor; for a refused message,
/// what was asked for and in which state.
std::string details_of(const Entry& entry, const call::Room& room);

/// `alice → bob, carol`, by id.
std::string parties_of(const call::Room& room);

/// How a call ended: `hangup, talked 42 s`; empty before.
std::string result_of(const Chapter& chapter);

/// Of a room's present or last call.
Tone tone_of(const call::Room& room);

/// `CRM_USER phone`; empty for the server itself.
std::string standing_of(const call::Actor& actor);

/// From `start` on: `+0.000`, `+42.125`, `+1:02.125`, `+1:00:02.125`.
std::string since(call::Time start, call::Time time);

/// The first eight hexadecimal digits, which is what people compare.
std::string short_hash(const call::Hash& hash);
/// All 64.
std::string full_hash(const call::Hash& hash);

}  // namespace callstate::tools
