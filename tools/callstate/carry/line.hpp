#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "core/call/event.hpp"

// A record as a line of JSON and back, losing nothing. docs/carrying.md lists the
// fields.

namespace callstate::tools {

/// Longer lines are neither written nor read.
constexpr std::size_t line_bytes_max = 1024UL * 1024;

/// Appends the record's line, with its end. `hash` is that of its bytes in the log.
void write_line(std::string& out, const call::Record& record, const call::Hash& hash);

/// `ENDED {"reason":"hangup","durationSeconds":42}`: an event as it is in a line.
std::string event_text(const call::Payload& payload);

/// What is wrong with a line.
struct LineFault {
  std::string field;  // empty: the line as a whole
  std::string what;   // `is no number`
};

/// Reads a line without its end. The fault names the first field that is unknown,
/// missing, or not what it must be. Reads a field whose text is longer than its
/// bound, or a type that this build does not know, as a fault too: nothing is lost
/// in silence.
std::expected<void, LineFault> read_line(std::string_view line, call::Record& record,
                                         call::Hash& hash);

/// The names of streams: `room`, `user`, `server`.
std::string_view name_of(call::StreamKind kind);

}  // namespace callstate::tools
