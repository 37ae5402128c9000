#pragma once

#include "core/call/event.hpp"
#include "core/call/state.hpp"

namespace callstate::call {

/// Folds one record of the room's stream, or a SERVER_STARTED, into the room.
/// Total and deterministic: it judges nothing, reads no clock and cannot fail.
/// A record that was refused or ignored moves `position` only. Records at or
/// before `room.position` are dropped, so that folding twice changes nothing;
/// so is an applied record whose `seq` is already taken.
/// SERVER_STARTED has no seq in the room: it moves `position`, and in a live
/// call makes everybody who had a connection `disconnected` with its grace.
/// `room.chain` is the caller's to set: evolve does not see bytes.
void evolve(Room& room, const Record& record);

/// The same for a user's presence.
void evolve(User& user, const Record& record);

}  // namespace callstate::call
