#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "core/engine/ports.hpp"

namespace callstate::storage {

/// What `SHA256SUMS` says.
struct BackupList {
  struct File {
    std::string name;
    call::Hash hash{};
  };
  std::string log_id;
  call::Position head = 0;
  std::vector<File> files;
};

std::string write_list(const BackupList& list);
/// Of the backup in this directory.
std::expected<BackupList, engine::Failure> read_list(const std::filesystem::path& backup);

/// The files in the directory that a log consists of, by name, and how large they are
/// together.
struct LogFiles {
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
};
std::expected<LogFiles, engine::Failure> log_files(const std::filesystem::path& directory);

}  // namespace callstate::storage
