#include <algorithm>
#include <string>
#include <variant>

#include "core/call/standing.hpp"
#include "transports/codec.hpp"
#include "transports/json_writer.hpp"

namespace callstate::transports {
namespace {

/// Enough for most messages, so that encoding allocates once.
constexpr std::size_t usual_bytes = 512;

constexpr std::string_view empty_object = "{}";

bool is_set(call::Time time) {
  return time != call::Time();
}

void put_call(JsonWriter& to, const call::CallId& call) {
  if (call.empty()) {
    to.null("callId");
  } else {
    to.text("callId", call::to_string(call));
  }
}

void put_users(JsonWriter& to, std::string_view key, const std::vector<call::UserId>& users) {
  to.begin_array(key);
  for (const call::UserId& user : users) to.text(user.view());
  to.end_array();
}

/// The viewer's own token, where the call has a media room.
void put_media(JsonWriter& to, const Viewer& viewer, const MediaGrant& grant) {
  if (viewer.media == nullptr || grant.media_room.empty()) return;
  const bool calls = grant.role == call::CallRole::caller;
  to.text(calls ? "callerToken" : "calleeToken", viewer.media->mint(grant, viewer.now));
  to.text("mediaUrl", viewer.media->url());
}

bool is_end(const call::Signaled& signal, const call::Record& record, const Viewer& viewer) {
  return signal.to.view() == viewer.user || record.actor.user.view() == viewer.user;
}

/// What the user is in the room's live call; null for nothing.
const call::Participant* part_in(const call::Room& room, std::string_view user) {
  const auto found = std::ranges::find_if(
      room.participants, [&](const auto& each) { return each.user.view() == user; });
  const bool in = room.live() && found != room.participants.end() && !call::out_of_call(*found);
  return in ? &*found : nullptr;
}

/// An event's own fields, after those that every event carries.
class OwnFields {
 public:
  OwnFields(JsonWriter& to, const call::Record& record, const Viewer& viewer)
      : to_(to), record_(record), viewer_(viewer) {}

  void operator()(const call::CallStarted& event) const {
    to_.text("callerId", event.caller.view());
    to_.text("callerName", event.caller_name);
    if (!event.callees.empty()) to_.text("calleeId", event.callees.front().view());
    put_users(to_, "calleeIds", event.callees);
    to_.text("calleeName", event.callee_name);
    if (is_set(event.ring_deadline)) to_.time("ringDeadline", event.ring_deadline);
    to_.raw("metadata", event.metadata.empty() ? empty_object : event.metadata);
    const bool calls = event.caller.view() == viewer_.user;
    if (calls || names(event.callees)) {
      const bool the_one = !calls && event.callees.size() == 1;
      put_media(to_, viewer_,
                {.media_room = event.media_room,
                 .identity = viewer_.user,
                 .name = calls     ? event.caller_name
                         : the_one ? event.callee_name
                                   : std::string(),
                 .role = calls ? call::CallRole::caller : call::CallRole::callee,
                 .call = record_.call,
                 .room = record_.stream.name.view()});
    }
  }
  void operator()(const call::Ringing&) const {
    to_.text("userId", actor());
    to_.text("deviceId", record_.actor.device.view());
  }
  void operator()(const call::Accepted&) const { to_.text("acceptedBy", actor()); }
  void operator()(const call::Rejected& event) const {
    to_.text("rejectedBy", actor());
    to_.text("reason", event.reason.empty() ? name_of(call::EndReason::rejected) : event.reason);
  }
  void operator()(const call::Ended& event) const {
    to_.text("endedBy", actor());
    to_.text("reason", name_of(event.reason));
    to_.number("duration", event.duration_s);
    if (!event.detail.empty()) to_.text("detail", event.detail);
  }
  void operator()(const call::TimedOut&) const {}
  void operator()(const call::CalleeOffline& event) const {
    to_.text("calleeId", event.callee.view());
  }
  void operator()(const call::Invited& event) const {
    put_users(to_, "calleeIds", event.callees);
    to_.text("invitedBy", actor());
    if (is_set(event.ring_deadline)) to_.time("ringDeadline", event.ring_deadline);
    if (names(event.callees)) {
      put_media(to_, viewer_,
                {.media_room = event.media_room,
                 .identity = viewer_.user,
                 .name = {},
                 .role = call::CallRole::callee,
                 .call = record_.call,
                 .room = record_.stream.name.view()});
    }
  }
  void operator()(const call::Signaled& event) const {
    to_.text("from", actor());
    to_.text("to", event.to.view());
    if (!viewer_.everything && !is_end(event, record_, viewer_)) return;
    to_.raw("data", event.data.empty() ? empty_object : event.data);
  }
  void operator()(const call::ParticipantJoined& event) const {
    to_.text("userId", event.user.view());
    to_.begin_object("participant");
    to_.text("userId", event.user.view());
    to_.end_object();
  }
  void operator()(const call::ParticipantLeft& event) const {
    to_.text("userId", event.user.view());
    to_.text("reason", name_of(event.reason));
  }
  void operator()(const call::UserOnline&) const { put_user_and_tenant(); }
  void operator()(const call::UserOffline&) const { put_user_and_tenant(); }
  void operator()(const call::UserInCall& event) const {
    to_.text("userId", record_.stream.name.view());
    to_.text("roomName", event.room.view());
  }
  void operator()(const call::ServerStarted& event) const { to_.text("version", event.version); }
  void operator()(const call::MediaReported& event) const {
    to_.text("event", event.event);
    if (!event.user.empty()) to_.text("userId", event.user.view());
    if (!event.detail.empty()) to_.text("detail", event.detail);
    if (is_set(event.reported_at)) to_.time("reportedAt", event.reported_at);
  }
  void operator()(const call::Revoked&) const { put_user_and_tenant(); }
  void operator()(const call::Sealed&) const {}  // goes to nobody

