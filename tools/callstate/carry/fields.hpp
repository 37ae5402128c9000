#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "core/call/event.hpp"

// The fields of every event, named once for writing, reading and anonymising them.
// Each overload takes its event apart by a structured binding, so that neither a
// field nor an event can be added and forgotten here: it would not compile.

namespace callstate::tools {

/// What a text is, which decides how it is anonymised.
enum class Meaning : std::uint8_t {
  tenant,
  user,
  room,
  device,
  message,
  media_room,   // a room's name, or a tenant's and a room's
  media_event,  // the media server's word
  label,        // a person's name, a client's own words
  json,         // a JSON object
  version,      // of this program
  log,          // a log's id
};

template <class T, class Event>
concept Of = std::same_as<std::remove_const_t<T>, Event>;

// `to` has text(key, meaning, text), users(key, ids), roles(key, roles), role(key, role),
// time(key, time), name(key, enumerator), number(key, number) and bytes(key, array).

void each_field(Of<call::CallStarted> auto& fact, auto& to) {
  auto& [caller, caller_name, callees, callee_name, metadata, ring_deadline, media_room,
         callee_roles, caller_role] = fact;
  to.text("caller", Meaning::user, caller);
  to.text("callerName", Meaning::label, caller_name);
  to.users("callees", callees);
  to.text("calleeName", Meaning::label, callee_name);
  to.text("metadata", Meaning::json, metadata);
  to.time("ringDeadline", ring_deadline);
  to.text("mediaRoom", Meaning::media_room, media_room);
  to.roles("calleeRoles", callee_roles);
  to.role("callerRole", caller_role);
}
void each_field(Of<call::Ringing> auto& /*fact*/, auto& /*to*/) {
  static_assert(std::is_empty_v<call::Ringing>);
}
void each_field(Of<call::Accepted> auto& fact, auto& to) {
  auto& [max_deadline] = fact;
  to.time("maxDeadline", max_deadline);
}
void each_field(Of<call::Rejected> auto& fact, auto& to) {
  auto& [reason] = fact;
  to.text("reason", Meaning::label, reason);
}
void each_field(Of<call::Ended> auto& fact, auto& to) {
  auto& [reason, detail, duration_s] = fact;
  to.name("reason", reason);
  to.text("detail", Meaning::label, detail);
  to.number("durationSeconds", duration_s);
}
void each_field(Of<call::TimedOut> auto& /*fact*/, auto& /*to*/) {
  static_assert(std::is_empty_v<call::TimedOut>);
}
void each_field(Of<call::CalleeOffline> auto& fact, auto& to) {
  auto& [callee] = fact;
  to.text("callee", Meaning::user, callee);
}
void each_field(Of<call::Invited> auto& fact, auto& to) {
  auto& [callees, ring_deadline, media_room, callee_roles] = fact;
  to.users("callees", callees);
  to.time("ringDeadline", ring_deadline);
  to.text("mediaRoom", Meaning::media_room, media_room);
  to.roles("calleeRoles", callee_roles);
}
void each_field(Of<call::Signaled> auto& fact, auto& to) {
  auto& [addressee, data] = fact;
  to.text("to", Meaning::user, addressee);
  to.text("data", Meaning::json, data);
}
void each_field(Of<call::ParticipantJoined> auto& fact, auto& to) {
  auto& [user] = fact;
  to.text("user", Meaning::user, user);
}
void each_field(Of<call::ParticipantLeft> auto& fact, auto& to) {
  auto& [user, reason, grace_deadline] = fact;
  to.text("user", Meaning::user, user);
  to.name("reason", reason);
  to.time("graceDeadline", grace_deadline);
}
void each_field(Of<call::UserOnline> auto& /*fact*/, auto& /*to*/) {
  static_assert(std::is_empty_v<call::UserOnline>);
}
void each_field(Of<call::UserOffline> auto& /*fact*/, auto& /*to*/) {
  static_assert(std::is_empty_v<call::UserOffline>);
}
void each_field(Of<call::UserInCall> auto& fact, auto& to) {
  auto& [room] = fact;
  to.text("room", Meaning::room, room);
}
void each_field(Of<call::ServerStarted> auto& fact, auto& to) {
  auto& [grace_deadline, presence_deadline, version] = fact;
  to.time("graceDeadline", grace_deadline);
  to.time("presenceDeadline", presence_deadline);
  to.text("version", Meaning::version, version);
}
void each_field(Of<call::MediaReported> auto& fact, auto& to) {
  auto& [event, user, detail, reported_at] = fact;
  to.text("event", Meaning::media_event, event);
  to.text("user", Meaning::user, user);
  to.text("detail", Meaning::label, detail);
  to.time("reportedAt", reported_at);
}
void each_field(Of<call::Revoked> auto& fact, auto& to) {
  auto& [before] = fact;
  to.time("before", before);
}
void each_field(Of<call::Sealed> auto& fact, auto& to) {
  auto& [first, last, root, previous_seal, previous, log_id, key, signature] = fact;
  to.number("first", first);
  to.number("last", last);
  to.bytes("root", root);
  to.number("previousSeal", previous_seal);
  to.bytes("previous", previous);
  to.text("logId", Meaning::log, log_id);
  to.bytes("key", key);
  to.bytes("signature", signature);
}

/// Whose stream an event is of.
struct StreamOf {
  static call::StreamKind of(const call::Payload& payload) {
    return std::visit(StreamOf(), payload);
  }

  call::StreamKind operator()(const call::CallStarted&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::Ringing&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::Accepted&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::Rejected&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::Ended&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::TimedOut&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::CalleeOffline&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::Invited&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::Signaled&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::ParticipantJoined&) const {
    return call::StreamKind::room;
  }
  call::StreamKind operator()(const call::ParticipantLeft&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::MediaReported&) const { return call::StreamKind::room; }
  call::StreamKind operator()(const call::UserOnline&) const { return call::StreamKind::user; }
  call::StreamKind operator()(const call::UserOffline&) const { return call::StreamKind::user; }
  call::StreamKind operator()(const call::UserInCall&) const { return call::StreamKind::user; }
  call::StreamKind operator()(const call::Revoked&) const { return call::StreamKind::user; }
  call::StreamKind operator()(const call::ServerStarted&) const { return call::StreamKind::server; }
  call::StreamKind operator()(const call::Sealed&) const { return call::StreamKind::server; }
};

}  // namespace callstate::tools
