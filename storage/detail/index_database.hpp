#pragma once

#include <rocksdb/db.h>

#include <expected>
#include <filesystem>
#include <memory>
#include <string>

namespace callstate::storage::index {

/// Opens the index's database, or makes an empty one.
std::expected<std::unique_ptr<rocksdb::DB>, rocksdb::Status> open_database(
    const std::filesystem::path& path);

/// Opens one that there is, to read, and leaves no trace.
std::expected<std::unique_ptr<rocksdb::DB>, rocksdb::Status> open_read_only(
    const std::filesystem::path& path);

/// Removes all that is in the directory. Nobody has the database open.
void remove_database(const std::filesystem::path& path);

/// Whether the status says that what is stored is of no use, rather than that it
/// cannot be got at just now.
bool is_damage(const rocksdb::Status& status);

}  // namespace callstate::storage::index
