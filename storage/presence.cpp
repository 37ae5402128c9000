#include "storage/detail/presence.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/detail/damage_text.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/options.hpp"

namespace callstate::storage {
namespace {

/// The files that hold what a log consists of; others can be missing or left over.
struct Files {
  bool current = false;
  std::string data;      // a table, or a file of the write-ahead log with something in it
  std::string manifest;  // a list of files, of another start than the first if there is one
};

constexpr std::string_view first_manifest = "MANIFEST-000001";

std::expected<Files, engine::Failure> list(const std::filesystem::path& path) {
  Files files;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(path, error)) {
    const auto name = file.path().filename().string();
    const auto extension = file.path().extension();
    std::error_code gone;
    if (name == "CURRENT") files.current = true;
    if (extension == ".sst" || (extension == ".log" && file.file_size(gone) > 0)) {
      files.data = name;
    }
    if (name.starts_with("MANIFEST-") && (files.manifest.empty() || name != first_manifest)) {
      files.manifest = name;
    }
  }
  if (!error || error == std::errc::no_such_file_or_directory) return files;
  return std::unexpected(engine::Failure{
      "cannot list " + path.string() + ": " + error.message() + "; " +
      advice_on_trouble(error.message()).value_or("give this process access to the directory")});
}

/// Whether the database has no families but ours, and not all of them: where it
/// holds records, only that of the snapshots may be missing.
bool lacks_families(const std::filesystem::path& path, bool empty, rocksdb::Env* env) {
  std::vector<std::string> present;
  if (!rocksdb::DB::ListColumnFamilies(database_options(env), path.string(), &present).ok()) {
    return false;  // the opening says why
  }
  const auto ours = family_options();
  const auto is_ours = [&](const std::string& name) {
    return std::ranges::find(ours, name, &rocksdb::ColumnFamilyDescriptor::name) != ours.end();
  };
  const bool has_snapshots = std::ranges::find(present, snapshot_family) != present.end();
  if (!std::ranges::all_of(present, is_ours)) return false;
  const auto missing = ours.size() - present.size();
  return empty ? missing > 0 : missing == 1 && !has_snapshots;
}

}  // namespace

std::expected<Presence, engine::Failure> presence_in(const std::filesystem::path& path,
                                                     rocksdb::Env* env) {
  const auto files = list(path);
  if (!files) return std::unexpected(files.error());
  // RocksDB writes its list of files anew at every start, under a new number,
  // and records are either in tables or in the write-ahead log.
  const bool empty = files->data.empty() && read_head(path) == 0;
  if (files->current) {
    return lacks_families(path, empty, env) ? Presence::without_families : Presence::log;
  }
  if (empty && files->manifest == first_manifest) return Presence::begun;
  if (files->data.empty() && files->manifest.empty()) return Presence::nothing;
  return std::unexpected(with_advice("the log in " + path.string() +
                                     " is damaged: CURRENT is missing beside " +
                                     (files->data.empty() ? files->manifest : files->data)));
}

}  // namespace callstate::storage
