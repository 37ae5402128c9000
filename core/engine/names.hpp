#pragma once

#include <cstring>
#include <string_view>

#include "core/call/ids.hpp"
#include "core/engine/keyed_hash.hpp"

namespace callstate::engine {

/// Stands for a name within its tenant: a room's or a user's, which are told
/// apart by the table they are in. No two names of any tenants share one.
inline Fingerprint name_fingerprint(HashKey key, const call::TenantId& tenant,
                                    std::string_view name) {
  // A tenant holds no NUL, so no two names give one text.
  char text[call::TenantId::bytes_max + 1 + call::UserId::bytes_max];
  const auto head = tenant.view();
  std::memcpy(text, head.data(), head.size());
  text[head.size()] = '\0';
  if (!name.empty()) std::memcpy(text + head.size() + 1, name.data(), name.size());
  return fingerprint(key, {text, head.size() + 1 + name.size()});
}

// Addresses of the mailbox, made of those: what concerns a room, the calls that a
// user is or was named in, a user's own presence.
inline Fingerprint mail_of_room(Fingerprint name) {
  return name;
}
inline Fingerprint mail_of_calls(Fingerprint name) {
  return {name.first, name.second ^ 1U};
}
inline Fingerprint mail_of_own(Fingerprint name) {
  return {name.first, name.second ^ 2U};
}

}  // namespace callstate::engine
