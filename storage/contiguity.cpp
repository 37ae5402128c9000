#include "storage/detail/contiguity.hpp"

#include <rocksdb/metadata.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <unordered_map>

#include "storage/detail/damage.hpp"
#include "storage/detail/options.hpp"

namespace callstate::storage {
namespace {

std::string file_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

struct TableFile {
  Extent extent;
  bool settled = false;  // holds every position between its bounds, once
};

/// RocksDB's metadata has the bounds; the counts in it are filled in only for
/// files that have been read from, so they come from the files' own properties.
rocksdb::Status list_tables(Database& database, std::vector<TableFile>& tables) {
  rocksdb::TablePropertiesCollection properties;
  auto status = database.db->GetPropertiesOfAllTables(database.log, &properties);
  if (!status.ok()) return status;
  std::unordered_map<std::string, std::uint64_t> entries;
  for (const auto& [path, table] : properties) {
    const bool plain = table->num_deletions == 0 && table->num_range_deletions == 0;
    entries[file_name(path)] = plain ? table->num_entries : 0;
  }
  std::vector<rocksdb::LiveFileMetaData> files;
  database.db->GetLiveFilesMetaData(&files);
  for (const auto& file : files) {
    if (file.column_family_name != log_family) continue;
    const auto first = parse_position(file.smallestkey);
    const auto last = parse_position(file.largestkey);
    if (!first || !last) {
      return rocksdb::Status::Corruption(file.name + " holds keys that are no positions");
    }
    tables.push_back({{*first, *last}, entries[file_name(file.name)] == *last - *first + 1});
  }
  std::ranges::sort(tables, {}, [](const TableFile& table) { return table.extent.first; });
  for (std::size_t i = 1; i < tables.size(); ++i) {
    if (tables[i].extent.first <= tables[i - 1].extent.last) {
      tables[i].settled = tables[i - 1].settled = false;
    }
  }
  return status;
}

/// Adds the runs of positions that are really there between the bounds.
rocksdb::Status scan(Database& database, Extent bounds, std::vector<Extent>& held) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  const PositionKey first(bounds.first);
  const std::unique_ptr<rocksdb::Iterator> at(database.db->NewIterator(options, database.log));
  held.reserve(held.size() + 1);
  Extent run;
  for (at->Seek(first.view()); at->Valid(); at->Next()) {
    const auto position = parse_position(at->key().ToStringView());
    if (!position) return rocksdb::Status::Corruption("the log holds a key that is no position");
    if (*position > bounds.last) break;
    if (run.last != 0 && *position == run.last + 1) {
      run.last = *position;
    } else {
      if (run.last != 0) held.push_back(run);
      run = {*position, *position};
    }
  }
  if (run.last != 0) held.push_back(run);
  return at->status();
}

/// What `held` lacks of what is to be there.
std::vector<Extent> missing_of(const Database& database, std::vector<Extent> held) {
  if (!database.beginning) return gaps(std::move(held));
  const auto& beginning = *database.beginning;
  const auto is_held = [&held](call::Position position) {
    return std::ranges::any_of(held, [position](const Extent& run) {
      return run.first <= position && position <= run.last;
    });
  };
  std::vector<Extent> missing;
  for (const auto position : beginning.kept)
    if (!is_held(position)) missing.push_back({position, position});
  // What was dropped may be there still, in part.
  held.push_back({1, beginning.first - 1});
  const auto later = gaps(std::move(held));
  missing.insert(missing.end(), later.begin(), later.end());
  return missing;
}

}  // namespace

std::expected<call::Position, engine::Failure> check_contiguity(Database& database) {
  std::vector<TableFile> tables;
  std::vector<Extent> held;
  auto status = list_tables(database, tables);
  call::Position last = 0;
  for (const auto& table : tables) {
    if (!status.ok()) break;
    last = std::max(last, table.extent.last);
    if (table.settled) {
      held.push_back(table.extent);
    } else {
      status = scan(database, table.extent, held);
    }
  }
  if (status.ok()) status = scan(database, {last + 1, ~call::Position{0}}, held);
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));

  held = joined(std::move(held));
  const auto missing = missing_of(database, held);
  if (!missing.empty()) return std::unexpected(missing_positions(database, missing));
  return held.empty() ? database.first() - 1 : held.back().last;
}

}  // namespace callstate::storage
