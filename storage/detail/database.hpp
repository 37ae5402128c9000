#pragma once

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/wal_filter.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "core/engine/beginning.hpp"
#include "core/engine/ports.hpp"
#include "storage/detail/fail_stop.hpp"

namespace callstate::storage {

/// Takes what lies before the log's beginning out of the files that a compaction
/// writes. Any thread.
class DropOlder final : public rocksdb::CompactionFilter {
 public:
  [[nodiscard]] const char* Name() const override { return "callstate.DropOlder"; }
  bool Filter(int level, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* changed, bool* value_changed) const override;
  void begin_with(std::shared_ptr<const engine::Beginning> beginning);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const engine::Beginning> beginning_;
  std::atomic<call::Position> first_{1};
};

/// An open RocksDB with its families. What is in it is safe from any thread.
struct Database {
  std::filesystem::path path;
  /// What the database is on; outlives it.
  std::unique_ptr<rocksdb::Env> env;
  DropOlder drop_older;  // likewise
  /// Of use to the opening alone; but RocksDB asks what it is whenever it writes its
  /// options down.
  std::unique_ptr<rocksdb::WalFilter> wal_watch;
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* log = nullptr;
  rocksdb::ColumnFamilyHandle* snapshot = nullptr;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* unused = nullptr;  // `default`, which RocksDB insists on
  std::string log_id;
  /// What those who carried the log here wrote down of it; empty for most.
  std::string carried;
  /// Holds some of a log's records, under positions of its own.
  bool part = false;
  /// Where the log begins from which something was dropped; null: with 1.
  std::shared_ptr<const engine::Beginning> beginning;
  [[nodiscard]] call::Position first() const { return beginning ? beginning->first : 1; }
  /// Trips when a snapshot cannot be read: what was folded without it is wrong.
  FailStop snapshots_lost;
  /// The last durable position.
  std::atomic<call::Position> head{0};

  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    if (db == nullptr) return;
    for (auto* family : {log, snapshot, meta, unused}) {
      if (family != nullptr) db->DestroyColumnFamilyHandle(family);
    }
  }
};

// The keys of `meta`.
constexpr std::string_view format_key = "format";
constexpr std::string_view log_id_key = "log_id";
constexpr std::string_view mark_key = "mark";
constexpr std::string_view carried_key = "carried";
constexpr std::string_view part_key = "part";
constexpr std::string_view beginning_key = "begins";
// Records are told from these in the write-ahead log by the length of their keys.
static_assert(format_key.size() != sizeof(call::Position) &&
              log_id_key.size() != sizeof(call::Position) &&
              mark_key.size() != sizeof(call::Position) &&
              carried_key.size() != sizeof(call::Position) &&
              part_key.size() != sizeof(call::Position) &&
              beginning_key.size() != sizeof(call::Position));

/// What a new log is, and one from which something was dropped, which is the newest
/// that this version reads.
constexpr unsigned format_version = 1;
constexpr unsigned format_version_begun_later = 2;

}  // namespace callstate::storage
