#pragma once

#include <rocksdb/status.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "storage/detail/database.hpp"
#include "storage/detail/positions.hpp"

// Sentences about a damaged log that is open: what is gone, whose it was, what to do.

namespace callstate::storage {

/// Positions that are not there, with the room of the record before the first.
engine::Failure missing_positions(const Database& database, const std::vector<Extent>& missing);

/// Reading stopped with `status` where `expected` should have been, at most up
/// to `to`: finds how far the damage reaches, and by reading it unchecked whose
/// records they are.
engine::Failure damaged_positions(const Database& database, call::Position expected,
                                  call::Position to, const rocksdb::Status& status);

/// The bytes at `position` are intact as written and no record.
engine::Failure not_a_record(const Database& database, call::Position position,
                             std::string_view why);

/// `what` cannot be read: takes the mark away, so that the next opening drops all
/// snapshots, and lets no reading of the log succeed any more. Trouble that
/// passes leaves the mark where it is.
engine::Failure give_up_snapshots(Database& database, const std::string& what,
                                  const rocksdb::Status& status);

/// RocksDB's own word on a directory that it cannot read.
engine::Failure unreadable(const std::filesystem::path& path, const rocksdb::Status& status);

}  // namespace callstate::storage
