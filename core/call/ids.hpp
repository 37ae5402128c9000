#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/call/text.hpp"

namespace callstate::call {

/// The organisation that owns everything below it. Taken from the session's
/// token, never from a message.
using TenantId = Text<struct TenantTag, 128>;

/// A person of a tenant: the token's `sub`, which OpenID Connect bounds at 255.
using UserId = Text<struct UserTag, 255>;

/// What a client calls its own device. A label only: a session is told apart
/// by the server's own id.
using DeviceId = Text<struct DeviceTag, 128>;

/// A client's own id of a message: at most 64 characters of up to 4 bytes.
using MessageId = Text<struct MessageTag, 256>;
constexpr std::size_t message_id_characters_max = 64;

/// Where a call happens, unique in its tenant: `[A-Za-z0-9._:~-]{1,128}`.
using RoomName = Text<struct RoomTag, 128>;

/// The name, or nothing when it is outside the grammar above.
std::optional<RoomName> parse_room_name(std::string_view name);

/// A call's UUIDv7, big-endian; all zero means "no call".
struct CallId {
  std::array<std::uint8_t, 16> bytes{};

  friend bool operator==(const CallId&, const CallId&) = default;
  friend auto operator<=>(const CallId&, const CallId&) = default;
  [[nodiscard]] bool empty() const { return *this == CallId{}; }
};

/// `0190d6a4-…`, 36 characters, lower case.
std::string to_string(const CallId& id);
std::optional<CallId> parse_call_id(std::string_view text);

/// An event's number in the whole log, from 1, without holes; 0 is "none".
using Position = std::uint64_t;

/// An event's number among the applied events of its stream, from 1, without
/// holes; 0 is "none yet".
using Seq = std::uint64_t;

/// UTC, microseconds since 1970.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// SHA-256 of a record's bytes; all zero before a stream's first record.
using Hash = std::array<std::uint8_t, 32>;

/// Names the key that signs seals: the first half of the SHA-256 of its public
/// key (SubjectPublicKeyInfo). All zero: none.
using KeyId = std::array<std::uint8_t, 16>;
/// An Ed25519 signature. All zero: none.
using Signature = std::array<std::uint8_t, 64>;

/// What a user is to the tenant. `auditor` only reads; `service` is the CRM's
/// back end and may act for users; `system` is this server itself.
enum class Role : std::uint8_t { crm_user, portal_customer, auditor, service, system };

/// `CRM_USER`, `PORTAL_CUSTOMER`, `AUDITOR`, `SERVICE`, `SYSTEM`.
std::string_view name_of(Role role);
/// The role of a person's or a back end's token: never `system`.
std::optional<Role> parse_role(std::string_view name);

}  // namespace callstate::call
