#pragma once

#include <string>

#include "storage/backup.hpp"

namespace callstate::tools {

/// What was done with a backup: `made`, `verified`, `restored`.
enum class BackupDeed : std::uint8_t { made, verified, restored };

/// `where`: the backup, or the directory that was restored.
std::string render_backup(BackupDeed deed, const std::string& where, const storage::Backup& backup);
/// As one JSON object.
std::string backup_json(const std::string& where, const storage::Backup& backup);

}  // namespace callstate::tools
