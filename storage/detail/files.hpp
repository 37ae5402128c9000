#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
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

/// Makes what was written to the file, or the names in the directory, durable.
bool sync_file(const std::filesystem::path& path);

/// Whether the file's bytes from `offset` on are a hole, to which nothing was
/// ever written. False where the file system does not say.
bool never_written(const std::filesystem::path& file, std::uint64_t offset);

/// Writes whole pages past the page cache, so that nobody who syncs the file waits
/// for them, and that they are no longer the file system's to allocate then. One
/// thread.
class FileFiller {
 public:
  static constexpr std::uint64_t page_bytes = 4096;
  /// The end of the page that holds the byte before `offset`.
  static constexpr std::uint64_t page_end(std::uint64_t offset) {
    return (offset + page_bytes - 1) / page_bytes * page_bytes;
  }

  /// Nothing where the file cannot be opened so, as on some file systems.
  static std::unique_ptr<FileFiller> open(const std::filesystem::path& file);
  ~FileFiller();
  FileFiller(const FileFiller&) = delete;
  FileFiller& operator=(const FileFiller&) = delete;

  /// Makes the bytes from `from` to `to`, which are ends of pages, to `byte`. Gives
  /// up to where that went well.
  std::uint64_t fill(std::uint64_t from, std::uint64_t to, char byte);

 private:
  explicit FileFiller(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace callstate::storage
