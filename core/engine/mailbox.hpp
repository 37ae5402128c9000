#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/call/event.hpp"
#include "core/engine/keyed_hash.hpp"
#include "core/engine/mail_segment.hpp"
#include "core/engine/ports.hpp"

namespace callstate::engine {

/// What the deciding role found of whom an event concerns, for the mailbox to
/// take in once it is durable. In the order of the log.
struct MailNote {
  enum class Kind : std::uint8_t {
    strand,  // a new strand: events of one room that the same people hear; `to` is the room
    hearer,  // `to` hears the strand, from `position` on
    event,   // the event at `position` is of the strand
    single,  // the event at `position` concerns `to`, besides any strand
    close,   // the segment ends with `position`
  };
  Kind kind = Kind::event;
  std::uint64_t strand = 0;  // of all strands of this process, from 1
  call::Position position = 0;
  Fingerprint to{};
};

/// Which positions of the durable log concern whom: what a client missed is read
/// from here and then from the log, whatever transport it comes back by. A fold
/// of the log: the latest segment is in memory, those before it are kept by the
/// SnapshotStore, and all of it is made anew from the log where that is lost.
///
/// Filled by one thread at a time, recovery and then the committing role; asked
/// by any thread. May ask the store, and so the disk, for what is not recent.
class Mailbox {
 public:
  explicit Mailbox(SnapshotStore& store) : store_(store) {}

  /// Before anything else: names are told apart under `key`, and what came up to
  /// `head` is in the store.
  void restore(HashKey key, call::Position head);
  /// What a durable batch says, up to `head`, its last position. Wakes whom it
  /// concerns.
  void take(std::span<const MailNote> notes, call::Position head);

  /// Up to where the mailbox knows the log: every position of it is durable.
  [[nodiscard]] call::Position head() const;

  /// Addresses: what concerns a room, a user by its calls, a user by its own
  /// presence.
  [[nodiscard]] Fingerprint room(const call::TenantId& tenant, const call::RoomName& room) const;
  [[nodiscard]] Fingerprint calls(const call::TenantId& tenant, const call::UserId& user) const;
  [[nodiscard]] Fingerprint own(const call::TenantId& tenant, const call::UserId& user) const;

  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  /// The positions after `after`, up to `upto`, that concern any of `addresses`:
  /// rising, each once, the first `max` of them.
  [[nodiscard]] std::vector<call::Position> find(std::span<const Fingerprint> addresses,
                                                 call::Position after, call::Position upto,
                                                 std::size_t max = all) const;

  /// Waits for something that concerns an address: `wake` is called once, from a
  /// thread of the engine, and must only hand over. Null when something has come
  /// after `after`, or may have: look first. The watch ends
  /// with the handle; a `wake` that has begun may still be running then.
  class Watch;
  [[nodiscard]] std::shared_ptr<Watch> watch(std::span<const Fingerprint> addresses,
                                             call::Position after, std::function<void()> wake);

  /// The same for the log as a whole: null when its head is beyond `after` already.
  [[nodiscard]] std::shared_ptr<Watch> watch_head(call::Position after, std::function<void()> wake);

  /// Watches that wait now.
  [[nodiscard]] std::size_t watches() const;

 private:
  struct Hash {
    std::size_t operator()(const Fingerprint& name) const { return name.first; }
  };

  void note(const MailNote& note, std::vector<std::shared_ptr<Watch>>& woken);
  void wake(const Fingerprint& address, std::vector<std::shared_ptr<Watch>>& woken);
  void wake(Watch& watch, std::vector<std::shared_ptr<Watch>>& woken);
  void forget(const Watch& watch);

  SnapshotStore& store_;
  HashKey key_{};

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  call::Position head_ = 0;
  call::Position open_from_ = 1;  // the first position of the open segment
  std::uint64_t first_strand_ = 0;
  std::shared_ptr<MailSegment> open_ = std::make_shared<MailSegment>();
  boost::unordered_flat_map<Fingerprint, std::vector<Watch*>, Hash> watches_;
  std::vector<Watch*> head_watches_;
  std::size_t watching_ = 0;
};

/// Ends when it is destroyed; see Mailbox::watch. The mailbox outlives it.
class Mailbox::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(Mailbox& mailbox, std::span<const Fingerprint> addresses, std::function<void()> wake)
      : mailbox_(mailbox), addresses_(addresses.begin(), addresses.end()), wake_(std::move(wake)) {}
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  friend class Mailbox;
  Mailbox& mailbox_;
  const std::vector<Fingerprint> addresses_;  // none: the whole log
  const std::function<void()> wake_;
  bool watching_ = false;  // guarded by the mailbox's mutex
};

}  // namespace callstate::engine
