#pragma once

#include <rocksdb/env.h>

#include <expected>
#include <filesystem>
#include <vector>

#include "core/engine/ports.hpp"
#include "storage/detail/positions.hpp"
#include "storage/detail/wal_file.hpp"

// The positions that a directory's files hold, asked of the files themselves:
// it is the list of files that may be damaged. A table that is damaged counts as
// none; one that cannot be read for another reason is a failure.

namespace callstate::storage {

/// Of the log's tables and of the write-ahead log, as runs in order.
std::expected<std::vector<Extent>, engine::Failure> positions_found(
    const std::filesystem::path& path, rocksdb::Env* env, const std::vector<WalFile>& wal);

/// The last of them; 0 for none. Looks into tables, the newest first, only while
/// what it has found is below `enough`.
std::expected<call::Position, engine::Failure> last_position(const std::filesystem::path& path,
                                                             rocksdb::Env* env,
                                                             const std::vector<WalFile>& wal,
                                                             call::Position enough);

}  // namespace callstate::storage
