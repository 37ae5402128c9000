#include "tools/callstate/carry/possible.hpp"

#include <variant>

#include "core/call/evolve.hpp"
#include "storage/stream_text.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;
using Fault = std::optional<LineFault>;

Fault is(std::string_view field, std::string what) {
  return LineFault{std::string(field), std::move(what)};
}

/// An event that was applied in a call that goes on: what about its people is impossible.
struct InCall {
  const call::Room& room;
  const call::Record& record;

  // Of the call as a whole, or of who need not be in it.
  Fault operator()(const call::CallStarted&) const { return std::nullopt; }
  Fault operator()(const call::TimedOut&) const { return std::nullopt; }
  Fault operator()(const call::MediaReported&) const { return std::nullopt; }

  Fault operator()(const call::Ringing&) const { return actor(); }
  Fault operator()(const call::Accepted&) const {
    if (auto fault = actor()) return fault;
    return again(call::ParticipantState::joined, "has joined the call already");
  }
  Fault operator()(const call::Rejected&) const {
    if (auto fault = actor()) return fault;
    return again(call::ParticipantState::rejected, "has rejected the call already");
  }
  Fault operator()(const call::Ended&) const {
    return record.actor.role == call::Role::system ? std::nullopt : actor();
  }
  Fault operator()(const call::Invited&) const { return actor(); }
  Fault operator()(const call::Signaled& signaled) const {
    if (auto fault = actor()) return fault;
    return named("event.to", signaled.to);
  }
  Fault operator()(const call::CalleeOffline& offline) const {
    return named("event.callee", offline.callee);
  }
  Fault operator()(const call::ParticipantJoined& joined) const {
    return named("event.user", joined.user);
  }
  Fault operator()(const call::ParticipantLeft& left) const {
    return named("event.user", left.user);
  }

  // Of other streams.
  Fault operator()(const call::UserOnline&) const { return std::nullopt; }
  Fault operator()(const call::UserOffline&) const { return std::nullopt; }
  Fault operator()(const call::UserInCall&) const { return std::nullopt; }
  Fault operator()(const call::ServerStarted&) const { return std::nullopt; }
  Fault operator()(const call::Revoked&) const { return std::nullopt; }
  Fault operator()(const call::Sealed&) const { return std::nullopt; }

 private:
  [[nodiscard]] Fault actor() const { return named("by", record.actor.user); }
  [[nodiscard]] Fault named(std::string_view field, const call::UserId& user) const {
    if (room.find(user) != nullptr) return std::nullopt;
    return is(field, concat("names a user who is not in the call, and ", type_of(record.payload),
                            " was applied"));
  }
  [[nodiscard]] Fault again(call::ParticipantState state, std::string_view what) const {
    const auto* participant = room.find(record.actor.user);
    if (participant->state != state) return std::nullopt;
    return is("by", concat(what, ", and ", type_of(record.payload), " was applied once more"));
  }
};

Fault check_start(const call::Room* live, const call::CallId& last, const call::Record& record) {
  if (record.call.empty()) return is("call", "is missing: CALL_STARTED was applied");
  if (live != nullptr) {
    return is("type", concat("is CALL_STARTED, and was applied while the call ",
                             to_string(live->call), " was going on in the room"));
  }
  if (record.call == last) return is("call", "is that of the room's call before, which has ended");
  return std::nullopt;
}

}  // namespace

Fault PossibleCalls::take(const call::Record& record) {
  const bool of_room = record.stream.kind == call::StreamKind::room;
  if (!of_room || record.outcome != call::Outcome::applied) return std::nullopt;
  storage::key_of(record.stream, key_);
  auto& known = rooms_.try_emplace(key_, Known{{}, nullptr, !from_beginning_}).first->second;
  const bool starts = std::holds_alternative<call::CallStarted>(record.payload);
  if (starts) {
    if (auto fault = check_start(known.live.get(), known.last, record)) return fault;
    known = Known{record.call, std::make_unique<call::Room>(), false};
  } else if (known.in_part || std::holds_alternative<call::MediaReported>(record.payload)) {
    return std::nullopt;
  } else if (known.live == nullptr) {
    return is("type", concat("is ", type_of(record.payload),
                             ", and was applied in a room without a call that goes on"));
  } else if (record.call != known.live->call) {
    return is("call", concat("is another one than ", to_string(known.live->call),
                             ", which was going on in the room"));
  } else if (auto fault = std::visit(InCall{*known.live, record}, record.payload)) {
    return fault;
  }
  call::evolve(*known.live, record);
  if (!known.live->live()) known.live.reset();
  return std::nullopt;
}

}  // namespace callstate::tools
