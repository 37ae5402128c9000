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

struct Table {
  /// From the first to the last position; 0 in tables of other families.
  Extent extent;
  /// Damaged where that would stand.
  bool damaged = false;
};

std::expected<Table, engine::Failure> look_into(const std::filesystem::path& path,
                                                rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  rocksdb::SstFileReader reader(options);
  if (const auto status = reader.Open(path.string()); !status.ok()) {
    if (auto passing = trouble(path.parent_path(), status.ToString())) {
      return std::unexpected(*passing);
    }
    return Table{.extent = {}, .damaged = true};
  }
  if (reader.GetTableProperties()->column_family_name != log_family) return Table{};
  const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator({}));
  const auto position = [&] {
    return at->Valid() ? parse_position(at->key().ToStringView()).value_or(0) : 0;
  };
  at->SeekToFirst();
  const auto first = position();
  at->SeekToLast();
  const auto last = position();
  if (first == 0 || first > last) return Table{.extent = {}, .damaged = true};
  return Table{.extent = {first, last}};
}

}  // namespace

std::expected<std::vector<Extent>, engine::Failure> positions_found(
    const std::filesystem::path& directory, rocksdb::Env* env, const std::vector<WalFile>& wal) {
  std::vector<Extent> found;
  for (const auto& path : tables_of(directory)) {
    const auto table = look_into(path, env);
    if (!table) return std::unexpected(table.error());
    if (table->extent.first != 0) found.push_back(table->extent);
  }
  for (const auto& file : wal) found.insert(found.end(), file.found.begin(), file.found.end());
  return joined(std::move(found));
}

std::expected<bool, engine::Failure> may_reach(const std::filesystem::path& directory,
                                               rocksdb::Env* env, const std::vector<WalFile>& wal,
                                               call::Position position) {
  const auto there = [&](const WalFile& file) {
    return !file.found.empty() && file.found.back().last >= position;
  };
  if (position == 0 || std::ranges::any_of(wal, there)) return true;
  for (const auto& path : tables_of(directory)) {
    const auto table = look_into(path, env);
    if (!table) return std::unexpected(table.error());
    if (table->damaged || table->extent.last >= position) return true;
  }
  return false;
}

}  // namespace callstate::storage
