#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

// How RocksDB is set up, and why.

namespace callstate::storage {

constexpr const char* log_family = "log";
constexpr const char* snapshot_family = "snapshot";
constexpr const char* meta_family = "meta";

rocksdb::DBOptions database_options(rocksdb::Env* env);
std::vector<rocksdb::ColumnFamilyDescriptor> family_options();

/// For what is acknowledged: durable once the write returns.
rocksdb::WriteOptions synced();
/// For what can be folded anew: kept in memory until it is flushed.
rocksdb::WriteOptions derived();

}  // namespace callstate::storage
