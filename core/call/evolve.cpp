#include "core/call/evolve.hpp"

#include <algorithm>
#include <variant>

#include "core/call/standing.hpp"

namespace callstate::call {
namespace {

// The replay path: a room and its participants are assigned into, so that a
// room which hosts one call after another allocates only for the first.

/// Moves a participant on. A deadline outlives only the state it belongs to:
/// a stale one would wake the timers for nothing.
void settle(Participant& participant, ParticipantState state) {
  participant.state = state;
  participant.before_disconnect = ParticipantState::invited;
  participant.grace_deadline = {};
  if (!awaited(participant)) participant.ring_deadline = {};
}

void await(Participant& participant, Time ring_deadline) {
  settle(participant, ParticipantState::invited);
  participant.ring_deadline = ring_deadline;
  participant.rang_on.clear();
  participant.answered_on = {};
}

void invite(Participant& participant, Time ring_deadline, const Record& record,
            std::size_t inviter) {
  await(participant, ring_deadline);
  participant.invited_by = static_cast<std::uint8_t>(inviter);
  participant.invited_position = record.position;
  participant.invited_seq = record.seq;
  participant.invited_at = record.at;
}

void disconnect(Participant& participant, Time grace_deadline) {
  if (participant.state != ParticipantState::disconnected) {
    participant.before_disconnect = participant.state;
    participant.state = ParticipantState::disconnected;
  }
  participant.grace_deadline = grace_deadline;
}

/// One overload per event: a new one does not compile until it has its own.
struct FoldRoom {
  Room& room;
  const Record& record;

  void operator()(const CallStarted& started) const {
    room.state = CallState::ringing;
    room.call = record.call;
    room.caller_name = started.caller_name;
    room.callee_name = started.callee_name;
    room.metadata = started.metadata;
    room.media_room = started.media_room;
    room.started_position = record.position;
    room.started_seq = record.seq;
    room.started_at = record.at;
    room.answered_at = {};
    room.ended_at = {};
    room.ring_deadline = started.ring_deadline;
    room.max_deadline = {};
    room.end_reason = EndReason::none;
    room.group = started.callees.size() > 1;

    room.participants.resize(1 + started.callees.size());
    auto participant = room.participants.begin();
    participant->user = started.caller;
    participant->role = CallRole::caller;
    invite(*participant, {}, record, 0);
    settle(*participant, ParticipantState::joined);
    for (const auto& callee : started.callees) {
      ++participant;
      participant->user = callee;
      participant->role = CallRole::callee;
      invite(*participant, started.ring_deadline, record, 0);
    }
  }

  void operator()(const Ringing&) const {
    auto* participant = room.find(record.actor.user);
    if (participant == nullptr) return;
    settle(*participant, ParticipantState::ringing);
    if (participant->rang_on.size() < rang_on_max) {
      participant->rang_on.push_back(record.actor.device);
    }
  }

  void operator()(const Accepted& accepted) const {
    if (room.state == CallState::ringing) {
      room.state = CallState::connected;
      room.answered_at = record.at;
      room.max_deadline = accepted.max_deadline;
    }
    auto* participant = room.find(record.actor.user);
    if (participant == nullptr) return;
    settle(*participant, ParticipantState::joined);
    participant->answered_on = record.actor.device;
  }

  void operator()(const Rejected&) const {
    if (auto* participant = room.find(record.actor.user)) {
      settle(*participant, ParticipantState::rejected);
    }
  }

  void operator()(const Ended& ended) const {
    room.state = CallState::ended;
    room.ended_at = record.at;
    room.end_reason = ended.reason;
  }

  void operator()(const Invited& invited) const {
    room.group = true;
    const auto* by = room.find(record.actor.user);
    const auto inviter =
        by == nullptr ? 0 : static_cast<std::size_t>(by - room.participants.data());
    for (const auto& callee : invited.callees) {
      auto* participant = room.find(callee);
      if (participant == nullptr) {
        participant = &room.participants.emplace_back();
        participant->user = callee;
      }
      invite(*participant, invited.ring_deadline, record, inviter);
    }
  }

