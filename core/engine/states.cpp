#include "core/engine/states.hpp"

#include <algorithm>

#include "core/engine/names.hpp"

namespace callstate::engine {
namespace {

constexpr std::size_t looked_at_per_eviction_min = 256;
// A far deadline is looked at again so often: an entry that has ceased to wait
// for it is then free to leave memory.
constexpr std::chrono::seconds wake_within{60};

}  // namespace

States::States(SnapshotStore& snapshots, HashKey key, std::size_t entries_max)
    : snapshots_(snapshots), key_(key), entries_max_(entries_max) {}

Fingerprint States::name_of(const call::TenantId& tenant, std::string_view name) const {
  return name_fingerprint(key_, tenant, name);
}

template <class E>
E& States::obtain(Table<E>& table, call::StreamKind kind, const call::TenantId& tenant,
                  std::string_view name) {
  const Fingerprint key = name_of(tenant, name);
  auto& made = table[key];
  if (made) {
    made->used = true;
    return *made;
  }
  made = std::make_unique<E>();
  made->name = key;
  made->stream = {kind, tenant, call::UserId::clipped(name)};
  made->serial = ++last_serial_;
  eviction_.push_back(made.get());
  return *made;
}

RoomEntry& States::room(const call::TenantId& tenant, std::string_view name) {
  const std::uint64_t newest = last_serial_;
  RoomEntry& entry = obtain(rooms_, call::StreamKind::room, tenant, name);
  if (entry.serial > newest) {
    if (auto kept = snapshots_.find_room(entry.stream)) entry.room = std::move(*kept);
    arm(entry, call::next_deadline(entry.room));
    link(entry);
  }
  return entry;
}

UserEntry& States::user(const call::TenantId& tenant, std::string_view id) {
  const std::uint64_t newest = last_serial_;
  UserEntry& entry = obtain(users_, call::StreamKind::user, tenant, id);
  if (entry.serial > newest) {
    if (auto kept = snapshots_.find_user(entry.stream)) entry.user = *kept;
  }
  return entry;
}

UserEntry* States::find_user(const call::TenantId& tenant, std::string_view id) {
  const auto found = users_.find(name_of(tenant, id));
  return found == users_.end() ? nullptr : found->second.get();
}

void States::changed(Entry& entry) {
  if (entry.dirty) return;
  entry.dirty = true;
  dirty_.push_back(&entry);
}

void States::arm(Entry& entry, std::optional<call::Time> deadline) {
  entry.deadline = deadline;
  // Looked at in time anyway, and put off then.
  if (!deadline || (entry.wake && *entry.wake <= *deadline)) return;
  look_at(entry, *deadline);
}

void States::look_at(Entry& entry, call::Time deadline) {
  entry.wake = std::min(deadline, now_ + wake_within);
  ++entry.timers;
  timers_.push({*entry.wake, entry.serial, &entry});
}

void States::link(RoomEntry& entry) {
  for (UserEntry* member : entry.members) std::erase(member->rooms, &entry);
  entry.members.clear();
  if (!entry.room.live()) return;
  for (const auto& participant : entry.room.participants) {
    if (participant.state == call::ParticipantState::left ||
        participant.state == call::ParticipantState::rejected) {
      continue;
    }
    UserEntry& member = user(entry.stream.tenant, participant.user.view());
    member.rooms.push_back(&entry);
    entry.members.push_back(&member);
  }
}

std::size_t States::link_all() {
  // Whom a room was linked with when it was loaded may have left memory since.
  for_each_user([](UserEntry& entry) { entry.rooms.clear(); });
  std::vector<RoomEntry*> live;
  for_each_room([&](RoomEntry& entry) {
    entry.members.clear();
    if (entry.room.live()) live.push_back(&entry);
  });
  // In the order of their creation: the same whatever the table's order.
  std::ranges::sort(live, {}, &RoomEntry::serial);
  for (RoomEntry* entry : live) link(*entry);
  return live.size();
}

std::optional<call::Time> States::next_wake() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.top().wake;
}

Entry* States::pop_due(call::Time now) {
  now_ = now;
  while (!timers_.empty() && timers_.top().wake <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    Entry& entry = *timer.entry;
    --entry.timers;
    if (entry.wake != timer.wake) continue;  // an earlier look was asked for since
    entry.wake.reset();
    if (!entry.deadline) continue;
    if (*entry.deadline <= now) {
      entry.deadline.reset();
      return &entry;
    }
    look_at(entry, *entry.deadline);
  }
  return nullptr;
}

std::vector<Save> States::take_dirty(std::size_t count, std::uint64_t batch) {
  std::vector<Save> saves;
  saves.reserve(std::min(count, dirty_.size()));
  while (!dirty_.empty() && saves.size() < count) {
    Entry& entry = *dirty_.front();
    dirty_.pop_front();
    entry.dirty = false;
    entry.saved_by_batch = batch;
    if (is_room(entry)) {
      saves.push_back({entry.stream, static_cast<RoomEntry&>(entry).room});
    } else {
      saves.push_back({entry.stream, static_cast<UserEntry&>(entry).user});
    }
  }
  return saves;
}

std::vector<call::Stream> States::live() const {
  std::vector<call::Stream> streams;
  for (const auto& [name, entry] : rooms_) {
    if (entry->room.live()) streams.push_back(entry->stream);
  }
  for (const auto& [name, entry] : users_) {
    if (entry->user.online) streams.push_back(entry->stream);
  }
  return streams;
}

bool States::needed(const Entry& entry) const {
  // The sequencer holds on to the server's own.
  if (entry.dirty || entry.timers > 0 || entry.stream.kind == call::StreamKind::server) return true;
  if (is_room(entry)) {
    const auto& room = static_cast<const RoomEntry&>(entry);
    return room.room.live() || !room.hearers.empty();
  }
  const auto& user = static_cast<const UserEntry&>(entry);
  return user.user.online || user.unrecorded || !user.sessions.empty() || !user.rooms.empty();
}

void States::evict(std::uint64_t batch_done) {
  // More than have come since the last time, or memory would grow with the load;
  // twice, since who was used since the last look gets another round.
  const std::size_t come = last_serial_ - std::exchange(serial_at_eviction_, last_serial_);
  const std::size_t looks = looked_at_per_eviction_min + 4 * come;
  for (std::size_t looked = 0; looked < looks; ++looked) {
    if (eviction_.size() <= entries_max_) return;
    Entry& entry = *eviction_.front();
    eviction_.pop_front();
    if (std::exchange(entry.used, false) || needed(entry) || entry.saved_by_batch > batch_done) {
      eviction_.push_back(&entry);
      continue;
    }
    const Fingerprint name = entry.name;
    if (is_room(entry)) {
      rooms_.erase(name);
    } else {
      users_.erase(name);
    }
  }
}

}  // namespace callstate::engine
