#include <algorithm>
#include <array>

#include "core/call/event.hpp"
#include "core/call/ids.hpp"
#include "core/call/state.hpp"

namespace callstate::call {
namespace {

template <class Enum, std::size_t N>
std::string_view look_up(const std::array<std::string_view, N>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : std::string_view("?");
}

constexpr std::array<std::string_view, 5> role_names{"CRM_USER", "PORTAL_CUSTOMER", "AUDITOR",
                                                     "SERVICE", "SYSTEM"};
constexpr std::array<std::string_view, 18> error_names{"NONE",
                                                       "INVALID_MESSAGE",
                                                       "UNKNOWN_TYPE",
                                                       "TOO_LARGE",
                                                       "UNAUTHENTICATED",
                                                       "FORBIDDEN",
                                                       "NOT_PARTICIPANT",
                                                       "IDENTITY_MISMATCH",
                                                       "WRONG_STATE",
                                                       "GLARE",
                                                       "ANSWERED_ELSEWHERE",
                                                       "ROOM_NOT_FOUND",
                                                       "RATE_LIMITED",
                                                       "OVERLOADED",
                                                       "STORAGE_UNAVAILABLE",
                                                       "INTERNAL",
                                                       "CURSOR_EXPIRED",
                                                       "DIRECTORY_UNAVAILABLE"};
constexpr std::array<std::string_view, 8> end_names{
    "",          "hangup",          "cancelled",    "rejected",
    "no_answer", "connection_lost", "max_duration", "media_finished"};
constexpr std::array<std::string_view, 4> leave_names{"hangup", "disconnected", "connection_lost",
                                                      "no_answer"};
constexpr std::array<std::string_view, std::variant_size_v<Payload>> type_names{
    "CALL_STARTED",
    "RINGING",
    "ACCEPTED",
    "REJECTED",
    "ENDED",
    "TIMED_OUT",
    "CALLEE_OFFLINE",
    "INVITED",
    "SIGNAL",
    "PARTICIPANT_JOINED",
    "PARTICIPANT_LEFT",
    "USER_ONLINE",
    "USER_OFFLINE",
    "USER_IN_CALL",
    "SERVER_STARTED",
    "MEDIA",
    "USER_REVOKED",
    "SEALED"};
constexpr std::array<std::string_view, 3> outcome_names{"applied", "ignored", "refused"};
constexpr std::array<std::string_view, 4> call_state_names{"IDLE", "RINGING", "CONNECTED", "ENDED"};
constexpr std::array<std::string_view, 2> call_role_names{"caller", "callee"};
constexpr std::array<std::string_view, 6> participant_names{"invited",      "ringing", "joined",
                                                            "disconnected", "left",    "rejected"};

constexpr bool in_room_grammar(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ':' || c == '~' || c == '-';
}

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view name_of(Role role) {
  return look_up(role_names, role);
}
std::string_view name_of(ErrorCode code) {
  return look_up(error_names, code);
}
std::string_view name_of(EndReason reason) {
  return look_up(end_names, reason);
}
std::string_view name_of(LeaveReason reason) {
  return look_up(leave_names, reason);
}
std::string_view name_of(Outcome outcome) {
  return look_up(outcome_names, outcome);
}
std::string_view name_of(CallState state) {
  return look_up(call_state_names, state);
}
std::string_view name_of(CallRole role) {
  return look_up(call_role_names, role);
}
std::string_view name_of(ParticipantState state) {
  return look_up(participant_names, state);
}
std::string_view type_of(const Payload& payload) {
  return type_names[payload.index()];
}

std::optional<std::size_t> parse_type(std::string_view name) {
  const auto* found = std::ranges::find(type_names, name);
  if (found == type_names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - type_names.begin());
}

std::optional<Outcome> parse_outcome(std::string_view name) {
  const auto* found = std::ranges::find(outcome_names, name);
  if (found == outcome_names.end()) return std::nullopt;
  return static_cast<Outcome>(found - outcome_names.begin());
}

std::optional<Role> parse_role(std::string_view name) {
  const auto* found = std::ranges::find(role_names, name);
  if (found == role_names.end() || name == "SYSTEM") return std::nullopt;
  return static_cast<Role>(found - role_names.begin());
}

std::optional<RoomName> parse_room_name(std::string_view name) {
  if (name.empty() || !std::ranges::all_of(name, in_room_grammar)) return std::nullopt;
  return RoomName::from(name);
}

std::string to_string(const CallId& id) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(digits[id.bytes[i] >> 4U]);
    text.push_back(digits[id.bytes[i] & 0x0FU]);
  }
  return text;
}

std::optional<CallId> parse_call_id(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  CallId id;
  std::size_t at = 0;
  for (auto& byte : id.bytes) {
    if (at == 8 || at == 13 || at == 18 || at == 23) {
      if (text[at] != '-') return std::nullopt;
      ++at;
    }
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    byte = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return id;
}

std::string_view call_status(const Room& room) {
  switch (room.state) {
    case CallState::idle:
      return {};
    case CallState::ringing:
    case CallState::connected:
      return name_of(room.state);
    case CallState::ended:
      break;
  }
  switch (room.end_reason) {
    case EndReason::cancelled:
      return "CANCELLED";
    case EndReason::rejected:
      return "REJECTED";
    case EndReason::no_answer:
      return "MISSED";
    case EndReason::connection_lost:
    case EndReason::media_finished:
      return room.answered_at == Time{} ? "FAILED" : "ENDED";
    case EndReason::none:
    case EndReason::hangup:
    case EndReason::max_duration:
      break;
  }
  return "ENDED";
}

const Participant* Room::find(const UserId& user) const {
  const auto found = std::ranges::find(participants, user, &Participant::user);
  return found == participants.end() ? nullptr : &*found;
}
Participant* Room::find(const UserId& user) {
  const auto found = std::ranges::find(participants, user, &Participant::user);
  return found == participants.end() ? nullptr : &*found;
}

}  // namespace callstate::call
