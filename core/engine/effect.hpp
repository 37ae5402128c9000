#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/call/decide.hpp"
#include "core/call/event.hpp"
#include "core/call/message.hpp"
#include "core/call/state.hpp"

namespace callstate::engine {

/// The server's own id of a session, never reused while the process lives. The
/// high 16 bits say which hub owns it, see `hub_of`.
using SessionId = std::uint64_t;
constexpr std::uint16_t hub_of(SessionId id) {
  return static_cast<std::uint16_t>(id >> 48U);
}
constexpr SessionId make_session_id(std::uint16_t hub, std::uint64_t number) {
  return (static_cast<SessionId>(hub) << 48U) | number;
}

/// Answers a message that carried an id: its record is durable.
struct Ack {
  call::MessageId id;
  call::RoomName room;
  call::Seq seq = 0;
  call::Position position = 0;
  call::Outcome outcome = call::Outcome::applied;
  bool duplicate = false;
};

/// Answers a message that was refused, whether or not it carried an id.
struct Refusal {
  call::Error error;
  call::MessageId id;   // empty: none
  call::RoomName room;  // empty: none
  std::optional<call::RoomName> glare_room;
  std::optional<std::uint32_t> retry_after_ms;         // RATE_LIMITED
  call::EndReason end_reason = call::EndReason::none;  // an answer after the end: why it ended
};

/// The room as of `room.position`; everything later follows as events.
struct RoomState {
  call::RoomName name;
  call::Room room;
};

/// Another device of the same user has answered.
struct AnsweredElsewhere {
  call::RoomName room;
  call::CallId call;
  call::Position position = 0;  // of the ACCEPTED
};

/// An event as it goes to clients: the record itself.
struct Event {
  call::Record record;
};

/// A user as of now.
struct Presence {
  call::UserId user;
  bool online = false;
  std::vector<call::DeviceId> devices;  // of the sessions, each once
  std::vector<call::RoomName> rooms;    // of the live calls the user takes part in
};

/// The end of an answer: what came before it is so as of this position.
struct AsOf {
  call::Position position = 0;
};

/// What a client can be sent.
using ServerMessage =
    std::variant<Event, RoomState, Ack, Refusal, AnsweredElsewhere, Presence, AsOf>;

/// Whose mail is read, and what of it: what a session hears.
struct MailQuery {
  call::TenantId tenant;
  call::UserId user;
  call::DeviceId device;  // tells which answers were given elsewhere
  bool presence = true;   // with the user's own coming and going
  /// Besides the user's calls, all that is said in this room.
  std::optional<call::RoomName> room{};
  /// Nothing but what is of this room.
  std::optional<call::RoomName> only{};
};

/// Why the server ends a session: the WebSocket close code and its reason.
struct Close {
  std::uint16_t code = 1000;
  std::string reason;
};

// Effects: what is done once a batch is durable, in this order. The hubs carry
// them out; each looks after its own sessions.

/// A message that the session sent has been dealt with: what follows, up to the
/// next of these, comes of it. There is one for each `Send`, whatever became of it.
struct Handled {
  SessionId session = 0;
};
/// To one session.
struct Reply {
  SessionId to = 0;
  ServerMessage message;
};
/// The session is open: it hears its user's inbox from now on.
struct Attach {
  SessionId session = 0;
  bool inbox = true;  // not bound to one room: hears its user's presence too
};
/// The session hears the room's events from now on. `lasting`: until it leaves;
/// otherwise until the present call ends.
struct Subscribe {
  SessionId session = 0;
  call::Stream room;
  bool lasting = false;
};
struct Unsubscribe {
  SessionId session = 0;
  call::Stream room;
};
/// An applied event, to everybody who hears its stream. Before that, every
/// session of the users it invites (CALL_STARTED, INVITED), and of the caller,
/// is subscribed to the room until the call ends.
struct Publish {
  Event event;
  /// For events of a user's stream, which go to the inbox sessions of the user:
  /// the rooms whose sessions hear it too.
  std::vector<call::Stream> rooms;
};
/// The session has said up to where it knows the log: it is sent what came after
/// that and concerns it, up to `upto`, and only then what follows in these effects.
struct Resume {
  SessionId session = 0;
  std::shared_ptr<const MailQuery> query;
  call::Position after = 0;
  call::Position upto = 0;
};
/// Ends a session.
struct CloseSession {
  SessionId session = 0;
  Close close;
};

using Effect =
    std::variant<Handled, Reply, Attach, Subscribe, Unsubscribe, Publish, Resume, CloseSession>;

/// What one durable batch releases. Shared by all hubs, hence immutable.
using Effects = std::shared_ptr<const std::vector<Effect>>;

/// Where effects go. Called by the engine in the order of the log, never twice
/// at the same time, from its own threads: implementations hand over and return.
class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual void deliver(const Effects& effects) = 0;
};

}  // namespace callstate::engine
