#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/call/state.hpp"

namespace callstate::tools {

/// Which two-party calls ring, by who calls whom: what GLARE is decided by.
class RingingCalls {
 public:
  void add(const call::TenantId& tenant, const call::Room& room, std::string_view name) {
    key_of(tenant, room.participants[0].user, room.participants[1].user);
    rooms_.emplace(key_, name);
  }
  void remove(const call::TenantId& tenant, const call::Room& room, std::string_view name) {
    key_of(tenant, room.participants[0].user, room.participants[1].user);
    auto [at, end] = rooms_.equal_range(key_);
    for (; at != end; ++at) {
      if (at->second != name) continue;
      rooms_.erase(at);
      return;
    }
  }
  std::optional<call::RoomName> find(const call::TenantId& tenant, const call::UserId& caller,
                                     const call::UserId& callee) {
    if (rooms_.empty()) return std::nullopt;
    key_of(tenant, caller, callee);
    const auto found = rooms_.find(key_);
    if (found == rooms_.end()) return std::nullopt;
    return call::RoomName::clipped(found->second);
  }

 private:
  /// Lengths before the texts: those may hold any byte.
  void key_of(const call::TenantId& tenant, const call::UserId& caller,
              const call::UserId& callee) {
    key_.clear();
    for (const auto text : {tenant.view(), caller.view(), callee.view()}) {
      key_.push_back(static_cast<char>(text.size()));
      key_.append(text);
    }
  }

  std::unordered_multimap<std::string, std::string> rooms_;
  std::string key_;
};

}  // namespace callstate::tools
