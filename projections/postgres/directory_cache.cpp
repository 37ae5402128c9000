#include "projections/postgres/detail/directory_cache.hpp"

namespace callstate::projections::postgres {

std::optional<engine::Profile> DirectoryCache::find(const call::UserId& user, Time since) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_user_.find(user);
  if (found == by_user_.end() || found->second->known_at < since) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->profile;
}

void DirectoryCache::put(const call::UserId& user, const engine::Profile& profile, Time now) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_user_.find(user);
  if (found != by_user_.end()) {
    found->second->profile = profile;
    found->second->known_at = now;
    entries_.splice(entries_.begin(), entries_, found->second);
    return;
  }
  entries_.push_front({user, profile, now});
  by_user_.emplace(user, entries_.begin());
  if (entries_.size() <= max_) return;
  by_user_.erase(entries_.back().user);
  entries_.pop_back();
}

void DirectoryCache::forget(const call::UserId& user) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_user_.find(user);
  if (found == by_user_.end()) return;
  entries_.erase(found->second);
  by_user_.erase(found);
}

std::size_t DirectoryCache::size() const {
  const std::scoped_lock lock(mutex_);
  return by_user_.size();
}

}  // namespace callstate::projections::postgres
