#include "storage/detail/inventory.hpp"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "storage/detail/damage_text.hpp"
#include "storage/detail/options.hpp"

namespace callstate::storage {
namespace {

/// The table files, the newest first: RocksDB numbers them.
std::vector<std::filesystem::path> tables_of(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> tables;
  std::error_code ignored;
  for (const auto& file : std::filesystem::directory_iterator(path, ignored)) {
    if (file.path().extension() == ".sst") tables.push_back(file.path());
  }
  std::ranges::sort(tables, std::greater<>());
  return tables;
}

/// From the first to the last position of a table of the log; 0 for others, and
/// where that cannot be read.
std::expected<Extent, engine::Failure> bounds_of(const std::filesystem::path& table,
                                                 rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  rocksdb::SstFileReader reader(options);
  if (const auto status = reader.Open(table.string()); !status.ok()) {
    if (auto passing = trouble(table.parent_path(), status.ToString())) {
      return std::unexpected(*passing);
    }
    return Extent{};
  }
  if (reader.GetTableProperties()->column_family_name != log_family) return Extent{};
  const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator({}));
  const auto position = [&] {
    return at->Valid() ? parse_position(at->key().ToStringView()).value_or(0) : 0;
  };
  at->SeekToFirst();
  const auto first = position();
  at->SeekToLast();
  const auto last = position();
  return first != 0 && first <= last ? Extent{first, last} : Extent{};
}

}  // namespace

std::expected<std::vector<Extent>, engine::Failure> positions_found(
    const std::filesystem::path& path, rocksdb::Env* env, const std::vector<WalFile>& wal) {
  std::vector<Extent> found;
  for (const auto& table : tables_of(path)) {
    const auto bounds = bounds_of(table, env);
    if (!bounds) return std::unexpected(bounds.error());
    if (bounds->first != 0) found.push_back(*bounds);
  }
  for (const auto& file : wal) found.insert(found.end(), file.found.begin(), file.found.end());
  return joined(std::move(found));
}

std::expected<call::Position, engine::Failure> last_position(const std::filesystem::path& path,
                                                             rocksdb::Env* env,
                                                             const std::vector<WalFile>& wal,
                                                             call::Position enough) {
  call::Position last = 0;
  for (const auto& file : wal) {
    if (!file.found.empty()) last = std::max(last, file.found.back().last);
  }
  if (last >= enough) return last;
  for (const auto& table : tables_of(path)) {
    const auto bounds = bounds_of(table, env);
    if (!bounds) return std::unexpected(bounds.error());
    last = std::max(last, bounds->last);
    if (last >= enough) break;
  }
  return last;
}

}  // namespace callstate::storage
