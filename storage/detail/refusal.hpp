#pragma once

#include <rocksdb/env.h>

#include <filesystem>
#include <vector>

#include "core/engine/ports.hpp"
#include "storage/detail/wal_file.hpp"
#include "storage/detail/wal_watch.hpp"

// Why a directory is not opened: found by reading what is there, past RocksDB,
// and changing nothing.

namespace callstate::storage {

/// The first damaged file of these, and which positions that concerns.
engine::Failure damaged_wal(const std::filesystem::path& path, rocksdb::Env* env,
                            const std::vector<WalFile>& files);

/// The log ends at `end`, and a position behind that had been acknowledged.
engine::Failure lost_end(const std::filesystem::path& path, call::Position end,
                         call::Position acknowledged);
/// The same where the files tell the end.
engine::Failure lost_end(const std::filesystem::path& path, rocksdb::Env* env,
                         const std::vector<WalFile>& files, call::Position acknowledged);

/// RocksDB refused to open the directory.
engine::Failure refused_open(const std::filesystem::path& path, rocksdb::Env* env,
                             const rocksdb::Status& status, const WalWatch& watch);

}  // namespace callstate::storage
