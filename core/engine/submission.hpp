#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
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
  call::Time issued_at{};  // of its token; see Revoke
  /// Somebody who polls: the user is online by it, and it is sent nothing but
  /// AsOf once it is open.
  bool polls = false;
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

// Of those who have no session, by their token alone. Each is answered, to
// `reply_to`: an id of a hub that need not be a session.

/// Whose request it is. Apart from the requests, which wait in the inbox: it is large.
struct Requester {
  SessionId reply_to = 0;
  call::Sender sender;
  call::Time issued_at{};  // of the token
};

/// A signaling message. Answered with an Ack or a Refusal.
struct Request {
  std::shared_ptr<const Requester> by;
  call::Message message;
};

/// A question. Answered with a Refusal, or what was asked for and then AsOf.
struct Ask {
  /// Whether the token still counts: nothing more.
  struct Admission {};
  /// What a session would be shown when it opens: the RoomState of each live call
  /// of the user, and the invitations that still ring.
  struct LiveCalls {};
  /// One room's RoomState, which the user must be allowed to hear.
  struct OneRoom {
    call::RoomName room;
  };
  /// A user's Presence.
  struct PresenceOf {
    call::UserId user;
  };
  using What = std::variant<Admission, LiveCalls, OneRoom, PresenceOf>;
  std::shared_ptr<const Requester> by;
  What what;
};

/// Ends every session of the user, and takes no token of the user's any more that
/// was issued up to now. By a SERVICE. Answered with an Ack.
struct Revoke {
  std::shared_ptr<const Requester> by;
  call::UserId user;
};

/// What a media server reports of one of its rooms, with the id that tells repeats.
/// Answered with an Ack; ROOM_NOT_FOUND when the media room is none of ours.
struct ReportMedia {
  SessionId reply_to = 0;
  std::string media_room;
  call::MessageId id;
  call::MediaReported said;
};

// Of nobody outside, and not answered.

/// Seals what there is now rather than when it is due.
struct SealNow {};
/// The root of a chunk that is to be sealed afterwards; see Sealing.
struct SealPast {
  call::Position first = 0;
  call::Hash root{};
};

using Submission = std::variant<OpenSession, CloseNotice, Send, Join, Leave, Request, Ask, Revoke,
                                ReportMedia, SealNow, SealPast>;

/// Where transports put submissions: the engine's bounded inbox.
class Inbox {
 public:
  virtual ~Inbox() = default;

  /// False when the inbox is full or the engine no longer accepts: the caller
  /// answers OVERLOADED. OpenSession beyond the bound is refused like the rest;
  /// a CloseNotice is always taken. Any thread; never blocks on I/O.
  [[nodiscard]] virtual bool submit(Submission submission) = 0;

  /// Several at once, in order. Gives how many were taken before the first that was
  /// not; of those from there on the CloseNotices are taken and nothing else, and
  /// what is not taken is left as it was.
  [[nodiscard]] virtual std::size_t submit_all(std::span<Submission> submissions) {
    std::size_t taken = 0;
    while (taken < submissions.size() && submit(Submission(submissions[taken]))) ++taken;
    for (const auto& submission : submissions.subspan(taken)) {
      if (std::holds_alternative<CloseNotice>(submission)) (void)submit(Submission(submission));
    }
    return taken;
  }
};

}  // namespace callstate::engine
