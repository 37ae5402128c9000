#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace callstate::transports {

/// What a WebSocket handshake asked for. Plain: it outlives the request.
struct Upgrade {
  bool room_path = false;  // else /v1/ws
  std::string room;        // of a room path, unchecked
  std::string device;      // no longer than a device id; empty: none was given
  std::string since;       // the client's cursor, unchecked; empty: none was given
};

/// The subprotocol that the server speaks.
constexpr std::string_view subprotocol = "callstate.v1";

/// What a client offers in `Sec-WebSocket-Protocol`.
struct OfferedProtocols {
  bool callstate = false;
  std::optional<std::string> token;  // of `bearer.<jwt>`
};
OfferedProtocols read_protocols(std::string_view field);

/// The token of an `Authorization: Bearer` field; nothing for other schemes.
std::optional<std::string> read_bearer(std::string_view field);

/// Whether `Sec-WebSocket-Key` is one: 16 bytes in base64.
bool is_websocket_key(std::string_view key);
/// `Sec-WebSocket-Accept` for it (RFC 6455, 4.2.2).
std::string accept_value(std::string_view key);

}  // namespace callstate::transports
