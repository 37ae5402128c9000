#pragma once

#include <expected>
#include <filesystem>

#include "core/engine/ports.hpp"

namespace callstate::storage {

/// A directory that is there whole or not at all: it is made as `<target>.making`
/// and gets its name when all that is in it is on the disk.
class NewDirectory {
 public:
  /// Refuses a target that exists, unless it is an empty directory, and one that
  /// another making has left behind or is at.
  static std::expected<NewDirectory, engine::Failure> begin(const std::filesystem::path& target);

  NewDirectory(NewDirectory&& other) noexcept;
  NewDirectory& operator=(NewDirectory&&) = delete;
  /// Takes away what was not kept.
  ~NewDirectory();

  /// Where to put the files.
  [[nodiscard]] const std::filesystem::path& path() const { return making_; }

  /// Makes files and names durable and gives the directory its own name. Nobody may
  /// have a file of it open for writing.
  std::expected<void, engine::Failure> keep();

 private:
  explicit NewDirectory(const std::filesystem::path& target);

  std::filesystem::path target_;
  std::filesystem::path making_;  // empty: nothing to take away
};

}  // namespace callstate::storage
