#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/engine/ports.hpp"

// Files of the log's directory that are read and written past RocksDB.

namespace callstate::storage {

/// CRC-32C, as RocksDB has it.
std::uint32_t crc32c(std::string_view bytes);

/// All of the file's bytes. Fails with what the system says and which file.
std::expected<std::string, engine::Failure> read_file(const std::filesystem::path& file);

/// Replaces the file in one step by one with these bytes, which are durable
/// before the step. False when that fails; the old one is then still there.
bool replace_file(const std::filesystem::path& file, std::string_view bytes);

/// Whether the file's bytes from `offset` on are a hole, to which nothing was
/// ever written. False where the file system does not say.
bool never_written(const std::filesystem::path& file, std::uint64_t offset);

}  // namespace callstate::storage
