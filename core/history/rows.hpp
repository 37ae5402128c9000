#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"
#include "core/call/ids.hpp"

// What the history says of a call: one row for each call, one for each of its
// records. Values, folded from the log and from nothing else.

namespace callstate::history {

/// How a call stands, or what became of it.
enum class Status : std::uint8_t {
  ringing,
  connected,
  ended,      // talked, then hung up
  rejected,   // every callee declined
  cancelled,  // the caller gave up before an answer
  missed,     // nobody answered
  failed,     // the connection was lost before an answer
};
/// `RINGING`, `CONNECTED`, `ENDED`, `REJECTED`, `CANCELLED`, `MISSED`, `FAILED`.
std::string_view name_of(Status status);
std::optional<Status> parse_status(std::string_view name);
/// Whether the call goes on.
[[nodiscard]] constexpr bool is_live(Status status) {
  return status == Status::ringing || status == Status::connected;
}

/// Who takes part in a call. The role is known where the server knew it as the user was
/// called, else once the user has acted in the call; the callee of a call that nobody
/// answered may have none.
struct Party {
  call::UserId user;
  std::optional<call::Role> role;

  friend bool operator==(const Party&, const Party&) = default;
};

/// One call. Its first callee stands for all where only one can be named.
struct CallRow {
  call::CallId id;
  call::TenantId tenant;
  call::RoomName room;
  std::vector<Party> parties;  // the caller first, then the callees in order of invitation
  std::string caller_name;
  std::string callee_name;
  std::string metadata;  // compact JSON object, or empty
  Status status = Status::ringing;
  call::Time started_at{};
  call::Time answered_at{};    // epoch: not answered
  call::Time ended_at{};       // epoch: not ended
  call::Time ring_deadline{};  // of the latest invitation
  std::uint32_t duration_s = 0;
  call::EndReason end_reason = call::EndReason::none;
  /// The word of who hung up or declined; may be empty. While it rings, of who of
  /// several has declined last.
  std::string end_detail;
  call::Position started_position = 0;  // of CALL_STARTED
  call::Position changed_position = 0;  // of the last record that changed this row

  friend bool operator==(const CallRow&, const CallRow&) = default;
};

/// One record of a room's stream, whatever its outcome, beside what it concerns.
struct EventRow {
  call::Record record;  // `record.call` is empty where no call is concerned
  /// Of the call, while it lives and as it ends. Empty where there is none, and
  /// for what comes after its end: who keeps rows finds them in the call's own.
  call::UserId caller;
  call::UserId callee;
};

/// What a stretch of the log changes, to be applied as a whole.
struct Changes {
  std::vector<CallRow> calls;    // each once, as it stands behind the stretch
  std::vector<EventRow> events;  // in order
  call::Position position = 0;   // the last of the stretch
  call::Time at{};               // its time
  /// The stretch's SERVER_STARTED: they concern every room with a live call.
  std::vector<call::Position> starts{};
};

}  // namespace callstate::history
