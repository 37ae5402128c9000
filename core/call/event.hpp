#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/call/error.hpp"
#include "core/call/ids.hpp"

namespace callstate::call {

/// Why a call ended. Stored in the log: append only.
enum class EndReason : std::uint8_t {
  none,
  hangup,
  cancelled,
  rejected,
  no_answer,
  connection_lost,
  max_duration,
  media_finished,  // the media server has ended the room
};
/// `hangup`, `no_answer` …; empty for none.
std::string_view name_of(EndReason reason);

/// Why a participant left. Stored in the log: append only.
enum class LeaveReason : std::uint8_t { hangup, disconnected, connection_lost, no_answer };
std::string_view name_of(LeaveReason reason);

// The facts, one struct an event type. An event carries all that `evolve`
// needs: deadlines are absolute times, so that no setting is read in a replay.
// In a record that was refused or ignored the payload is what was asked for.

struct CallStarted {
  UserId caller;
  std::string caller_name;
  std::vector<UserId> callees;
  std::string callee_name;
  std::string metadata;  // compact JSON object, or empty
  Time ring_deadline{};
  std::string media_room{};  // the media server's name for the call's room; empty: it has none
};
struct Ringing {};
struct Accepted {
  Time max_deadline{};  // when the call ends by itself; set by the first answer
};
struct Rejected {
  std::string reason;  // the client's own word; may be empty
};
struct Ended {
  EndReason reason = EndReason::none;
  std::string detail;  // the client's own word; may be empty
  std::uint32_t duration_s = 0;
};
struct TimedOut {};
struct CalleeOffline {
  UserId callee;
};
struct Invited {
  std::vector<UserId> callees;
  Time ring_deadline{};
  std::string media_room{};  // the call's, as in CallStarted
};
struct Signaled {
  UserId to;
  std::string data;  // compact JSON object
};
struct ParticipantJoined {
  UserId user;
};
struct ParticipantLeft {
  UserId user;
  LeaveReason reason = LeaveReason::hangup;
  Time grace_deadline{};  // `disconnected`: until when a return counts as a reconnect
};
struct UserOnline {};
struct UserOffline {};
struct UserInCall {
  RoomName room;
};
struct ServerStarted {
  Time grace_deadline{};     // every participant's reconnect deadline
  Time presence_deadline{};  // when users who have not come back are offline
  std::string version;
};
/// What the media server has said about the room. It is told, and changes
/// nothing: what follows from it is an event of its own.
struct MediaReported {
  std::string event;   // the media server's word: `participant_joined` …
  UserId user;         // whom it is about; empty: nobody
  std::string detail;  // the kind of a track, why a connection ended …; may be empty
  Time reported_at{};  // by the media server's clock, in whole seconds; epoch: it gave none
};
/// Tokens of the user that were issued at `before` or earlier hold no longer.
struct Revoked {
  Time before{};
};

/// The order is the order of the union in the schema: append only.
using Payload =
    std::variant<CallStarted, Ringing, Accepted, Rejected, Ended, TimedOut, CalleeOffline, Invited,
                 Signaled, ParticipantJoined, ParticipantLeft, UserOnline, UserOffline, UserInCall,
                 ServerStarted, MediaReported, Revoked>;

/// `CALL_STARTED` …: the type on the wire.
std::string_view type_of(const Payload& payload);

/// The place of that type among the payloads; nothing when there is no such type.
std::optional<std::size_t> parse_type(std::string_view name);

/// What became of a message. Stored in the log: append only.
enum class Outcome : std::uint8_t {
  applied,  // changed the state; takes the stream's next seq; is delivered
  ignored,  // legal, and changed nothing
  refused,  // illegal now; the refusal says why
};
/// `applied`, `ignored`, `refused`.
std::string_view name_of(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view name);

/// A stream: the events of one room, of one user's presence, or of the server
/// itself (empty tenant and name).
enum class StreamKind : std::uint8_t { room, user, server };

struct Stream {
  StreamKind kind = StreamKind::room;
  TenantId tenant;
  UserId name;  // the room's name or the user's id

  friend bool operator==(const Stream&, const Stream&) = default;
};

/// The actor of what the server itself concludes.
constexpr std::string_view system_actor = "system";

struct Actor {
  UserId user;  // `system` for the server itself
  Role role = Role::system;
  DeviceId device;
};

/// One entry of the log. Everything but `position` is in its bytes: the
/// position is assigned by the log.
struct Record {
  Position position = 0;
  Stream stream;
  Seq seq = 0;  // refused and ignored records keep the stream's current seq
  Time at{};
  Actor actor;
  MessageId message_id;  // empty: none
  CallId call;           // empty: no call concerned
  Outcome outcome = Outcome::applied;
  ErrorCode refusal = ErrorCode::none;  // set when refused
  Payload payload;
  Hash previous{};  // SHA-256 of the bytes of the stream's previous record
};

}  // namespace callstate::call
