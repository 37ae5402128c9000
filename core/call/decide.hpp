#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/call/event.hpp"
#include "core/call/message.hpp"
#include "core/call/state.hpp"

namespace callstate::call {

/// The rules' times. All are settings; the defaults are the domain's.
struct Rules {
  Duration ring_timeout = std::chrono::seconds(45);
  Duration reconnect_grace = std::chrono::seconds(30);
  Duration presence_grace = std::chrono::seconds(10);
  Duration max_call_duration = std::chrono::hours(4);
};

/// What a decision may know besides the room's own state. Everything random or
/// timed comes in here, so that a decision is a pure function.
struct Context {
  Time now{};
  CallId new_call;  // the id that a call started now gets
  const Rules& rules;
  /// Whether a user of the sender's tenant has any session now.
  const std::function<bool(const UserId&)>& online;
  /// The room of a two-party call that `caller` has ringing at `callee` now.
  const std::function<std::optional<RoomName>(const UserId& caller, const UserId& callee)>&
      ringing_room;
  std::string media_room{};  // what a call started now is called there; empty: it has none
  /// What is known of the role of a user of the sender's tenant; null: nothing of anybody.
  const std::function<KnownRole(const UserId&)>* role_of = nullptr;
};

/// What the log is to say of one message: first the message's own record, then
/// what the server concludes from it (actor `system`). All of them are of the
/// room's stream.
struct Verdict {
  Outcome outcome = Outcome::applied;
  Error refusal;                       // code none unless refused
  std::optional<RoomName> glare_room;  // refused GLARE: where the call rings already
  CallId call;                         // the call concerned; empty when there is none
  Payload payload;
  std::vector<Payload> conclusions;
};

/// For whom a message speaks, hence its record's actor: the sender, or the user
/// whom a `service` names in it. Valid as long as both arguments are.
const UserId& acting_user(const Message& message, const Sender& sender);

/// The verdict on a message. Total: every pair of state and message has one,
/// and a pair that the table in docs/domain.md lacks is refused WRONG_STATE.
Verdict decide(const Room& room, const Message& message, const Sender& sender,
               const Context& context);

// What the server concludes by itself. Each gives the events to append, none
// when nothing follows.

/// The last session of a user has gone.
std::vector<Payload> decide_disconnected(const Room& room, const UserId& user,
                                         const Context& context);
/// A user without sessions has opened one.
std::vector<Payload> decide_reconnected(const Room& room, const UserId& user);
/// Time has passed: every deadline up to `context.now` is acted on.
std::vector<Payload> decide_due(const Room& room, const Context& context);

/// The media server has reported about the room. Applied when the room has a
/// call, which is not looked for beyond the room's last one; else ignored. That
/// the media room is over ends a call that is CONNECTED, unless the report is
/// of before its answer: reports come late and out of order, and the room may
/// host its next call by then.
Verdict decide_media(const Room& room, MediaReported report, const Context& context);

/// The earliest time at which `decide_due` gives something: nothing before it,
/// and, once what it gives is folded, nothing more until the next. No time when
/// no call is live.
std::optional<Time> next_deadline(const Room& room);

}  // namespace callstate::call
