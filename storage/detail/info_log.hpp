#pragma once

#include <rocksdb/env.h>

#include <filesystem>
#include <memory>

// What RocksDB has to say of its work.

namespace callstate::storage {

/// Writes it to `LOG` in the directory.
std::shared_ptr<rocksdb::Logger> file_logger(const std::filesystem::path& directory);
/// A logger that writes nothing, for reading without leaving a trace.
std::shared_ptr<rocksdb::Logger> no_logger();

}  // namespace callstate::storage
