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
    const std::filesystem::path& directory, rocksdb::Env* env, const std::vector<WalFile>& wal);

/// Whether the log reaches the position, or may, as a table is damaged: looks
/// into tables, the newest first, only until it knows.
std::expected<bool, engine::Failure> may_reach(const std::filesystem::path& directory,
                                               rocksdb::Env* env, const std::vector<WalFile>& wal,
                                               call::Position position);

}  // namespace callstate::storage
