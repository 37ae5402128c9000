#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/engine/ports.hpp"
#include "storage/free_space.hpp"

// The log on one machine: a RocksDB directory that holds the records, the
// snapshots and what names them. Opening is checking: what RocksDB would open
// in silence after losing records is refused here, with the positions that are
// missing and what to do about it.

namespace callstate::storage {

/// Files that a store has open at a time, at most: the tables that RocksDB may
/// keep open, and what it writes, syncs and reads beside them.
constexpr std::size_t descriptors_max = 512 + 64;

struct OpenOptions {
  std::filesystem::path path;
  /// Makes the directory and an empty log where there is none.
  bool create_if_missing = true;
  /// Below this much free space `EventLog::has_room` is false.
  std::uint64_t reserve_bytes = 256UL * 1024 * 1024;
  /// Empty: the file system of `path`.
  FreeBytesProbe free_bytes = {};
  /// Snapshots made under another version count as absent. Nothing: this
  /// build's, the hash of the sources that fold.
  std::optional<call::Hash> reducer = {};
};

/// A log that is served: holds the directory's lock while it lives. The ports
/// live as long as the store; each says which threads may use it (snapshots
/// and reader: any).
class Store {
 public:
  /// Opens, repairs nothing. Refuses a directory that another process uses
  /// (naming it), that a newer version wrote, or that is damaged: bytes that do
  /// not verify, positions that are missing, a head behind the last mark.
  static std::expected<std::unique_ptr<Store>, engine::Failure> open(const OpenOptions& options);

  /// Waits for marks under way. Batches that were not committed are dropped.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  engine::EventLog& log();
  [[nodiscard]] const engine::LogReader& reader() const;
  engine::SnapshotStore& snapshots();

  /// The log's own UUID, given to it when it was made.
  [[nodiscard]] const std::string& log_id() const;

  /// Has the log begin later, and drops what lies before (see plan_retention, whose
  /// `beginning` it is). For a log that nobody serves: only closing the store is to
  /// follow. Safe to be killed in; what is left then the next opening drops.
  /// `before` is for tests: called before each step, and at the end.
  std::expected<void, engine::Failure> begin_later(
      const engine::Beginning& beginning,
      const std::function<void(std::string_view step)>& before = {});

  /// Hard-links a consistent copy into `path`, which must not exist yet and
  /// must be on the same file system. Any thread, beside writing.
  std::expected<void, engine::Failure> make_checkpoint(const std::filesystem::path& path) const;

  /// Reads every block of every table file. Any thread; takes long.
  std::expected<void, engine::Failure> verify_checksums() const;

  /// Whether other users can get into the directory. Opening shuts them out,
  /// where the directory belongs to this process's user and is not a shared one.
  [[nodiscard]] bool is_open_to_others() const;

  /// How the log fares, as of the last look at the disk. Any thread.
  struct Health {
    bool failed = false;  // for good: a write, a sync or a check of what is stored
    bool has_room = true;
    std::optional<std::uint64_t> free_bytes;  // nothing where that cannot be told
    std::uint64_t reserve_bytes = 0;
  };
  [[nodiscard]] Health health() const;

  /// Looks at the free space now rather than within the next second.
  void refresh_free_space();

  /// What the store is made of; storage's own.
  struct Parts;
  explicit Store(std::unique_ptr<Parts> parts);

 private:
  std::unique_ptr<Parts> parts_;
};

/// A stopped log or a checkpoint, for the tools. Nothing in the directory is
/// changed. While this lives no server can open the directory.
class StoredLog {
 public:
  /// Checks and refuses like `Store::open`; a directory that a live process
  /// serves is refused too: ask that process for a checkpoint.
  static std::expected<std::unique_ptr<StoredLog>, engine::Failure> open(
      const std::filesystem::path& path);

  ~StoredLog();
  StoredLog(const StoredLog&) = delete;
  StoredLog& operator=(const StoredLog&) = delete;

  [[nodiscard]] const engine::LogReader& reader() const;
  /// To look at: what is put is dropped.
  engine::SnapshotStore& snapshots();
  [[nodiscard]] const std::string& log_id() const;
  /// Whether it holds some of a log's records only, under positions of its own from
  /// 1: made by LogMaker out of what was carried from elsewhere.
  [[nodiscard]] bool is_part() const;
  /// Which position the record had in the log that this is a part of; its own where
  /// this is a whole log. 0 where that cannot be read.
  [[nodiscard]] call::Position original(call::Position position) const;
  /// What LogMaker was told of the log; empty for one that a server made.
  [[nodiscard]] const std::string& carried() const;
  /// Of what is in the directory; at most this build's own.
  [[nodiscard]] unsigned format_version() const;
  std::expected<void, engine::Failure> verify_checksums() const;

  /// What the log is made of; storage's own.
  struct Parts;
  explicit StoredLog(std::unique_ptr<Parts> parts);

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace callstate::storage
