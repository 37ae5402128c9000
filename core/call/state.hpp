#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"
#include "core/call/ids.hpp"

namespace callstate::call {

enum class CallState : std::uint8_t { idle, ringing, connected, ended };
/// `IDLE`, `RINGING`, `CONNECTED`, `ENDED`.
std::string_view name_of(CallState state);

enum class CallRole : std::uint8_t { caller, callee };
std::string_view name_of(CallRole role);

enum class ParticipantState : std::uint8_t {
  invited,
  ringing,
  joined,
  disconnected,
  left,
  rejected,
};
/// `invited` …
std::string_view name_of(ParticipantState state);

struct Participant {
  // What every event reads comes first, beside the beginning of the user's id.
  CallRole role = CallRole::callee;
  ParticipantState state = ParticipantState::invited;
  /// While `disconnected`: what a reconnect restores.
  ParticipantState before_disconnect = ParticipantState::invited;
  /// `disconnected`: the end of the grace. `invited` or `ringing`: the end of
  /// the ringing for this callee.
  Time grace_deadline{};
  Time ring_deadline{};
  UserId user;
  std::vector<DeviceId> rang_on;  // devices that have said RINGING, bounded by rang_on_max
  DeviceId answered_on;           // device that accepted; empty before
  /// The CALL_STARTED or INVITED that asked this user in last, for sessions that
  /// come later: its place in the log, and whose it was, as an index into the
  /// room's participants.
  std::uint8_t invited_by = 0;
  Position invited_position = 0;
  Seq invited_seq = 0;
  Time invited_at{};

  friend bool operator==(const Participant&, const Participant&) = default;
};

/// Devices remembered per participant; further RINGINGs are ignored.
constexpr std::size_t rang_on_max = 32;

/// One room: a fold of its stream (and of SERVER_STARTED). A room hosts one
/// call at a time; the fields of the last call stay until the next starts.
struct Room {
  Seq seq = 0;            // of the last applied event
  Position position = 0;  // of the last record folded, whatever its outcome
  Hash chain{};           // SHA-256 of that record's bytes; set by whoever folds
  CallState state = CallState::idle;
  CallId call;
  std::vector<Participant> participants;  // the caller first
  std::string caller_name;
  std::string callee_name;
  std::string metadata;
  Position started_position = 0;  // of CALL_STARTED
  Seq started_seq = 0;
  Time started_at{};
  Time answered_at{};  // epoch: not answered
  Time ended_at{};     // epoch: not ended
  Time ring_deadline{};
  Time max_deadline{};
  EndReason end_reason = EndReason::none;
  bool group = false;      // has ever had more than one callee
  std::string media_room;  // the media server's name for it; empty: it has none

  /// Every field, `position` and `chain` too. Rooms whose calls are not live
  /// may differ in `position` alone: a SERVER_STARTED moves it in those that
  /// were in memory, and no others.
  friend bool operator==(const Room&, const Room&) = default;

  [[nodiscard]] bool live() const {
    return state == CallState::ringing || state == CallState::connected;
  }
  [[nodiscard]] const Participant* find(const UserId& user) const;
  [[nodiscard]] Participant* find(const UserId& user);
};

/// What the call log says of the room's present or last call: `RINGING`,
/// `CONNECTED`, then `ENDED` (talked), `REJECTED`, `CANCELLED`, `MISSED` (no
/// answer) or `FAILED` (connection or media lost before an answer); empty before the
/// first call.
std::string_view call_status(const Room& room);

/// A user's presence: a fold of the user's stream (and of SERVER_STARTED).
struct User {
  Seq seq = 0;
  Position position = 0;
  Hash chain{};
  bool online = false;
  /// After SERVER_STARTED: when the user is offline unless a session comes
  /// back first. Epoch: no such deadline.
  Time offline_deadline{};
  /// Tokens issued at this time or earlier hold no longer. Epoch: none was ever
  /// revoked.
  Time revoked_before{};

  friend bool operator==(const User&, const User&) = default;
};

}  // namespace callstate::call
