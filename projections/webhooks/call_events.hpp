#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/history/outbox.hpp"
#include "core/history/rows.hpp"

// What of the log a receiver of webhooks is told, and in which words. Pure.

namespace callstate::projections {

// The types. docs/webhooks.md and schemas/openapi.yaml say what each means.
constexpr std::string_view callee_offline_event = "call.callee_offline";
constexpr std::string_view call_ended_event = "call.ended";
constexpr std::string_view call_missed_event = "call.missed";

/// Whether a record may be told of at all: then `events_of` wants the row of its
/// call.
[[nodiscard]] bool may_be_told(const call::Record& record);

/// What is told of a record that may be, in this order; `row` is its call as the
/// record has left it. The log's id makes ids of events differ from those of other
/// logs. Numbers are left to the outbox, `queued_at` to the caller.
std::vector<history::OutgoingEvent> events_of(const call::Record& record,
                                              const history::CallRow& row, std::string_view log_id);

}  // namespace callstate::projections
