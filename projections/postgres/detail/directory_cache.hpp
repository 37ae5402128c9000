#pragma once

#include <chrono>
#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "core/engine/directory.hpp"

namespace callstate::projections::postgres {

/// What was found of users, the longest unused forgotten first. Any thread.
class DirectoryCache {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit DirectoryCache(std::size_t max) : max_(max) {}

  /// Known at `since` or later.
  std::optional<engine::Profile> find(const call::UserId& user, Time since);
  void put(const call::UserId& user, const engine::Profile& profile, Time now);
  void forget(const call::UserId& user);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    call::UserId user;
    engine::Profile profile;
    Time known_at;
  };

  const std::size_t max_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::list<Entry> entries_;  // the latest used first
  std::map<call::UserId, std::list<Entry>::iterator> by_user_;
};

}  // namespace callstate::projections::postgres
