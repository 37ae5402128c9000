#pragma once

#include <optional>
#include <string>

#include "core/call/decide.hpp"
#include "tools/callstate/report/history.hpp"
#include "tools/callstate/report/rules.hpp"

namespace callstate::tools {

/// A record judged again, by this build's rules, on the state before it.
struct Reconsidered {
  const Rule* rule = nullptr;  // that the verdict rests on
  std::string sentence;        // of a refusal, as the sender was told it
  /// What this build would do otherwise, in a sentence; empty: nothing.
  std::string differs;
  /// What the log does not hold, and was taken for granted; may be empty.
  std::string granted;
  /// False: what was in the room before is not in this log, and nothing was judged.
  bool known = true;
};

/// Whether a room's history up to the record has been seen as far as it matters. A part
/// of a log, and one from which older calls were dropped, may begin in the middle of it.
bool knows_before(const call::Room& before, const call::Record& record);

/// `before` and `position` are of the same history; the record is of the room, or a start.
Reconsidered reconsider(const History& history, const Entry& entry, const call::Room& before);

/// What a client sent from whose message this event came, as far as it matters to the
/// rules. Nothing for what no client sends.
std::optional<call::MessageBody> body_of(const call::Payload& payload);

/// The message that the record is of, as far as the record holds it: nothing when no
/// client sent it.
std::optional<call::Message> message_of(const call::Record& record);

}  // namespace callstate::tools
