#pragma once

#include <expected>
#include <filesystem>
#include <memory>

#include "core/engine/ports.hpp"

namespace callstate::storage {

/// Keeps servers and tools out of one another's directory: a server holds it
/// alone, tools share it. Goes with the process, however it ends. RocksDB's own
/// LOCK keeps out a second writer only, and not one that only reads.
class DirectoryLock {
 public:
  enum class Use : unsigned char { serve, read };

  /// Fails, naming the directory and where possible the process that has it.
  /// For reading nothing is created: a directory that was never served, such as
  /// a checkpoint, needs no lock.
  static std::expected<DirectoryLock, engine::Failure> take(const std::filesystem::path& directory,
                                                            Use use);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}

  int file_ = -1;
};

}  // namespace callstate::storage
