#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "core/call/error.hpp"
#include "core/call/message.hpp"
#include "core/call/state.hpp"

namespace callstate::call {

// The sentences of refusals. They go to clients and their developers: they name
// fields, types and states, and never a person or a token.

/// The parts, one after the other.
std::string sentence(std::initializer_list<std::string_view> parts);

/// Why a message of `type` has no place in the room's state; `self` is the
/// sender in the room's call, null for a stranger.
std::string wrong_state_sentence(std::string_view type, const Room& room, const Participant* self);

/// What a refusal of this code says, whatever the message: for who reads of it later.
/// The sentence that the sender got names more, and is not kept.
std::string_view general_sentence(ErrorCode code);

/// The wire's field in which a client may name the sender: `acceptedBy` …
std::string_view sender_field(const MessageBody& body);

}  // namespace callstate::call
