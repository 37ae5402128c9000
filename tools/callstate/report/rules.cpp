#include "tools/callstate/report/rules.hpp"

#include <array>
#include <functional>
#include <optional>
#include <variant>

#include "core/call/standing.hpp"

namespace callstate::tools {
namespace {

using call::CallState;
using call::Outcome;

constexpr std::string_view checks = "The order of the checks";
constexpr std::string_view starting = "CALL_STARTED, in IDLE and ENDED";
constexpr std::string_view ringing = "RINGING";
constexpr std::string_view connected = "CONNECTED";
constexpr std::string_view ended = "ENDED";
constexpr std::string_view connections = "Connections";
constexpr std::string_view deadlines = "Deadlines";
constexpr std::string_view media = "The media server";

enum Name : std::size_t {
  auditor,
  identity,
  no_place,
  stranger,
  not_listed,
  start_list,
  start_glare,
  start_otherwise,
  ring_rings,
  ring_accepted,
  ring_declined,
  ring_declined_twice,
  ring_cancelled,
  ring_signal,
  talk_rings,
  talk_joins,
  talk_accepted_twice,
  talk_elsewhere,
  talk_declined,
  talk_crossed,
  talk_ended,
  talk_leaves,
  talk_left_already,
  talk_invited,
  talk_signal,
  over_ignored,
  over_accepted,
  lost,
  back,
  restarted,
  due_ringing,
  due_callee,
  due_caller,
  due_ringing_callee,
  due_talking,
  due_longest,
  media_idle,
  media_told,
  media_finishes,
  media_told_only,
  rules_count
};

constexpr std::array<Rule, rules_count> rules{{
    {checks, "", "An auditor: `FORBIDDEN`."},
    {checks, "", "A sender id in the message that is not the token's user: `IDENTITY_MISMATCH`."},
    {checks, "", "States in which a message has no place whoever sends it: `WRONG_STATE`."},
    {checks, "", "A sender who is no participant of the call: `NOT_PARTICIPANT`."},
    {checks, "", "What they do not list is refused `WRONG_STATE`."},

    {starting, "callees empty, above 32, repeated, or with the sender among them",
     "refused `INVALID_MESSAGE`"},
    {starting, "one callee, whose own two-party call to the sender is `RINGING`",
     "refused `GLARE`, naming that room: the client can accept there"},
    {starting, "otherwise",
     "applied: `RINGING`. The sender is the caller and `joined`; callees are `invited` until now + "
     "ring timeout; more than one make it a group. Each callee without a session also yields "
     "`CALLEE_OFFLINE`, and the call rings on: it may come online"},

    {ringing, "RINGING | an awaited callee",
     "applied once for each device (32 are remembered), then ignored"},
    {ringing, "ACCEPTED | an awaited callee",
     "applied: `CONNECTED`, answered now, to end by itself after the longest duration"},
    {ringing, "REJECTED, ENDED | an awaited callee",
     "applied as `REJECTED`; when nobody is awaited any more, `ENDED` by `rejected`"},
    {ringing, "REJECTED, ENDED | a callee who has declined", "ignored"},
    {ringing, "ENDED | the caller", "applied: `ENDED` by `cancelled`"},
    {ringing, "SIGNAL | a participant who is not out", "as in `CONNECTED`"},

    {connected, "RINGING | an awaited callee (of a group)", "as in `RINGING`"},
    {connected, "ACCEPTED | an awaited callee (of a group)",
     "applied: joins. When the call was answered, and when it ends by itself, stay"},
    {connected, "ACCEPTED | a callee who talks, same device", "ignored"},
    {connected, "ACCEPTED | a callee who talks, another device", "refused `ANSWERED_ELSEWHERE`"},
    {connected, "REJECTED, ENDED | an awaited callee (of a group)",
     "applied as `REJECTED`; ends nothing"},
    {connected, "REJECTED | a callee who has left or declined",
     "ignored: it crossed with what took it out"},
    {connected, "ENDED | either of a two-party call; the caller of a group",
     "applied: `ENDED` by `hangup`"},
    {connected, "ENDED | another who talks in a group",
     "applied as `PARTICIPANT_LEFT` by `hangup`; with fewer than two talking, `ENDED` by `hangup` "
     "follows"},
    {connected, "ENDED | one who has left or declined", "ignored"},
    {connected, "INVITED | one who talks",
     "applied for those not in the call, or out of it: they are `invited` until now + ring "
     "timeout, offline ones yield `CALLEE_OFFLINE`, and the call is a group from now on. Ignored "
     "when all of them are in already. `INVALID_MESSAGE` for a list as above, or beyond 32 callees "
     "of the call in all, those who are out included"},
    {connected, "SIGNAL | one who is not out",
     "applied: passed on to `to`, changes nothing. `to` the sender: `INVALID_MESSAGE`; `to` nobody "
     "in the call: `NOT_PARTICIPANT`"},

    {ended, "ENDED, REJECTED | a participant of the ended call",
     "ignored: hang-ups cross all the time"},
    {ended, "ACCEPTED | anyone",
     "refused `WRONG_STATE`; the sentence carries the reason of the end"},

    {connections, "the last session of one who is `joined` or `ringing` goes | RINGING, CONNECTED",
     "`PARTICIPANT_LEFT` by `disconnected` at once, with the end of its grace. One who is only "
     "`invited` has nothing to lose: no event"},
    {connections, "it comes back within the grace | RINGING, CONNECTED",
     "`PARTICIPANT_JOINED`; it is what it was before"},
    {connections, "the server starts | RINGING, CONNECTED",
     "`SERVER_STARTED`: everybody who was `joined`, `ringing` or `disconnected` is `disconnected` "
     "with a new grace"},

    {deadlines, "the ring timeout (45 s) | RINGING", "`TIMED_OUT`, then `ENDED` by `no_answer`"},
    {deadlines, "an awaited callee's ring timeout | CONNECTED",
     "`PARTICIPANT_LEFT` by `no_answer`"},
    {deadlines, "the caller's grace (30 s) | RINGING", "`ENDED` by `connection_lost`"},
    {deadlines, "a callee's grace that was `ringing` | RINGING, CONNECTED",
     "`PARTICIPANT_LEFT` by `connection_lost`; it is `invited` again, may come back until its ring "
     "timeout, and its devices may ring anew"},
    {deadlines, "the grace of one who talked | CONNECTED",
     "fewer than two still talking: `ENDED` by `connection_lost`; else `PARTICIPANT_LEFT` by "
     "`connection_lost`, and it has `left`"},
    {deadlines, "the longest duration (4 h) | CONNECTED", "`ENDED` by `max_duration`"},

    {media, "any | IDLE", "ignored"},
    {media, "any but the next | RINGING, CONNECTED, ENDED", "applied: told to the room"},
    {media, "`room_finished`, not of before the answer | CONNECTED",
     "applied, then `ENDED` by `media_finished`"},
    {media, "`room_finished`, otherwise | RINGING, CONNECTED, ENDED",
     "applied: told to the room, and ends nothing"},
}};

/// What a message's place in the tables depends on.
struct Case {
  const call::Room& room;
  const call::Participant* self;  // null: a stranger
  Outcome outcome;
  call::ErrorCode code;

