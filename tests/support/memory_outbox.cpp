#include "support/memory_outbox.hpp"

#include <algorithm>
#include <utility>

namespace callstate::support {

using history::DeadEvent;
using history::OutgoingEvent;
using history::Trouble;

std::expected<MemoryOutbox::Opened, Trouble> MemoryOutbox::open(const std::string& log_id,
                                                                call::Position head,
                                                                call::Position begin) {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  if (log_id_ == log_id && standing_.position <= head)
    return Opened{.standing = standing_, .skipped = skipped_};
  log_id_ = log_id;
  standing_ = {.position = begin, .fold_after = begin};
  waiting_.clear();
  dead_.clear();
  skipped_.clear();
  return Opened{.standing = standing_, .note = "begins anew"};
}

std::expected<void, Trouble> MemoryOutbox::append(std::span<const OutgoingEvent> events,
                                                  const Standing& standing) {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  for (auto event : events) {
    event.number = next_++;
    waiting_.emplace(event.number, std::move(event));
  }
  standing_ = standing;
  return {};
}

std::expected<void, Trouble> MemoryOutbox::skip(const Standing& standing, const std::string& reason,
                                                call::Time at) {
  auto done = append({}, standing);
  const std::scoped_lock lock(mutex_);
  if (done) skipped_.push_back({standing.position, reason, at});
  return done;
}

std::expected<std::vector<OutgoingEvent>, Trouble> MemoryOutbox::waiting(std::uint64_t after,
                                                                         std::size_t max) const {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  std::vector<OutgoingEvent> found;
  for (auto at = waiting_.upper_bound(after); at != waiting_.end() && found.size() < max; ++at) {
    found.push_back(at->second);
    found.back().body.clear();
  }
  return found;
}

std::expected<std::optional<OutgoingEvent>, Trouble> MemoryOutbox::find(
    std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return std::nullopt;
  return found->second;
}

std::expected<void, Trouble> MemoryOutbox::taken(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  waiting_.erase(number);
  return {};
}

std::expected<void, Trouble> MemoryOutbox::bury(const DeadEvent& dead) {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  waiting_.erase(dead.event.number);
  dead_[dead.event.id] = dead;
  return {};
}

std::expected<std::vector<DeadEvent>, Trouble> MemoryOutbox::dead(const call::TenantId& tenant,
                                                                  std::string_view after,
                                                                  std::size_t max) const {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  std::vector<DeadEvent> found;
  for (auto at = dead_.upper_bound(after); at != dead_.end() && found.size() < max; ++at)
    if (at->second.event.tenant == tenant) found.push_back(at->second);
  return found;
}

std::size_t MemoryOutbox::dead_of(const call::TenantId& tenant) const {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      dead_, [&](const auto& each) { return each.second.event.tenant == tenant; }));
}

std::expected<bool, Trouble> MemoryOutbox::revive(const call::TenantId& tenant, std::string_view id,
                                                  call::Time at) {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  const auto found = dead_.find(id);
  if (found == dead_.end() || found->second.event.tenant != tenant) return false;
  auto event = std::move(found->second.event);
  dead_.erase(found);
  event.number = next_++;
  event.queued_at = at;
  waiting_.emplace(event.number, std::move(event));
  return true;
}

std::expected<bool, Trouble> MemoryOutbox::drop(const call::TenantId& tenant, std::string_view id) {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return std::unexpected(*trouble_);
  const auto found = dead_.find(id);
  if (found == dead_.end() || found->second.event.tenant != tenant) return false;
  dead_.erase(found);
  return true;
}

MemoryOutbox::Counts MemoryOutbox::counts() const {
  const std::scoped_lock lock(mutex_);
  return {.waiting = waiting_.size(), .dead = dead_.size(), .overrun = overrun_};
}

void MemoryOutbox::fail(std::optional<Trouble> trouble) {
  const std::scoped_lock lock(mutex_);
  trouble_ = std::move(trouble);
}

void MemoryOutbox::overrun(std::uint64_t count) {
  const std::scoped_lock lock(mutex_);
  overrun_ = count;
}

MemoryOutbox::Standing MemoryOutbox::standing() const {
  const std::scoped_lock lock(mutex_);
  return standing_;
}

std::vector<OutgoingEvent> MemoryOutbox::all_waiting() const {
  const std::scoped_lock lock(mutex_);
  std::vector<OutgoingEvent> all;
  for (const auto& [number, event] : waiting_) all.push_back(event);
  return all;
}

}  // namespace callstate::support
