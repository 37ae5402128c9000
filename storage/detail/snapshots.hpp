#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/engine/ports.hpp"
#include "storage/detail/background.hpp"
#include "storage/detail/database.hpp"
#include "storage/detail/fail_stop.hpp"
#include "storage/free_space.hpp"
#include "storage/snapshot_codec.hpp"

namespace callstate::storage {

/// States and marks. Any thread. RocksDB queues every write behind a commit
/// that is syncing, so `put` only remembers the bytes, and the background
/// thread writes them: the caller waits only when `pending_bytes_max` or as many
/// as `pending_segments_max` of the mailbox are due.
/// Without room on the disk marks are dropped and the bytes stay in memory, up
/// to that: they can be folded anew, and RocksDB fails for good when it has none.
class RocksSnapshots final : public engine::SnapshotStore {
 public:
  RocksSnapshots(Database& database, FailStop& fail_stop, Background& background,
                 FreeSpace& free_space, const call::Hash& reducer);

  Mark last_mark() override;
  std::optional<call::Room> find_room(const call::Stream& stream) override;
  std::optional<call::User> find_user(const call::Stream& stream) override;
  void put(const call::Stream& stream, const call::Room& room) override;
  void put(const call::Stream& stream, const call::User& user) override;
  void put(std::shared_ptr<const engine::MailSegment> segment) override;
  std::vector<call::Position> find_mail(const engine::Fingerprint& to, call::Position after,
                                        std::size_t max) override;
  void mark(Mark mark) override;

  static constexpr std::size_t pending_bytes_max = 32UL * 1024 * 1024;
  static constexpr std::size_t pending_segments_max = 16;

 private:
  using States = std::unordered_map<std::string, std::string>;
  using Segments = std::vector<std::shared_ptr<const engine::MailSegment>>;

  template <class State>
  void keep(const call::Stream& stream, const State& state);
  /// The stored bytes; empty when there are none.
  std::string find(const call::Stream& stream);
  /// One cannot be read: stops the log, and lets the next opening drop them all.
  void give_up(const call::Stream& stream, const rocksdb::Status& status);
  // On the background thread:
  /// False when they stay where they are, for lack of room.
  bool write_pending();
  rocksdb::Status write_states();
  rocksdb::Status write_mail();
  void write_mark();
  void trip(const rocksdb::Status& status);
  /// Under the mutex: has the background thread write what is there.
  void post_write();
  /// Any thread.
  void trip(std::string message);

  Database& database_;
  FailStop& fail_stop_;
  Background& background_;
  FreeSpace& free_space_;
  call::Hash reducer_;
  SnapshotEncoder mark_encoder_;  // of the background thread

  std::mutex mutex_;
  std::condition_variable written_;
  SnapshotEncoder encoder_;
  States pending_;  // not handed to RocksDB yet
  States writing_;  // being handed over
  std::size_t pending_bytes_ = 0;
  Segments mail_;  // not written yet
  bool write_posted_ = false;
  std::optional<Mark> next_mark_;  // posted, not taken up yet
};

}  // namespace callstate::storage
