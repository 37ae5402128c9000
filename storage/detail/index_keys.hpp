#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/history/ports.hpp"

// The keys of the call index. Each kind begins with a letter of its own; numbers are
// big-endian, so that keys sort as they do. Pure.

namespace callstate::storage::index {

/// Which log, which version, how far.
constexpr std::string_view checkpoint_key = "m";

/// A call's row.
std::string call_key(const call::CallId& id);
/// Of a call that is live: without a value.
std::string live_key(const call::CallId& id);
/// Of all that are.
constexpr std::string_view live_prefix = "l";
/// A record that was skipped.
std::string skip_key(call::Position position);
/// Of all that were.
constexpr std::string_view skip_prefix = "s";
/// One of a call's records: without a value.
std::string event_key(const call::CallId& id, call::Position position);
/// One of a room's records that concern no call: likewise.
std::string stray_key(std::string_view strays, call::Position position);
/// What such keys begin with: of all rooms of this name, and of one tenant's.
std::string strays_of(const call::RoomName& room);
std::string strays_of(const call::RoomName& room, const call::TenantId& tenant);
/// A start of the server: likewise.
std::string start_key(call::Position position);
/// Of all that there were.
constexpr std::string_view start_prefix = "b";

// Lists of calls, newest first: without values.

std::string list_of(const call::TenantId& tenant);
std::string list_of(const call::TenantId& tenant, const call::UserId& user);
std::string list_of(const call::TenantId& tenant, const call::RoomName& room);
/// A call's place in a list.
std::string list_key(std::string_view list, const history::CallCursor& call);
/// The place before all that started before `time`, and behind all others.
std::string before(std::string_view list, call::Time time);
/// The place behind the whole list.
std::string end_of(std::string_view list);

// Back again; nothing for what is no such key.
std::optional<history::CallCursor> parse_list_key(std::string_view list, std::string_view key);
std::optional<call::CallId> parse_live_key(std::string_view key);
/// The call that a key is of, whichever kind of key it is.
std::optional<call::CallId> call_in_key(std::string_view key);
std::optional<call::Position> parse_skip_key(std::string_view key);
std::optional<call::Position> parse_event_key(std::string_view key);
std::optional<call::Position> parse_stray_key(std::string_view key);
std::optional<call::Position> parse_start_key(std::string_view key);
/// The tenant whose list of calls a key is in.
std::optional<call::TenantId> tenant_in_list_key(std::string_view key);
/// What every tenant's list begins with.
constexpr std::string_view tenants_prefix = "t";

}  // namespace callstate::storage::index
