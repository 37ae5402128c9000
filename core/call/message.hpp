#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/call/ids.hpp"

namespace callstate::call {

/// Callees of one call, at most.
constexpr std::size_t callees_max = 32;
/// Bytes of a display name or a reason, at most.
constexpr std::size_t label_bytes_max = 256;
/// Bytes of a call's `metadata` and of a signal's `data`, as compact JSON, at
/// most.
constexpr std::size_t opaque_bytes_max = 8 * 1024;
/// Bytes of the media server's word for an event, at most.
constexpr std::size_t media_event_bytes_max = 64;
/// Bytes of the media server's name for a room, at most: a tenant, a character
/// between, a room.
constexpr std::size_t media_room_bytes_max = TenantId::bytes_max + 1 + RoomName::bytes_max;

// What a client asks for, one struct a message type. Field names are those of
// the wire; texts are UTF-8 and within the bounds above.

struct StartCall {
  std::vector<UserId> callees;  // 1 … callees_max, no repeats, not the sender
  std::string caller_name;      // empty: the token's name
  std::string callee_name;
  std::string metadata;  // compact JSON object, or empty
};
struct Ring {};
struct Accept {};
struct Reject {
  std::string reason;
};
struct End {
  std::string reason;
};
struct Invite {
  std::vector<UserId> callees;  // as in StartCall
};
struct Signal {
  UserId to;
  std::string data;  // compact JSON object
};

using MessageBody = std::variant<StartCall, Ring, Accept, Reject, End, Invite, Signal>;

/// A well-formed signaling message, as decoded from any transport.
struct Message {
  RoomName room;
  MessageId id;                  // empty: none given
  std::optional<UserId> sender;  // `callerId`, `acceptedBy` …, where the client said one
  MessageBody body;
};

/// Who sends: from the token, with the session's device label.
struct Sender {
  TenantId tenant;
  UserId user;
  Role role = Role::crm_user;
  DeviceId device;
  std::string name;
};

}  // namespace callstate::call
