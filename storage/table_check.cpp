#include "storage/detail/table_check.hpp"

#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>

#include <optional>
#include <vector>

#include "storage/detail/damage.hpp"
#include "storage/detail/options.hpp"

namespace callstate::storage {
namespace {

using Table = rocksdb::LiveFileMetaData;

/// Of the tables in use, the one with the lowest number from `number` on.
std::optional<Table> table_from(const Database& database, std::uint64_t number) {
  std::vector<Table> tables;
  database.db->GetLiveFilesMetaData(&tables);
  std::optional<Table> next;
  for (auto& table : tables) {
    if (table.file_number < number || (next && next->file_number < table.file_number)) continue;
    next = std::move(table);
  }
  return next;
}

rocksdb::Status read_whole(const Database& database, const Table& table) {
  rocksdb::Options options;
  options.env = database.db->GetEnv();
  rocksdb::SstFileReader reader(options);
  const auto path = table.db_path + table.name;
  const auto opened = reader.Open(path);
  return opened.ok() ? reader.VerifyChecksum() : opened;
}

engine::Failure damage_of(Database& database, const Table& table, const rocksdb::Status& status) {
  if (table.column_family_name == snapshot_family) {
    return give_up_snapshots(database, "the table " + table.name.substr(1) + " of snapshots",
                             status);
  }
  const auto first = parse_position(table.smallestkey);
  const auto last = parse_position(table.largestkey);
  if (table.column_family_name != log_family || !first || !last) {
    return unreadable(database.path, status);
  }
  return damaged_positions(database, *first, *last, status);
}

}  // namespace

void TableCheck::tick() {
  if (--ticks_left_ > 0) return;
  ticks_left_ = check_next() ? ticks_between_tables : ticks_between_rounds;
}

bool TableCheck::check_next() {
  const auto table = table_from(database_, last_number_ + 1);
  last_number_ = table ? table->file_number : 0;
  if (!table) return false;
  const auto status = read_whole(database_, *table);
  if (status.ok()) return true;
  // A compaction may have taken it away meanwhile.
  const auto now = table_from(database_, table->file_number);
  if (!now || now->file_number != table->file_number) return true;
  fail_stop_.trip(damage_of(database_, *table, status).message);
  return true;
}

}  // namespace callstate::storage
