#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/call/state.hpp"
#include "core/engine/effect.hpp"
#include "core/engine/keyed_hash.hpp"
#include "core/engine/ports.hpp"
#include "core/engine/quota.hpp"

namespace callstate::engine {

/// What room and user entries have in common: they are kept in memory, saved
/// when they have changed, and woken at a deadline.
struct Entry {
  Entry() = default;
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  Fingerprint name{};                  // of the stream, see name_fingerprint
  std::uint64_t serial = 0;            // order of creation: makes equal deadlines deterministic
  std::optional<call::Time> deadline;  // when something is due
  std::optional<call::Time> wake;      // when the timers look at it; not after `deadline`
  std::uint32_t timers = 0;            // of the timers, how many are this entry's
  bool dirty = false;                  // changed since it was last saved
  bool used = true;                    // since eviction last looked at it
  std::uint64_t saved_by_batch = 0;    // its last save is carried out after this batch

 private:
  // Apart, so that what every record touches lies together.
  const std::unique_ptr<call::Stream> kept_ = std::make_unique<call::Stream>();

 public:
  call::Stream& stream = *kept_;
};

struct UserEntry;

struct RoomEntry : Entry {
  call::Room room;
  std::vector<UserEntry*> members;  // who takes part in the live call; the caller first if there
  // Of Audiences.
  std::vector<Hearer> hearers;       // of the live call
  std::uint64_t strand = 0;          // of the mailbox's segment `strand_segment`
  std::uint64_t strand_segment = 0;  // 0: none
};

/// A user, with what is not in the log: the sessions open now.
struct UserEntry : Entry {
  call::User user;
  std::vector<SessionId> sessions;
  std::vector<RoomEntry*> rooms;  // of the live calls the user takes part in
  Quota calls;                    // new ones
  Quota opens;                    // new sessions
  bool unrecorded = false;        // sessions came or went while nothing could be appended
};

/// A state to be kept by the SnapshotStore once its batch is durable.
struct Save {
  call::Stream stream;
  std::variant<call::Room, call::User> state;
};

/// All room and user states in memory, each a fold of the log; entries that
/// nobody needs any more leave memory and come back from their snapshots.
/// References stay valid until `evict`. One thread: the sequencer's.
class States {
 public:
  /// `entries_max`: beyond so many entries, those that no call, session or timer
  /// needs leave memory.
  States(SnapshotStore& snapshots, HashKey key, std::size_t entries_max);

  [[nodiscard]] Fingerprint name_of(const call::TenantId& tenant, std::string_view name) const;
  RoomEntry& room(const call::TenantId& tenant, std::string_view name);
  UserEntry& user(const call::TenantId& tenant, std::string_view id);
  /// The entry if it is in memory.
  [[nodiscard]] UserEntry* find_user(const call::TenantId& tenant, std::string_view id);

  /// To be called after an entry has changed: it will be saved.
  void changed(Entry& entry);
  /// Sets the time at which the entry is due, or that it never is. Cheap to
  /// repeat: a later deadline costs nothing until the earlier one has come.
  void arm(Entry& entry, std::optional<call::Time> deadline);
  /// Brings the room's members and their lists of rooms in step with the
  /// participants of its call.
  void link(RoomEntry& entry);

  /// The same for all rooms anew, after records were folded without linking.
  /// Gives the number of rooms with a live call.
  std::size_t link_all();

  /// When to look at the timers next: at the earliest deadline, or before.
  [[nodiscard]] std::optional<call::Time> next_wake() const;
  /// The next entry that is due at `now`, the earliest first; it is armed no
  /// longer.
  Entry* pop_due(call::Time now);
  [[nodiscard]] bool is_room(const Entry& entry) const {
    return entry.stream.kind == call::StreamKind::room;
  }

  template <class F>
  void for_each_room(F&& f) {
    for (const auto& [name, entry] : rooms_) f(*entry);
  }
  template <class F>
  void for_each_user(F&& f) {
    for (const auto& [name, entry] : users_) f(*entry);
  }

  /// Copies of up to `count` changed entries, which from now on count as saved
  /// by `batch`. The oldest changes come first.
  std::vector<Save> take_dirty(std::size_t count, std::uint64_t batch);
  /// Entries that have changed and are not saved.
  [[nodiscard]] std::size_t dirty() const { return dirty_.size(); }

  /// Streams that must be in memory after a restart.
  [[nodiscard]] std::vector<call::Stream> live() const;

  /// Beyond the bound, drops entries that nobody needs, the longest unused
  /// first, of those whose saves have been carried out (by `batch_done` or
  /// earlier). Looks at a bounded number a call, in proportion to those that
  /// have come since the last.
  void evict(std::uint64_t batch_done);

  [[nodiscard]] std::size_t rooms_in_memory() const { return rooms_.size(); }
  [[nodiscard]] std::size_t users_in_memory() const { return users_.size(); }

 private:
  // A flat table in which the name's fingerprint stands for the name: a look-up
  // touches the table and then what it is for, not the texts of the entry.
  struct First {
    std::size_t operator()(const Fingerprint& name) const { return name.first; }
  };
  template <class E>
  using Table = boost::unordered_flat_map<Fingerprint, std::unique_ptr<E>, First>;

  template <class E>
  E& obtain(Table<E>& table, call::StreamKind kind, const call::TenantId& tenant,
            std::string_view name);
  [[nodiscard]] bool needed(const Entry& entry) const;

  SnapshotStore& snapshots_;
  HashKey key_;
  std::size_t entries_max_;
  Table<RoomEntry> rooms_;
  Table<UserEntry> users_;
  std::deque<Entry*> eviction_;  // a clock: who was used since the last look gets another round
  std::uint64_t last_serial_ = 0;
  std::uint64_t serial_at_eviction_ = 0;  // last_serial_ when it last took place
  // A heap without removal: an entry that has been put off, or needs nothing any
  // more, is met at its old time and looked at again.
  struct Timer {
    call::Time wake;
    std::uint64_t serial;
    Entry* entry;
    friend bool operator>(const Timer& a, const Timer& b) {
      return std::pair(a.wake, a.serial) > std::pair(b.wake, b.serial);
    }
  };
  void look_at(Entry& entry, call::Time deadline);

  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  call::Time now_{};  // as of the last look at the timers
  std::deque<Entry*> dirty_;
};

}  // namespace callstate::engine
