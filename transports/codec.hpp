#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/call/error.hpp"
#include "core/call/message.hpp"
#include "core/engine/effect.hpp"
#include "transports/json_document.hpp"
#include "transports/livekit.hpp"

namespace callstate::transports {

// The JSON vocabulary of docs/protocol.md, both ways. Pure functions; any
// thread.

struct JoinRequest {
  call::RoomName room;
  call::MessageId id;
  std::optional<call::Position> since{};  // the client's cursor for this room
};
struct LeaveRequest {
  call::RoomName room;
  call::MessageId id;
};
struct AuthRequest {
  std::string token;
  call::MessageId id;
};
struct Ping {
  call::MessageId id;
};

using ClientMessage = std::variant<call::Message, JoinRequest, LeaveRequest, AuthRequest, Ping>;

/// A frame that is no message: nothing is logged, the sender gets the ERROR.
struct DecodeFailure {
  call::Error error;    // INVALID_MESSAGE, UNKNOWN_TYPE; the sentence names the field
  call::MessageId id;   // echoed where it could be read
  call::RoomName room;  // likewise
};

/// Nesting beyond this is refused, in known and unknown fields alike.
constexpr std::size_t json_depth_max = 16;

/// Decodes one frame of at most the transport's frame limit. `default_room` is
/// the room of a room session, for messages that leave `roomName` out; empty
/// for none. Refuses: text that is not JSON or not UTF-8, a value that is not an
/// object, duplicate keys at any depth, wrong types, missing fields, texts over
/// their bounds, room names outside the grammar. Unknown fields are ignored.
std::expected<ClientMessage, DecodeFailure> decode(std::string_view text,
                                                   const call::RoomName& default_room);
/// The same for a value of a document that has been read without a fault.
std::expected<ClientMessage, DecodeFailure> decode(const JsonValue& value,
                                                   const call::RoomName& default_room);

/// For whom a message is written. Most are the same for everybody.
struct Viewer {
  /// A SIGNAL's `data` is for its two ends.
  std::string_view user{};
  /// Whoever looks into the log itself sees it too.
  bool everything = false;
  /// Makes the user's own token for the call's media room, in what invites to the
  /// call or shows it; null where there is no media server.
  const MediaTokens* media = nullptr;
  call::Time now{};  // from when that token is good
};

/// Whether the viewer gets a text of its own.
enum class Sees : std::uint8_t { what_all_see, what_its_ends_see, its_own };
Sees sees(const engine::ServerMessage& message, const Viewer& viewer);
Sees sees(const engine::Event& event, const Viewer& viewer);

/// Whether the message asks somebody into a call.
bool is_invitation(const engine::ServerMessage& message);
/// Whether the user is in the room's live call, or asked into it.
bool takes_part(const call::Room& room, std::string_view user);

/// One server message as a JSON object.
std::string encode(const engine::ServerMessage& message, const Viewer& viewer = {});

/// `{"type":"PONG"}`, with the PING's id where it had one.
std::string pong(const call::MessageId& id);
/// The ACK of an AUTH, which concerns no room and takes no position.
std::string auth_ack(const call::MessageId& id);

}  // namespace callstate::transports
