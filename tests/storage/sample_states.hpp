#pragma once

#include "core/call/state.hpp"

namespace callstate::storage::testing {

/// States with every field set to something else than its default.
inline call::Room sample_room() {
  const auto time = [](std::int64_t microseconds) {
    return call::Time(std::chrono::microseconds(microseconds));
  };
  call::Room room;
  room.seq = 5;
  room.position = 77;
  room.chain.fill(9);
  room.state = call::CallState::connected;
  room.call.bytes.fill(3);
  call::Participant alice;
  alice.user = call::UserId::clipped("alice");
  alice.role = call::CallRole::caller;
  alice.state = call::ParticipantState::joined;
  alice.before_disconnect = call::ParticipantState::ringing;
  alice.grace_deadline = time(1);
  alice.ring_deadline = time(2);
  alice.rang_on = {call::DeviceId::clipped("phone"), call::DeviceId::clipped("")};
  alice.answered_on = call::DeviceId::clipped("tab");
  call::Participant bob;
  bob.user = call::UserId::clipped("bob");
  bob.state = call::ParticipantState::disconnected;
  bob.before_disconnect = call::ParticipantState::joined;
  bob.grace_deadline = time(3);
  bob.ring_deadline = time(4);
  bob.invited_by = 1;
  bob.invited_position = 71;
  bob.invited_seq = 2;
  bob.invited_at = time(5);
  room.participants = {alice, bob};
  room.caller_name = "Alice";
  room.callee_name = "Bob";
  room.metadata = R"({"a":1})";
  room.started_position = 70;
  room.started_seq = 1;
  room.started_at = time(5);
  room.answered_at = time(6);
  room.ended_at = time(7);
  room.ring_deadline = time(8);
  room.max_deadline = time(9);
  room.end_reason = call::EndReason::max_duration;
  room.group = true;
  room.media_room = "acme/standup";
  return room;
}

inline call::User sample_user() {
  call::User user;
  user.seq = 3;
  user.position = 12;
  user.chain.fill(4);
  user.online = true;
  user.offline_deadline = call::Time(std::chrono::microseconds(10));
  user.revoked_before = call::Time(std::chrono::microseconds(11));
  return user;
}

}  // namespace callstate::storage::testing