  [[nodiscard]] bool rings() const { return room.state == CallState::ringing; }
  [[nodiscard]] bool over() const { return room.state == CallState::ended; }
  [[nodiscard]] bool awaited() const { return self != nullptr && call::awaited(*self); }
  [[nodiscard]] bool out() const { return self != nullptr && call::out_of_call(*self); }
};

/// One overload a message, for what the checks have let through.
struct InTables {
  const Case& c;

  Name operator()(const call::StartCall&) const {
    if (c.code == call::ErrorCode::invalid_message) return start_list;
    return c.code == call::ErrorCode::glare ? start_glare : start_otherwise;
  }
  Name operator()(const call::Ring&) const { return c.rings() ? ring_rings : talk_rings; }
  Name operator()(const call::Accept&) const {
    if (c.awaited()) return c.rings() ? ring_accepted : talk_joins;
    return c.outcome == Outcome::ignored ? talk_accepted_twice : talk_elsewhere;
  }
  Name operator()(const call::Reject&) const {
    if (c.over()) return over_ignored;
    if (c.awaited()) return c.rings() ? ring_declined : talk_declined;
    return c.rings() ? ring_declined_twice : talk_crossed;
  }
  Name operator()(const call::End&) const {
    if (c.over()) return over_ignored;
    if (c.out()) return c.rings() ? ring_declined_twice : talk_left_already;
    if (c.awaited()) return c.rings() ? ring_declined : talk_declined;
    if (c.rings()) return ring_cancelled;
    const bool ends = !c.room.group || c.self->role == call::CallRole::caller;
    return ends ? talk_ended : talk_leaves;
  }
  Name operator()(const call::Invite&) const { return talk_invited; }
  Name operator()(const call::Signal&) const { return c.rings() ? ring_signal : talk_signal; }
};

/// Whether the state alone leaves such a message no place.
bool has_no_place(const call::Room& room, const call::MessageBody& body) {
  const bool starts = std::holds_alternative<call::StartCall>(body);
  switch (room.state) {
    case CallState::idle:
      return !starts;
    case CallState::ringing:
    case CallState::connected:
      return starts;
    case CallState::ended:
      return std::holds_alternative<call::Ring>(body) ||
             std::holds_alternative<call::Accept>(body) ||
             std::holds_alternative<call::Invite>(body);
  }
  return false;
}

Name of_wrong_state(const call::Room& room, const call::MessageBody& body) {
  if (room.state == CallState::ended && std::holds_alternative<call::Accept>(body)) {
    return over_accepted;
  }
  return has_no_place(room, body) ? no_place : not_listed;
}

Name of_message(const Case& c, const call::MessageBody& body) {
  if (c.outcome == Outcome::refused) {
    if (c.code == call::ErrorCode::forbidden) return auditor;
    if (c.code == call::ErrorCode::identity_mismatch) return identity;
    if (c.code == call::ErrorCode::wrong_state) return of_wrong_state(c.room, body);
    if (c.code == call::ErrorCode::not_participant && c.self == nullptr) return stranger;
  }
  return std::visit(InTables{c}, body);
}

Name of_end(const call::Room& room, call::EndReason reason) {
  switch (reason) {
    case call::EndReason::no_answer:
      return due_ringing;
    case call::EndReason::connection_lost:
      return room.state == CallState::ringing ? due_caller : due_talking;
    case call::EndReason::max_duration:
      return due_longest;
    case call::EndReason::media_finished:
      return media_finishes;
    case call::EndReason::rejected:
      return ring_declined;
    case call::EndReason::none:
    case call::EndReason::hangup:
    case call::EndReason::cancelled:
      break;
  }
  return talk_leaves;
}

Name of_left(const call::Room& room, const call::ParticipantLeft& left) {
  const auto* self = room.find(left.user);
  switch (left.reason) {
    case call::LeaveReason::disconnected:
      return lost;
    case call::LeaveReason::no_answer:
      return due_callee;
    case call::LeaveReason::connection_lost:
      return self != nullptr && call::awaited(*self) ? due_ringing_callee : due_talking;
    case call::LeaveReason::hangup:
      break;
  }
  return talk_leaves;
}

Name of_media(const call::Room& room, const call::Record& record) {
  if (room.state == CallState::idle) return media_idle;
  const auto& report = std::get<call::MediaReported>(record.payload);
  if (report.event != "room_finished") return media_told;
  const call::Rules defaults;
  const std::function<bool(const call::UserId&)> online;  // is not asked
  const std::function<std::optional<call::RoomName>(const call::UserId&, const call::UserId&)>
      ringing_room;
  const auto verdict = call::decide_media(room, report,
                                          {.now = record.at,
                                           .new_call = {},
                                           .rules = defaults,
                                           .online = online,
                                           .ringing_room = ringing_room});
  return verdict.conclusions.empty() ? media_told_only : media_finishes;
}

}  // namespace

const Rule& rule_of(const call::Room& before, const call::Message& message,
                    const call::UserId& user, const call::Verdict& verdict) {
  const Case c{before, before.find(user), verdict.outcome, verdict.refusal.code};
  return rules[of_message(c, message.body)];
}

const Rule& rule_of(const call::Room& before, const call::Record& concluded) {
  const auto& payload = concluded.payload;
  if (const auto* end = std::get_if<call::Ended>(&payload)) {
    return rules[of_end(before, end->reason)];
  }
  if (const auto* left = std::get_if<call::ParticipantLeft>(&payload)) {
    return rules[of_left(before, *left)];
  }
  if (std::holds_alternative<call::MediaReported>(payload)) {
    return rules[of_media(before, concluded)];
  }
  if (std::holds_alternative<call::ServerStarted>(payload)) return rules[restarted];
  if (std::holds_alternative<call::TimedOut>(payload)) return rules[due_ringing];
  if (std::holds_alternative<call::ParticipantJoined>(payload)) return rules[back];
  const bool invited = before.state == CallState::connected;
  return rules[invited ? talk_invited : start_otherwise];  // CALLEE_OFFLINE
}

std::span<const Rule> all_rules() {
  return rules;
}

}  // namespace callstate::tools
