#include "storage/detail/damage.hpp"

#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <memory>

#include "storage/detail/damage_text.hpp"
#include "storage/detail/options.hpp"

namespace callstate::storage {
namespace {

/// Records with their checksums verified: blocks that are damaged are never
/// looked into, since RocksDB asserts what it finds there. From the table that
/// has the position, as a Get may look into others on its way.
class SoundRecords {
 public:
  explicit SoundRecords(const Database& database) : database_(database) {
    database.db->GetLiveFilesMetaData(&files_);
  }

  std::optional<std::string> at(call::Position position) {
    const PositionKey key(position);
    if (auto* table = table_of(position)) {
      const std::unique_ptr<rocksdb::Iterator> found(table->NewIterator({}));
      found->Seek(key.view());
      if (!found->Valid() || found->key() != key.view()) return std::nullopt;
      return found->value().ToString();
    }
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    std::string value;
    if (!database_.db->Get(options, database_.log, key.view(), &value).ok()) return std::nullopt;
    return value;
  }

  /// ` (the record before is of room …)`, where it can be told.
  std::string after_whom(call::Position first) {
    const auto before = first <= 1 ? std::nullopt : at(first - 1);
    return before ? storage::after_whom(*before) : std::string();
  }
  std::string before_whom(call::Position last) {
    const auto next = at(last + 1);
    const auto stream = next ? stream_of(*next) : std::nullopt;
    return stream ? " (the next that can be read is of " + *stream + ")" : std::string();
  }

 private:
  /// Null where none has it, or it cannot be opened.
  rocksdb::SstFileReader* table_of(call::Position position) {
    if (open_ && open_range_.first <= position && position <= open_range_.last) return open_.get();
    open_.reset();
    for (const auto& file : files_) {
      const Extent range{parse_position(file.smallestkey).value_or(0),
                         parse_position(file.largestkey).value_or(0)};
      if (file.column_family_name != log_family) continue;
      if (position < range.first || position > range.last) continue;
      rocksdb::Options options;
      options.env = database_.db->GetEnv();
      auto table = std::make_unique<rocksdb::SstFileReader>(options);
      if (!table->Open(file.db_path + file.name).ok()) continue;
      open_ = std::move(table);
      open_range_ = range;
      break;
    }
    return open_.get();
  }

  const Database& database_;
  std::vector<rocksdb::LiveFileMetaData> files_;
  std::unique_ptr<rocksdb::SstFileReader> open_;
  Extent open_range_;
};

/// Of `range` what the table has that the status names. Reading stops before
/// positions of other tables, as RocksDB looks into several at a time.
Extent within_named_table(const Database& database, const rocksdb::Status& status, Extent range) {
  const auto text = status.ToString();
  std::vector<rocksdb::LiveFileMetaData> files;
  database.db->GetLiveFilesMetaData(&files);
  for (const auto& file : files) {
    if (file.column_family_name != log_family || !text.contains(file.name)) continue;
    const auto first = std::max(range.first, parse_position(file.smallestkey).value_or(0));
    const auto last = std::min(range.last, parse_position(file.largestkey).value_or(range.last));
    if (first <= last) return {first, last};
  }
  return range;
}

}  // namespace

engine::Failure missing_positions(const Database& database, const std::vector<Extent>& missing) {
  return with_advice(are_missing(missing) + " from the log in " + database.path.string() +
                     SoundRecords(database).after_whom(missing.front().first));
}

engine::Failure damaged_positions(const Database& database, call::Position expected,
                                  call::Position to, const rocksdb::Status& status) {
  if (auto passing = trouble(database.path, status.ToString())) return *passing;
  const auto named = within_named_table(database, status, {expected, to});
  expected = named.first;
  to = named.last;
  constexpr call::Position probes_max = 4096;
  const auto end = std::min(to, expected + probes_max);
  auto last = expected;
  SoundRecords records(database);
  while (last < end && !records.at(last + 1)) ++last;
  const std::vector<Extent> extents{{expected, last}};
  return with_advice(describe(extents) + " of the log in " + database.path.string() +
                     " cannot be read: " + status.ToString() + records.after_whom(expected) +
                     records.before_whom(last));
}

engine::Failure not_a_record(const Database& database, call::Position position,
                             std::string_view why) {
  return with_advice("position " + std::to_string(position) + " of the log in " +
                     database.path.string() + " cannot be used: " + std::string(why) +
                     SoundRecords(database).after_whom(position));
}

engine::Failure give_up_snapshots(Database& database, const std::string& what,
                                  const rocksdb::Status& status) {
  auto message = what + " in " + database.path.string() + " cannot be read: " + status.ToString();
  if (const auto advice = advice_on_trouble(message)) {
    message += "; " + *advice + ", then start again";
  } else if (database.db->Delete(synced(), database.meta, mark_key).ok()) {
    message +=
        ". The log itself is whole, and snapshots can be folded anew from it: start again, which "
        "drops them and replays the log from its beginning";
  }
  database.snapshots_lost.trip(message);
  return {message};
}

engine::Failure unreadable(const std::filesystem::path& path, const rocksdb::Status& status) {
  if (auto passing = trouble(path, status.ToString())) return *passing;
  return with_advice("the log in " + path.string() + " cannot be read: " + status.ToString());
}

}  // namespace callstate::storage
