#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "core/engine/ports.hpp"
#include "storage/detail/fail_stop.hpp"

namespace callstate::storage {

/// An open RocksDB with its families. What is in it is safe from any thread.
struct Database {
  std::filesystem::path path;
  /// What the database is on; outlives it.
  std::unique_ptr<rocksdb::Env> env;
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
// Records are told from these in the write-ahead log by the length of their keys.
static_assert(format_key.size() != sizeof(call::Position) &&
              log_id_key.size() != sizeof(call::Position) &&
              mark_key.size() != sizeof(call::Position) &&
              carried_key.size() != sizeof(call::Position) &&
              part_key.size() != sizeof(call::Position));

/// What this version writes, and the newest that it reads.
constexpr unsigned format_version = 1;

}  // namespace callstate::storage
