#include "storage/detail/index_keys.hpp"

#include <cstring>

namespace callstate::storage::index {
namespace {

constexpr std::size_t number_bytes = sizeof(std::uint64_t);
constexpr std::size_t id_bytes = sizeof(call::CallId::bytes);

void put(std::string& to, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) to.push_back(static_cast<char>(number >> shift));
}

std::uint64_t take(std::string_view from) {
  std::uint64_t number = 0;
  for (const char byte : from.substr(0, number_bytes))
    number = number << 8U | static_cast<std::uint8_t>(byte);
  return number;
}

void put(std::string& to, const call::CallId& id) {
  to.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

call::CallId take_id(std::string_view from) {
  call::CallId id;
  std::memcpy(id.bytes.data(), from.data(), id.bytes.size());
  return id;
}

/// A text with its length before it: whatever is in it, no other text begins like it.
void put(std::string& to, std::string_view text) {
  to.push_back(static_cast<char>(text.size() >> 8U));
  to.push_back(static_cast<char>(text.size()));
  to += text;
}

/// What falls where the number rises, times before 1970 included.
constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
std::uint64_t falling(call::Time time) {
  return ~(static_cast<std::uint64_t>(time.time_since_epoch().count()) ^ sign);
}
call::Time rising(std::uint64_t number) {
  return call::Time(call::Duration(static_cast<std::int64_t>(~number ^ sign)));
}
call::CallId inverted(call::CallId id) {
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(~byte);
  return id;
}

std::string with_id(char kind, const call::CallId& id) {
  std::string key(1, kind);
  put(key, id);
  return key;
}

}  // namespace

std::string call_key(const call::CallId& id) {
  return with_id('c', id);
}

std::string live_key(const call::CallId& id) {
  return with_id(live_prefix.front(), id);
}

std::string skip_key(call::Position position) {
  std::string key(skip_prefix);
  put(key, position);
  return key;
}

std::string event_key(const call::CallId& id, call::Position position) {
  auto key = with_id('e', id);
  put(key, position);
  return key;
}

std::string strays_of(const call::RoomName& room) {
  std::string strays = "n";
  put(strays, room.view());
  return strays;
}

std::string strays_of(const call::RoomName& room, const call::TenantId& tenant) {
  auto strays = strays_of(room);
  put(strays, tenant.view());
  return strays;
}

std::string stray_key(std::string_view strays, call::Position position) {
  std::string key(strays);
  put(key, position);
  return key;
}

std::string start_key(call::Position position) {
  std::string key(start_prefix);
  put(key, position);
  return key;
}

std::string list_of(const call::TenantId& tenant) {
  std::string list(tenants_prefix);
  put(list, tenant.view());
  return list;
}

std::string list_of(const call::TenantId& tenant, const call::UserId& user) {
  std::string list = "u";
  put(list, tenant.view());
  put(list, user.view());
  return list;
}

std::string list_of(const call::TenantId& tenant, const call::RoomName& room) {
  std::string list = "r";
  put(list, tenant.view());
  put(list, room.view());
  return list;
}

std::string list_key(std::string_view list, const history::CallCursor& call) {
  std::string key(list);
  put(key, falling(call.started_at));
  put(key, inverted(call.id));
  return key;
}

std::string before(std::string_view list, call::Time time) {
  std::string key(list);
  put(key, falling(time));
  // Behind the id of every call of that time itself.
  return key.append(id_bytes + 1, '\xff');
}

std::string end_of(std::string_view list) {
  return std::string(list).append(number_bytes + id_bytes + 1, '\xff');
}

std::optional<history::CallCursor> parse_list_key(std::string_view list, std::string_view key) {
  if (key.size() != list.size() + number_bytes + id_bytes || !key.starts_with(list))
    return std::nullopt;
  key.remove_prefix(list.size());
  return history::CallCursor{rising(take(key)), inverted(take_id(key.substr(number_bytes)))};
}

std::optional<call::CallId> parse_live_key(std::string_view key) {
  if (key.size() != live_prefix.size() + id_bytes || !key.starts_with(live_prefix))
    return std::nullopt;
  return take_id(key.substr(live_prefix.size()));
}

std::optional<call::CallId> call_in_key(std::string_view key) {
  if (key.size() <= id_bytes) return std::nullopt;
  switch (key.front()) {
    case 'c':
    case 'e':
    case 'l':
      return take_id(key.substr(1));
    case 't':
    case 'u':
    case 'r':
      return inverted(take_id(key.substr(key.size() - id_bytes)));
    default:
      return std::nullopt;
  }
}

std::optional<call::Position> parse_skip_key(std::string_view key) {
  if (key.size() != skip_prefix.size() + number_bytes || !key.starts_with(skip_prefix))
    return std::nullopt;
  return take(key.substr(skip_prefix.size()));
}

std::optional<call::Position> parse_event_key(std::string_view key) {
  if (key.size() != 1 + id_bytes + number_bytes || key.front() != 'e') return std::nullopt;
  return take(key.substr(1 + id_bytes));
}

std::optional<call::Position> parse_stray_key(std::string_view key) {
  if (key.size() <= number_bytes || key.front() != 'n') return std::nullopt;
  return take(key.substr(key.size() - number_bytes));
}

std::optional<call::Position> parse_start_key(std::string_view key) {
  if (key.size() != start_prefix.size() + number_bytes || !key.starts_with(start_prefix))
    return std::nullopt;
  return take(key.substr(start_prefix.size()));
}

std::optional<call::TenantId> tenant_in_list_key(std::string_view key) {
  constexpr std::size_t length_bytes = 2;
  if (!key.starts_with(tenants_prefix)) return std::nullopt;
  key.remove_prefix(tenants_prefix.size());
  if (key.size() < length_bytes) return std::nullopt;
  const std::size_t size = static_cast<std::size_t>(static_cast<std::uint8_t>(key[0])) << 8U |
                           static_cast<std::uint8_t>(key[1]);
  key.remove_prefix(length_bytes);
  return key.size() < size ? std::nullopt : call::TenantId::from(key.substr(0, size));
}

}  // namespace callstate::storage::index
