#pragma once

#include <optional>
#include <variant>

#include "core/call/message.hpp"
#include "core/engine/effect.hpp"

namespace callstate::engine {

// What transports hand to the engine.

/// A session has been authenticated. The engine answers with `Attach`, the
/// ROOM_STATE of the user's live calls and, for those that still ring for the
/// user, the invitation; or with `CloseSession` when the user has too many.
struct OpenSession {
  SessionId session = 0;
  call::Sender sender;
  std::optional<call::RoomName> room;  // joined to this room from the start
  /// The client's cursor: what concerns it and came after that is sent, see Resume.
  /// One that the log no longer reaches is answered CURSOR_EXPIRED.
  std::optional<call::Position> since{};
};

/// The session's connection is gone.
struct CloseNotice {
  SessionId session = 0;
};

/// A signaling message of an open session.
struct Send {
  SessionId session = 0;
  call::Message message;
};

/// JOIN: the session hears the room and is sent its ROOM_STATE. Not logged: it
/// changes what a session hears, not what a call is.
struct Join {
  SessionId session = 0;
  call::RoomName room;
  call::MessageId id;
  std::optional<call::Position> since{};  // as in OpenSession, for this room
};
struct Leave {
  SessionId session = 0;
  call::RoomName room;
  call::MessageId id;
};

using Submission = std::variant<OpenSession, CloseNotice, Send, Join, Leave>;

/// Where transports put submissions: the engine's bounded inbox.
class Inbox {
 public:
  virtual ~Inbox() = default;

  /// False when the inbox is full or the engine no longer accepts: the caller
  /// answers OVERLOADED. OpenSession beyond the bound is refused like the rest;
  /// a CloseNotice is always taken. Any thread; never blocks on I/O.
  [[nodiscard]] virtual bool submit(Submission submission) = 0;
};

}  // namespace callstate::engine
