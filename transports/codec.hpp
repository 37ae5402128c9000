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

/// One server message as a JSON object. `addressee`: events are the same for
/// everybody but a SIGNAL, whose `data` only its addressee and its sender see.
enum class Addressee : std::uint8_t { everybody, participant };
std::string encode(const engine::ServerMessage& message,
                   Addressee addressee = Addressee::everybody);

/// `{"type":"PONG"}`, with the PING's id where it had one.
std::string pong(const call::MessageId& id);
/// The ACK of an AUTH, which concerns no room and takes no position.
std::string auth_ack(const call::MessageId& id);

}  // namespace callstate::transports
