#include <algorithm>
#include <limits>
#include <utility>

#include "core/call/decide.hpp"
#include "core/call/duration.hpp"
#include "core/call/standing.hpp"

namespace callstate::call {
namespace {

// Which deadlines a participant has. decide_due and next_deadline both ask
// these two, so that no time is waited for at which nothing would follow.

std::optional<Time> grace_of(const Participant& participant) {
  if (participant.state != ParticipantState::disconnected) return std::nullopt;
  return participant.grace_deadline;
}

/// While the room is RINGING its own deadline speaks for all callees.
std::optional<Time> own_ring_of(const Room& room, const Participant& participant) {
  if (room.state != CallState::connected || !awaited(participant)) return std::nullopt;
  return participant.ring_deadline;
}

bool passed(const std::optional<Time>& deadline, Time now) {
  return deadline && *deadline <= now;
}

std::vector<Payload> due_while_ringing(const Room& room, Time now) {
  // An end overtakes what else is due: callees who would merely be waited for
  // again need no event of their own.
  if (room.ring_deadline <= now) {
    return {TimedOut{}, Ended{.reason = EndReason::no_answer, .detail = {}}};
  }
  std::vector<Payload> events;
  for (const auto& participant : room.participants) {
    if (!passed(grace_of(participant), now)) continue;
    if (participant.role == CallRole::caller) {
      return {Ended{.reason = EndReason::connection_lost, .detail = {}}};
    }
    events.emplace_back(ParticipantLeft{participant.user, LeaveReason::connection_lost, {}});
  }
  return events;
}

std::vector<Payload> due_while_connected(const Room& room, Time now) {
  const auto stays = [now](const Participant& participant) {
    return in_conversation(participant) && !passed(grace_of(participant), now);
  };
  const bool over = room.max_deadline <= now;
  const bool deserted = std::ranges::count_if(room.participants, stays) < 2;

  std::vector<Payload> events;
  for (const auto& participant : room.participants) {
    if (passed(own_ring_of(room, participant), now)) {
      events.emplace_back(ParticipantLeft{participant.user, LeaveReason::no_answer, {}});
    } else if (passed(grace_of(participant), now) && !deserted) {
      events.emplace_back(ParticipantLeft{participant.user, LeaveReason::connection_lost, {}});
    }
  }
  if (over || deserted) {
    events.emplace_back(Ended{.reason = over ? EndReason::max_duration : EndReason::connection_lost,
                              .detail = {},
                              .duration_s = talked_s(room, now)});
  }
  return events;
}

/// Whether the report may be of the call's own time. The media server gives
/// whole seconds, so that one of the answer's second counts.
bool since_the_answer(const Room& room, const MediaReported& report) {
  return report.reported_at == Time{} ||
         report.reported_at >= std::chrono::floor<std::chrono::seconds>(room.answered_at);
}

}  // namespace

std::uint32_t talked_s(const Room& room, Time now) {
  const auto talked = std::chrono::floor<std::chrono::seconds>(now - room.answered_at).count();
  using Bound = std::numeric_limits<std::uint32_t>;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(talked, Bound::min(), Bound::max()));
}

std::vector<Payload> decide_disconnected(const Room& room, const UserId& user,
                                         const Context& context) {
  if (!room.live()) return {};
  const auto* participant = room.find(user);
  if (participant == nullptr) return {};
  switch (participant->state) {
    case ParticipantState::joined:
    case ParticipantState::ringing:
      return {ParticipantLeft{user, LeaveReason::disconnected,
                              context.now + context.rules.reconnect_grace}};
    // Invited ones have nothing to lose: they may come online until the ring
    // deadline anyway.
    case ParticipantState::invited:
    case ParticipantState::disconnected:
    case ParticipantState::left:
    case ParticipantState::rejected:
      return {};
  }
  return {};
}

std::vector<Payload> decide_reconnected(const Room& room, const UserId& user) {
  if (!room.live()) return {};
  const auto* participant = room.find(user);
  if (participant == nullptr || participant->state != ParticipantState::disconnected) return {};
  return {ParticipantJoined{user}};
}

std::vector<Payload> decide_due(const Room& room, const Context& context) {
  switch (room.state) {
    case CallState::ringing:
      return due_while_ringing(room, context.now);
    case CallState::connected:
      return due_while_connected(room, context.now);
    case CallState::idle:
    case CallState::ended:
      return {};
  }
  return {};
}

Verdict decide_media(const Room& room, MediaReported report, const Context& context) {
  Verdict verdict;
  verdict.call = room.call;
  if (room.state == CallState::idle) verdict.outcome = Outcome::ignored;
  // A call that rings has its own deadline, and nobody need be in its media yet.
  if (room.state == CallState::connected && report.event == "room_finished" &&
      since_the_answer(room, report)) {
    verdict.conclusions.emplace_back(Ended{.reason = EndReason::media_finished,
                                           .detail = {},
                                           .duration_s = talked_s(room, context.now)});
  }
  verdict.payload = std::move(report);
  return verdict;
}

std::optional<Time> next_deadline(const Room& room) {
  if (!room.live()) return std::nullopt;
  Time earliest = room.state == CallState::ringing ? room.ring_deadline : room.max_deadline;
  for (const auto& participant : room.participants) {
    earliest = std::min(earliest, grace_of(participant).value_or(earliest));
    earliest = std::min(earliest, own_ring_of(room, participant).value_or(earliest));
  }
  return earliest;
}

}  // namespace callstate::call