 private:
  [[nodiscard]] std::string_view actor() const { return record_.actor.user.view(); }
  void put_user_and_tenant() const {
    to_.text("userId", record_.stream.name.view());
    to_.text("tenantId", record_.stream.tenant.view());
  }

  [[nodiscard]] bool names(const std::vector<call::UserId>& users) const {
    return std::ranges::any_of(
        users, [&](const call::UserId& user) { return user.view() == viewer_.user; });
  }

  JsonWriter& to_;
  const call::Record& record_;
  const Viewer& viewer_;
};

void put(JsonWriter& to, const engine::Event& event, const Viewer& viewer) {
  const call::Record& record = event.record;
  to.text("type", type_of(record.payload));
  if (record.stream.kind == call::StreamKind::room) {
    to.text("roomName", record.stream.name.view());
  }
  to.number("seq", record.seq);
  to.number("pos", record.position);
  to.time("at", record.at);
  put_call(to, record.call);
  to.text("by", record.actor.user.view());
  // An event that says it of itself says it to everybody.
  const bool names_device = std::holds_alternative<call::Ringing>(record.payload);
  if (viewer.everything && !names_device && !record.actor.device.empty())
    to.text("deviceId", record.actor.device.view());
  // What was not applied is seen in a call's history only.
  if (record.outcome != call::Outcome::applied) to.text("outcome", name_of(record.outcome));
  if (record.outcome == call::Outcome::refused) to.text("code", name_of(record.refusal));
  std::visit(OwnFields(to, record, viewer), record.payload);
}

void put(JsonWriter& to, const engine::RoomState& state, const Viewer& viewer) {
  const call::Room& room = state.room;
  to.text("type", "ROOM_STATE");
  to.text("roomName", state.name.view());
  put_call(to, room.call);
  to.text("callState", name_of(room.state));
  to.begin_array("participants");
  for (const call::Participant& each : room.participants) {
    to.begin_object();
    to.text("userId", each.user.view());
    to.text("role", name_of(each.role));
    to.text("state", name_of(each.state));
    to.end_object();
  }
  to.end_array();
  if (is_set(room.started_at)) to.time("startedAt", room.started_at);
  if (is_set(room.answered_at)) to.time("answeredAt", room.answered_at);
  if (room.state == call::CallState::ringing && is_set(room.ring_deadline)) {
    to.time("ringDeadline", room.ring_deadline);
  }
  if (room.state == call::CallState::ended) {
    if (is_set(room.ended_at)) to.time("endedAt", room.ended_at);
    to.text("endReason", name_of(room.end_reason));
  }
  to.number("seq", room.seq);
  to.number("pos", room.position);
  const call::Participant* self = part_in(room, viewer.user);
  if (self == nullptr) return;
  put_media(to, viewer,
            {.media_room = room.media_room,
             .identity = viewer.user,
             .name = self->role == call::CallRole::caller ? room.caller_name : std::string(),
             .role = self->role,
             .call = room.call,
             .room = state.name.view()});
}

void put(JsonWriter& to, const engine::Ack& ack, const Viewer&) {
  to.text("type", "ACK");
  to.text("id", ack.id.view());
  to.text("roomName", ack.room.view());
  to.number("seq", ack.seq);
  to.number("pos", ack.position);
  to.text("outcome", name_of(ack.outcome));
  to.boolean("duplicate", ack.duplicate);
}

void put(JsonWriter& to, const engine::Refusal& refusal, const Viewer&) {
  to.text("type", "ERROR");
  to.text("code", name_of(refusal.error.code));
  to.text("message", refusal.error.message);
  if (refusal.end_reason != call::EndReason::none)
    to.text("endReason", name_of(refusal.end_reason));
  if (!refusal.id.empty()) to.text("id", refusal.id.view());
  if (!refusal.room.empty()) to.text("roomName", refusal.room.view());
  if (refusal.glare_room) to.text("glareRoom", refusal.glare_room->view());
  if (refusal.retry_after_ms) to.number("retryAfterMs", *refusal.retry_after_ms);
}

void put(JsonWriter& to, const engine::AnsweredElsewhere& answered, const Viewer&) {
  to.text("type", "ANSWERED_ELSEWHERE");
  to.text("roomName", answered.room.view());
  put_call(to, answered.call);
  to.number("pos", answered.position);
}

void put(JsonWriter& to, const engine::Presence& presence, const Viewer&) {
  to.text("userId", presence.user.view());
  to.boolean("online", presence.online);
  to.begin_array("devices");
  for (const auto& device : presence.devices) to.text(device.view());
  to.end_array();
  if (presence.rooms.empty()) {
    to.null("roomName");
  } else {
    to.text("roomName", presence.rooms.front().view());
  }
  to.begin_array("rooms");
  for (const auto& room : presence.rooms) to.text(room.view());
  to.end_array();
}

void put(JsonWriter& to, const engine::AsOf& as_of, const Viewer&) {
  to.number("cursor", as_of.position);
}

}  // namespace

Sees sees(const engine::Event& event, const Viewer& viewer) {
  const auto& payload = event.record.payload;
  if (const auto* signal = std::get_if<call::Signaled>(&payload)) {
    return is_end(*signal, event.record, viewer) ? Sees::what_its_ends_see : Sees::what_all_see;
  }
  if (viewer.media == nullptr) return Sees::what_all_see;
  const bool invites = std::holds_alternative<call::CallStarted>(payload) ||
                       std::holds_alternative<call::Invited>(payload);
  return invites ? Sees::its_own : Sees::what_all_see;
}

Sees sees(const engine::ServerMessage& message, const Viewer& viewer) {
  if (const auto* event = std::get_if<engine::Event>(&message)) return sees(*event, viewer);
  const bool shows = viewer.media != nullptr && std::holds_alternative<engine::RoomState>(message);
  return shows ? Sees::its_own : Sees::what_all_see;
}

bool is_invitation(const engine::ServerMessage& message) {
  const auto* event = std::get_if<engine::Event>(&message);
  if (event == nullptr) return false;
  const auto& payload = event->record.payload;
  return std::holds_alternative<call::CallStarted>(payload) ||
         std::holds_alternative<call::Invited>(payload);
}

bool takes_part(const call::Room& room, std::string_view user) {
  return part_in(room, user) != nullptr;
}

std::string encode(const engine::ServerMessage& message, const Viewer& viewer) {
  std::string text;
  text.reserve(usual_bytes);
  JsonWriter to(text);
  to.begin_object();
  std::visit([&](const auto& each) { put(to, each, viewer); }, message);
  to.end_object();
  return text;
}

std::string pong(const call::MessageId& id) {
  std::string out;
  JsonWriter to(out);
  to.begin_object();
  to.text("type", "PONG");
  if (!id.empty()) to.text("id", id.view());
  to.end_object();
  return out;
}

std::string auth_ack(const call::MessageId& id) {
  std::string out;
  JsonWriter to(out);
  to.begin_object();
  to.text("type", "ACK");
  to.text("id", id.view());
  to.text("outcome", name_of(call::Outcome::applied));
  to.boolean("duplicate", false);
  to.end_object();
  return out;
}

}  // namespace callstate::transports