  void operator()(const ParticipantJoined& joined) const {
    auto* participant = room.find(joined.user);
    if (participant != nullptr && participant->state == ParticipantState::disconnected) {
      settle(*participant, participant->before_disconnect);
    }
  }

  void operator()(const ParticipantLeft& left) const {
    auto* participant = room.find(left.user);
    if (participant == nullptr) return;
    switch (left.reason) {
      case LeaveReason::disconnected:
        disconnect(*participant, left.grace_deadline);
        return;
      case LeaveReason::connection_lost:
        if (awaited(*participant)) {
          // Nothing rings there any more, so the same device may ring anew.
          await(*participant, participant->ring_deadline);
        } else {
          settle(*participant, ParticipantState::left);
        }
        return;
      case LeaveReason::hangup:
      case LeaveReason::no_answer:
        settle(*participant, ParticipantState::left);
        return;
    }
  }

  // Told to clients, and nothing that a later decision depends on.
  void operator()(const TimedOut&) const {}
  void operator()(const CalleeOffline&) const {}
  void operator()(const Signaled&) const {}
  void operator()(const MediaReported&) const {}
  // Of other streams.
  void operator()(const UserOnline&) const {}
  void operator()(const UserOffline&) const {}
  void operator()(const UserInCall&) const {}
  void operator()(const ServerStarted&) const {}
  void operator()(const Revoked&) const {}
  void operator()(const Sealed&) const {}
};

struct FoldUser {
  User& user;

  void operator()(const UserOnline&) const {
    user.online = true;
    user.offline_deadline = {};
  }
  void operator()(const UserOffline&) const {
    user.online = false;
    user.offline_deadline = {};
  }
  void operator()(const UserInCall&) const {}
  void operator()(const Revoked& revoked) const {
    user.revoked_before = std::max(user.revoked_before, revoked.before);
  }
  // Of other streams.
  void operator()(const CallStarted&) const {}
  void operator()(const Ringing&) const {}
  void operator()(const Accepted&) const {}
  void operator()(const Rejected&) const {}
  void operator()(const Ended&) const {}
  void operator()(const TimedOut&) const {}
  void operator()(const CalleeOffline&) const {}
  void operator()(const Invited&) const {}
  void operator()(const Signaled&) const {}
  void operator()(const ParticipantJoined&) const {}
  void operator()(const ParticipantLeft&) const {}
  void operator()(const ServerStarted&) const {}
  void operator()(const MediaReported&) const {}
  void operator()(const Sealed&) const {}
};

/// Every session of before is gone, whether or not its end was seen.
void restart(Room& room, const ServerStarted& started) {
  if (!room.live()) return;
  for (auto& participant : room.participants) {
    switch (participant.state) {
      case ParticipantState::ringing:
      case ParticipantState::joined:
      case ParticipantState::disconnected:
        disconnect(participant, started.grace_deadline);
        break;
      case ParticipantState::invited:
      case ParticipantState::left:
      case ParticipantState::rejected:
        break;
    }
  }
}

void restart(User& user, const ServerStarted& started) {
  if (user.online) user.offline_deadline = started.presence_deadline;
}

template <class State, class Fold>
void fold(State& state, const Record& record, const Fold& each) {
  if (record.position <= state.position) return;
  state.position = record.position;
  if (record.outcome != Outcome::applied) return;
  // Its seq is the server stream's, not this one's.
  if (const auto* started = std::get_if<ServerStarted>(&record.payload)) {
    restart(state, *started);
    return;
  }
  if (record.seq <= state.seq) return;
  state.seq = record.seq;
  std::visit(each, record.payload);
}

}  // namespace

void evolve(Room& room, const Record& record) {
  fold(room, record, FoldRoom{room, record});
}

void evolve(User& user, const Record& record) {
  fold(user, record, FoldUser{user});
}

}  // namespace callstate::call
