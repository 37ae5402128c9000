#pragma once

#include "core/call/state.hpp"

namespace callstate::call {

// What a participant is to the call, whatever its connection does. The rules
// ask these instead of comparing states, so that none of them forgets that a
// disconnected participant still counts as what it was. Pure; any thread.

/// The state, a lost connection apart: never `disconnected`.
constexpr ParticipantState standing(const Participant& participant) {
  return participant.state == ParticipantState::disconnected ? participant.before_disconnect
                                                             : participant.state;
}

/// Whether the call still waits for an answer of this participant.
constexpr bool awaited(const Participant& participant) {
  const auto is = standing(participant);
  return is == ParticipantState::invited || is == ParticipantState::ringing;
}

/// Whether the participant talks, or may come back to talk.
constexpr bool in_conversation(const Participant& participant) {
  return standing(participant) == ParticipantState::joined;
}

/// Whether the participant has left or declined.
constexpr bool out_of_call(const Participant& participant) {
  const auto is = standing(participant);
  return is == ParticipantState::left || is == ParticipantState::rejected;
}

}  // namespace callstate::call
