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

/// What is known of the roles of people who have not acted themselves: CRM_USER or
/// PORTAL_CUSTOMER, nothing where it is not known.
using KnownRole = std::optional<Role>;

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
  std::vector<KnownRole> callee_roles{};  // one for each callee; empty: none is known
  KnownRole caller_role{};                // where another acts for the caller

  friend bool operator==(const CallStarted&, const CallStarted&) = default;
};
struct Ringing {
  friend bool operator==(const Ringing&, const Ringing&) = default;
};
struct Accepted {
  Time max_deadline{};  // when the call ends by itself; set by the first answer

  friend bool operator==(const Accepted&, const Accepted&) = default;
};
struct Rejected {
  std::string reason;  // the client's own word; may be empty

  friend bool operator==(const Rejected&, const Rejected&) = default;
};
struct Ended {
  EndReason reason = EndReason::none;
  std::string detail;  // the client's own word; may be empty
  std::uint32_t duration_s = 0;

  friend bool operator==(const Ended&, const Ended&) = default;
};
struct TimedOut {
  friend bool operator==(const TimedOut&, const TimedOut&) = default;
};
struct CalleeOffline {
  UserId callee;

  friend bool operator==(const CalleeOffline&, const CalleeOffline&) = default;
};
struct Invited {
  std::vector<UserId> callees;
  Time ring_deadline{};
  std::string media_room{};               // the call's, as in CallStarted
  std::vector<KnownRole> callee_roles{};  // as in CallStarted

  friend bool operator==(const Invited&, const Invited&) = default;
};
struct Signaled {
  UserId to;
  std::string data;  // compact JSON object

  friend bool operator==(const Signaled&, const Signaled&) = default;
};
struct ParticipantJoined {
  UserId user;

  friend bool operator==(const ParticipantJoined&, const ParticipantJoined&) = default;
};
struct ParticipantLeft {
  UserId user;
  LeaveReason reason = LeaveReason::hangup;
  Time grace_deadline{};  // `disconnected`: until when a return counts as a reconnect

  friend bool operator==(const ParticipantLeft&, const ParticipantLeft&) = default;
};
struct UserOnline {
  friend bool operator==(const UserOnline&, const UserOnline&) = default;
};
struct UserOffline {
  friend bool operator==(const UserOffline&, const UserOffline&) = default;
};
struct UserInCall {
  RoomName room;

  friend bool operator==(const UserInCall&, const UserInCall&) = default;
};
struct ServerStarted {
  Time grace_deadline{};     // every participant's reconnect deadline
  Time presence_deadline{};  // when users who have not come back are offline
  std::string version;

  friend bool operator==(const ServerStarted&, const ServerStarted&) = default;
};
/// What the media server has said about the room. It is told, and changes
/// nothing: what follows from it is an event of its own.
struct MediaReported {
  std::string event;   // the media server's word: `participant_joined` …
  UserId user;         // whom it is about; empty: nobody
  std::string detail;  // the kind of a track, why a connection ended …; may be empty
  Time reported_at{};  // by the media server's clock, in whole seconds; epoch: it gave none

  friend bool operator==(const MediaReported&, const MediaReported&) = default;
};
/// Tokens of the user that were issued at `before` or earlier hold no longer.
struct Revoked {
  Time before{};

  friend bool operator==(const Revoked&, const Revoked&) = default;
};

/// Seals the records of the positions `first` … `last`, both included: whoever has
/// this record can tell whether one of them has been changed. Seals follow one
/// another without a gap, and each names the one before it.
struct Sealed {
  Position first = 0;
  Position last = 0;
  Hash root{};                 // of the Merkle tree over their hashes
  Position previous_seal = 0;  // where the seal before is; 0: this is the first
  Hash previous{};             // SHA-256 of the bytes of that record
  std::string log_id{};
  KeyId key{};  // all zero: it is not signed
  Signature signature{};

  friend bool operator==(const Sealed&, const Sealed&) = default;
};

/// The order is the order of the union in the schema: append only.
using Payload =
    std::variant<CallStarted, Ringing, Accepted, Rejected, Ended, TimedOut, CalleeOffline, Invited,
                 Signaled, ParticipantJoined, ParticipantLeft, UserOnline, UserOffline, UserInCall,
                 ServerStarted, MediaReported, Revoked, Sealed>;

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
