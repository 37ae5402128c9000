#include <algorithm>

#include "core/call/standing.hpp"
#include "core/engine/sequencer.hpp"

// Sessions, presence and what a session is shown when it comes.

namespace callstate::engine {
namespace {

constexpr std::uint16_t close_forbidden = 4403;
constexpr std::uint16_t close_abuse = 4429;

// A customer of the tenant hears only the calls it takes part in; the tenant's
// own people may listen to any room of theirs. A room shows its last call too.
bool may_hear(call::Role role, const call::UserId& user, const call::Room& room) {
  return role != call::Role::portal_customer || room.state == call::CallState::idle ||
         room.find(user) != nullptr;
}

}  // namespace

call::Sender Sequencer::sender_of(const Session& session) const {
  return {.tenant = session.user->stream.tenant,
          .user = session.user->stream.name,
          .role = session.role,
          .device = call::DeviceId::clipped(session.device),
          .name = session.name};
}

void Sequencer::on(OpenSession& open, Batch& batch) {
  const auto turn_away = [&](std::uint16_t code, std::string reason) {
    batch.effects.emplace_back(CloseSession{open.session, {code, std::move(reason)}});
  };
  const call::Position head = head_;
  UserEntry& user = states_.user(open.sender.tenant, open.sender.user.view());
  if (user.sessions.size() >= settings_.sessions_per_user_max) {
    return turn_away(close_abuse, "too many sessions of this user");
  }
  if (user.opens.over(settings_.opens, now_)) {
    return turn_away(close_abuse, "this user opens sessions too fast");
  }
  RoomEntry* joined = open.room ? &states_.room(open.sender.tenant, open.room->view()) : nullptr;
  if (joined != nullptr && !may_hear(open.sender.role, open.sender.user, joined->room)) {
    return turn_away(close_forbidden, "not a participant of this room's call");
  }

  sessions_.emplace(open.session, Session{&user,
                                          open.sender.role,
                                          std::string(open.sender.device.view()),
                                          std::move(open.sender.name),
                                          {},
                                          {}});
  user.sessions.push_back(open.session);
  if (user.sessions.size() == 1) sessions_changed(user, batch);

  batch.effects.emplace_back(Attach{open.session, joined == nullptr});
  answer_cursor(open.session, open.since, head, open.room.value_or(call::RoomName()), batch);
  if (joined != nullptr) {
    hear(open.session, open.sender.role, *joined, batch);
    show_room(open.session, *joined, batch);
  }
  for (const RoomEntry* room : user.rooms) {
    if (joined == nullptr || room != joined) {
      batch.effects.emplace_back(Subscribe{open.session, room->stream, false});
      show_room(open.session, *room, batch);
    }
    show_invitation(open.session, user, *room, batch);
  }
}

void Sequencer::on(CloseNotice& notice, Batch& batch) {
  const auto found = sessions_.find(notice.session);
  if (found == sessions_.end()) return;
  UserEntry& user = *found->second.user;
  sessions_.erase(found);
  std::erase(user.sessions, notice.session);
  if (user.sessions.empty()) sessions_changed(user, batch);
}

// The first session has come or the last one gone. Below the reserve of free
// space that is recorded once there is room again, as it is then.
void Sequencer::sessions_changed(UserEntry& user, Batch& batch) {
  if (!log_.has_room()) {
    if (!std::exchange(user.unrecorded, true)) unrecorded_.push_back(&user);
  } else if (user.sessions.empty()) {
    sessions_gone(user, batch);
  } else {
    sessions_came(user, batch);
  }
}

void Sequencer::sessions_came(UserEntry& user, Batch& batch) {
  states_.arm(user, std::nullopt);
  if (!user.user.online || user.user.offline_deadline != call::Time{}) {
    append(user, call::UserOnline{}, batch);
  }
  // A copy: concluding may relink the user's rooms.
  for (RoomEntry* room : std::vector(user.rooms)) {
    conclude(*room, call::decide_reconnected(room->room, user.stream.name), batch);
  }
}

void Sequencer::sessions_gone(UserEntry& user, Batch& batch) {
  states_.arm(user, now_ + settings_.rules.presence_grace);
  tenant_ = &user.stream.tenant;
  for (RoomEntry* room : std::vector(user.rooms)) {
    conclude(*room, call::decide_disconnected(room->room, user.stream.name, context()), batch);
  }
}

void Sequencer::on(Join& join, Batch& batch) {
  const auto found = sessions_.find(join.session);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  const bool again = std::ranges::find(session.joined, join.room) != session.joined.end();
  if (!again && session.joined.size() >= settings_.rooms_per_session_max) {
    call::Error error{call::ErrorCode::overloaded,
                      "this session has joined as many rooms as it may: LEAVE some first"};
    batch.effects.emplace_back(
        Reply{join.session, Refusal{std::move(error), join.id, join.room, {}, {}}});
    return;
  }
  const RoomEntry& entry = states_.room(session.user->stream.tenant, join.room.view());
  if (!may_hear(session.role, session.user->stream.name, entry.room)) {
    call::Error error{call::ErrorCode::forbidden,
                      "roomName names a room whose call this user takes no part in"};
    batch.effects.emplace_back(
        Reply{join.session, Refusal{std::move(error), join.id, join.room, {}, {}}});
    return;
  }
  std::erase(session.left, join.room);
  hear(join.session, session.role, entry, batch);
  if (!join.id.empty()) {
    batch.effects.emplace_back(
        Reply{join.session, Ack{join.id, join.room, entry.room.seq, entry.room.position,
                                call::Outcome::applied, false}});
  }
  if (!again) session.joined.push_back(join.room);
  const bool missed = !join.since || *join.since < entry.room.position || *join.since > head_;
  answer_cursor(join.session, join.since, missed ? entry.room.position : *join.since, join.room,
                batch);
  show_room(join.session, entry, batch);
}

void Sequencer::on(Leave& leave, Batch& batch) {
  const auto found = sessions_.find(leave.session);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  std::erase(session.joined, leave.room);
  std::erase(session.left, leave.room);
  if (session.left.size() < settings_.rooms_per_session_max) session.left.push_back(leave.room);
  const RoomEntry& entry = states_.room(found->second.user->stream.tenant, leave.room.view());
  batch.effects.emplace_back(Unsubscribe{leave.session, entry.stream});
  if (!leave.id.empty()) {
    batch.effects.emplace_back(
        Reply{leave.session, Ack{leave.id, leave.room, entry.room.seq, entry.room.position,
                                 call::Outcome::applied, false}});
  }
}

// Whoever names a cursor is told that what came after it does not follow, rather
// than left to believe that it does.
void Sequencer::answer_cursor(SessionId session, std::optional<call::Position> since,
                              call::Position nothing_since, const call::RoomName& room,
                              Batch& batch) {
  if (!since || *since == nothing_since) return;
  call::Error error{call::ErrorCode::cursor_expired,
                    "the events after since are not sent again; the present state follows"};
  if (*since > head_) {
    error = {call::ErrorCode::invalid_message, "since lies beyond the log's end, position " +
                                                   std::to_string(head_) +
                                                   ": it is no cursor of this log"};
  }
  batch.effects.emplace_back(Reply{session, Refusal{std::move(error), {}, room, {}, {}}});
}

// A customer hears a call, not the room: the next call may be of others. One
// that names the customer subscribes its sessions anew.
void Sequencer::hear(SessionId session, call::Role role, const RoomEntry& entry, Batch& batch) {
  const bool lasting = role != call::Role::portal_customer;
  if (lasting || entry.room.live()) {
    batch.effects.emplace_back(Subscribe{session, entry.stream, lasting});
  }
}

void Sequencer::show_room(SessionId session, const RoomEntry& entry, Batch& batch) {
  batch.effects.emplace_back(
      Reply{session, RoomState{call::RoomName::clipped(entry.stream.name.view()), entry.room}});
}

// A session that opens while the call still rings for its user gets the
// invitation itself, as every session that was there got it.
void Sequencer::show_invitation(SessionId session, const UserEntry& user, const RoomEntry& entry,
                                Batch& batch) {
  const call::Room& room = entry.room;
  const call::Participant* self = room.find(user.stream.name);
  if (self == nullptr || !call::awaited(*self)) return;
  const bool from_the_start = self->invited_position == room.started_position;
  std::vector<call::UserId> together;  // asked by the same event
  for (const auto& participant : room.participants) {
    const bool starter = from_the_start && &participant == room.participants.data();
    if (participant.invited_position == self->invited_position && !starter) {
      together.push_back(participant.user);
    }
  }
  Event event;
  event.record.position = self->invited_position;
  event.record.stream = entry.stream;
  event.record.seq = self->invited_seq;
  event.record.at = self->invited_at;
  event.record.actor = {room.participants[self->invited_by].user, call::Role::crm_user, {}};
  event.record.call = room.call;
  if (from_the_start) {
    event.record.payload = call::CallStarted{.caller = room.participants.front().user,
                                             .caller_name = room.caller_name,
                                             .callees = std::move(together),
                                             .callee_name = room.callee_name,
                                             .metadata = room.metadata,
                                             .ring_deadline = self->ring_deadline};
  } else {
    event.record.payload =
        call::Invited{.callees = std::move(together), .ring_deadline = self->ring_deadline};
  }
  batch.effects.emplace_back(Reply{session, std::move(event)});
}

}  // namespace callstate::engine
