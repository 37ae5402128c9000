#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/engine/ports.hpp"

// Backups: a log's files beside a list of them. `SHA256SUMS` names each with its
// SHA-256, as sha256sum writes and checks it, and in front the log's id and head.

namespace callstate::storage {

constexpr std::string_view backup_list = "SHA256SUMS";

struct Backup {
  std::string log_id;
  call::Position first = 1;  // the log's; later where older calls were dropped
  call::Position head = 0;
  call::Time last_at{};  // of the record at the head
  std::size_t files = 0;
  std::size_t linked = 0;  // of those, by a hard link
  std::uint64_t bytes = 0;
};

/// So much is done, of so much; in bytes.
using BackupProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// Copies the log in `from`, a stopped one or a checkpoint, and verifies the copy: all
/// of its records, their chains, and every block. `to` is there when all of that is
/// done and not before; it must not exist, or be empty. `link`: tables, which are
/// never changed, by hard links where the file system allows it.
std::expected<Backup, engine::Failure> make_backup(const std::filesystem::path& from,
                                                   const std::filesystem::path& to, bool link,
                                                   const BackupProgress& progress);

/// Holds every file against the list, and verifies the log likewise.
std::expected<Backup, engine::Failure> verify_backup(const std::filesystem::path& backup,
                                                     const BackupProgress& progress);

/// Verifies the backup and makes a log of it in `to`, which must not exist, or be
/// empty.
std::expected<Backup, engine::Failure> restore_backup(const std::filesystem::path& backup,
                                                      const std::filesystem::path& to,
                                                      const BackupProgress& progress);

}  // namespace callstate::storage
