#include <algorithm>

#include "core/call/standing.hpp"
#include "core/engine/sequencer.hpp"

// Sessions, presence and what a session is shown when it comes.

namespace callstate::engine {
namespace {

constexpr std::uint16_t close_unauthenticated = 1008;
constexpr std::uint16_t close_forbidden = 4403;
constexpr std::uint16_t close_abuse = 4429;

bool hears_lastingly(call::Role role) {
  return role != call::Role::portal_customer;
}

}  // namespace

// A customer of the tenant hears only the calls it takes part in; the tenant's
// own people may listen to any room of theirs. A room shows its last call too.
bool Sequencer::may_hear(call::Role role, const call::UserId& user, const call::Room& room) {
  return role != call::Role::portal_customer || room.state == call::CallState::idle ||
         room.find(user) != nullptr;
}

call::Sender Sequencer::sender_of(const Session& session) const {
  return {.tenant = session.user->stream.tenant,
          .user = session.user->stream.name,
          .role = session.role,
          .device = call::DeviceId::clipped(session.device),
          .name = session.name};
}

call::KnownRole Sequencer::role_of(const call::TenantId& tenant, const call::UserId& user) {
  const UserEntry* known = states_.find_user(tenant, user.view());
  if (known != nullptr && !known->sessions.empty())
    return sessions_.at(known->sessions.back()).role;
  if (directory_ == nullptr) return std::nullopt;
  const auto profile = directory_->remembered(user);
  return profile && profile->tenant == tenant ? std::optional(profile->role) : std::nullopt;
}

void Sequencer::on(OpenSession& open, Batch& batch) {
  const auto turn_away = [&](std::uint16_t code, std::string reason) {
    batch.effects.emplace_back(CloseSession{open.session, {code, std::move(reason)}});
  };
  UserEntry& user = states_.user(open.sender.tenant, open.sender.user.view());
  if (revoked(user, open.issued_at)) {
    return turn_away(close_unauthenticated, "Invalid authentication token");
  }
  if (user.sessions.size() >= settings_.sessions_per_user_max) {
    metrics_.deciding.too_many_sessions.add();
    return turn_away(close_abuse, "too many sessions of this user");
  }
  if (user.opens.over(settings_.opens, now_)) {
    metrics_.deciding.too_many_opens.add();
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
  metrics_.deciding.sessions.add();
  if (user.sessions.size() == 1) sessions_changed(user, batch);

  if (open.polls) {
    batch.effects.emplace_back(Reply{open.session, AsOf{head_}});
    return;
  }
  batch.effects.emplace_back(Attach{open.session, joined == nullptr});
  const bool resumes =
      can_resume(open.session, open.since, open.room.value_or(call::RoomName()), batch);
  if (joined != nullptr) {
    hear(open.session, open.sender.role, *joined, batch);
    show_room(open.session, *joined, batch);
  }
  for (const RoomEntry* room : user.rooms) {
    if (joined == nullptr || room != joined) {
      batch.effects.emplace_back(Subscribe{open.session, room->stream, false});
      show_room(open.session, *room, batch);
    }
    // Whoever resumes has seen it already, or is sent it with the rest.
    if (!resumes) show_invitation(open.session, user, *room, batch);
  }
  // Who has declined or left hears the rest of the call.
  for (const auto& [room, present] : audiences_.rooms_of(user.name)) {
    if (!present) batch.effects.emplace_back(Subscribe{open.session, room->stream, false});
  }
  if (!resumes) return;
  MailQuery query{.tenant = user.stream.tenant,
                  .user = user.stream.name,
                  .device = open.sender.device,
                  .presence = joined == nullptr};
  if (joined != nullptr && hears_lastingly(open.sender.role)) query.room = open.room;
  batch.effects.emplace_back(Resume{
      open.session, std::make_shared<const MailQuery>(std::move(query)), *open.since, head_});
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
    append(user, server(), call::UserOnline{}, batch);
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
  const auto refuse = [&](call::Error error) {
    metrics_.deciding.messages.add(MessageType::join, MessageOutcome::refused);
    batch.effects.emplace_back(
        Reply{join.session, Refusal{std::move(error), join.id, join.room, {}, {}}});
  };
  if (!again && session.joined.size() >= settings_.rooms_per_session_max) {
    return refuse({call::ErrorCode::overloaded,
                   "this session has joined as many rooms as it may: LEAVE some first"});
  }
  const RoomEntry& entry = states_.room(session.user->stream.tenant, join.room.view());
  if (!may_hear(session.role, session.user->stream.name, entry.room)) {
    return refuse({call::ErrorCode::forbidden,
                   "roomName names a room whose call this user takes no part in"});
  }
  metrics_.deciding.messages.add(MessageType::join, MessageOutcome::applied);
  std::erase(session.left, join.room);
  hear(join.session, session.role, entry, batch);
  if (!join.id.empty()) {
    batch.effects.emplace_back(
        Reply{join.session, Ack{join.id, join.room, entry.room.seq, entry.room.position,
                                call::Outcome::applied, false}});
  }
  if (!again) session.joined.push_back(join.room);
  const bool resumes = can_resume(join.session, join.since, join.room, batch);
  show_room(join.session, entry, batch);
  if (!resumes || *join.since == head_) return;
  MailQuery query{.tenant = session.user->stream.tenant,
                  .user = session.user->stream.name,
                  .device = call::DeviceId::clipped(session.device),
                  .presence = false,
                  .only = join.room};
  if (hears_lastingly(session.role)) query.room = join.room;
  batch.effects.emplace_back(Resume{
      join.session, std::make_shared<const MailQuery>(std::move(query)), *join.since, head_});
}

void Sequencer::on(Leave& leave, Batch& batch) {
  const auto found = sessions_.find(leave.session);
  if (found == sessions_.end()) return;
  metrics_.deciding.messages.add(MessageType::leave, MessageOutcome::applied);
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

bool Sequencer::can_resume(SessionId session, std::optional<call::Position> since,
                           const call::RoomName& room, Batch& batch) {
  if (!since) return false;
  if (*since <= head_ && *since + 1 >= first_) return true;
  call::Error error{call::ErrorCode::cursor_expired,
                    "the log no longer holds what came after since: the present state follows"};
  if (*since > head_) {
    error = {call::ErrorCode::invalid_message, "since lies beyond the log's end, position " +
                                                   std::to_string(head_) +
                                                   ": it is no cursor of this log"};
  }
  batch.effects.emplace_back(Reply{session, Refusal{std::move(error), {}, room, {}, {}}});
  return false;
}

// To each of the user's sessions on another device than the one that answered.
void Sequencer::tell_other_devices(const call::Sender& sender, const call::UserId& user,
                                   const call::RoomName& room, const call::CallId& call,
                                   call::Position position, Batch& batch) {
  const UserEntry* known = states_.find_user(sender.tenant, user.view());
  if (known == nullptr) return;
  for (const SessionId session : known->sessions) {
    if (sessions_.at(session).device == sender.device.view()) continue;
    batch.effects.emplace_back(Reply{session, AnsweredElsewhere{room, call, position}});
  }
}

// A customer hears a call, not the room: the next call may be of others. One
// that names the customer subscribes its sessions anew.
void Sequencer::hear(SessionId session, call::Role role, const RoomEntry& entry, Batch& batch) {
  const bool lasting = hears_lastingly(role);
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
                                             .ring_deadline = self->ring_deadline,
                                             .media_room = room.media_room};
  } else {
    event.record.payload = call::Invited{.callees = std::move(together),
                                         .ring_deadline = self->ring_deadline,
                                         .media_room = room.media_room};
  }
  batch.effects.emplace_back(Reply{session, std::move(event)});
}

}  // namespace callstate::engine
