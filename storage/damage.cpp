#include "storage/detail/damage.hpp"

#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "storage/detail/options.hpp"
#include "storage/record_codec.hpp"
#include "storage/stream_text.hpp"

namespace callstate::storage {
namespace {

const std::string advice =
    ". Nothing was changed. Restore the directory from a checkpoint or a backup; what is left of "
    "it can be kept for an inquiry";

/// Whose record these bytes are, as far as they still decode.
std::optional<std::string> stream_of(std::string_view bytes) {
  RecordDecoder decoder;
  call::Record record;
  const auto why =
      decoder.decode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, record);
  if (!why.empty()) return std::nullopt;
  return describe(record.stream);
}

rocksdb::Status get(const Database& database, call::Position position, bool checked,
                    std::string& value) {
  rocksdb::ReadOptions options;
  options.verify_checksums = checked;
  options.fill_cache = false;
  const PositionKey key(position);
  return database.db->Get(options, database.log, key.view(), &value);
}

/// ` (the record before is of room acme/standup)`, where there is one.
std::string after_whom(std::string_view record_before) {
  const auto stream = stream_of(record_before);
  return stream ? " (the record before is of " + *stream + ")" : std::string();
}

std::string after_whom(const Database& database, call::Position first) {
  std::string value;
  if (first <= 1 || !get(database, first - 1, false, value).ok()) return {};
  return after_whom(value);
}

std::string verb(const std::vector<Extent>& extents, std::string_view one, std::string_view many) {
  const bool single = extents.size() == 1 && extents[0].first == extents[0].last;
  return std::string(single ? one : many);
}

/// The positions that the table files in the directory hold between them. Asks
/// the files themselves: it is the list of files that may be damaged.
std::vector<Extent> tables_found(const std::filesystem::path& path, rocksdb::Env* env) {
  std::vector<Extent> found;
  std::error_code ignored;
  for (const auto& file : std::filesystem::directory_iterator(path, ignored)) {
    if (file.path().extension() != ".sst") continue;
    rocksdb::Options options;
    options.env = env;
    rocksdb::SstFileReader reader(options);
    if (!reader.Open(file.path().string()).ok()) continue;
    if (reader.GetTableProperties()->column_family_name != log_family) continue;
    const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator({}));
    const auto position = [&] {
      return at->Valid() ? parse_position(at->key().ToStringView()).value_or(0) : 0;
    };
    at->SeekToFirst();
    const auto first = position();
    at->SeekToLast();
    const auto last = position();
    if (first != 0 && first <= last) found.push_back({first, last});
  }
  return found;
}

/// The records that are left in the write-ahead log, skipping what is damaged.
void look_past_damage(const std::filesystem::path& path, rocksdb::Env* env, WalWatch& watch) {
  auto options = database_options(env);
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  options.paranoid_checks = false;
  options.wal_filter = &watch;
  options.info_log = no_logger();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto status =
      rocksdb::DB::OpenForReadOnly(options, path.string(), family_options(), &handles, &db);
  if (!status.ok()) return;
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  delete db;
}

}  // namespace

engine::Failure missing_positions(const Database& database, const std::vector<Extent>& missing) {
  return {describe(missing) + verb(missing, " is", " are") + " missing from the log in " +
          database.path.string() + after_whom(database, missing.front().first) + advice};
}

engine::Failure damaged_positions(const Database& database, call::Position expected,
                                  call::Position to, const rocksdb::Status& status) {
  constexpr call::Position probes_max = 4096;
  constexpr std::size_t streams_max = 5;
  std::set<std::string> streams;
  std::string value;
  const auto end = std::min(to, expected + probes_max);
  auto last = expected;
  for (auto position = expected; position <= end; ++position) {
    if (position > expected && get(database, position, true, value).ok()) break;
    last = position;
    if (streams.size() >= streams_max || !get(database, position, false, value).ok()) continue;
    if (const auto stream = stream_of(value)) streams.insert(*stream);
  }
  const std::vector<Extent> extents{{expected, last}};
  auto message = describe(extents) + " of the log in " + database.path.string() +
                 " cannot be read: " + status.ToString();
  if (streams.empty()) {
    message += after_whom(database, expected);
  } else {
    message += " (by what can be made out, of ";
    for (const auto& stream : streams) message += (stream == *streams.begin() ? "" : ", ") + stream;
    message += ")";
  }
  return {message + advice};
}

engine::Failure not_a_record(const Database& database, call::Position position,
                             std::string_view why) {
  return {"position " + std::to_string(position) + " of the log in " + database.path.string() +
          " cannot be used: " + std::string(why) + after_whom(database, position) + advice};
}

engine::Failure unreadable(const std::filesystem::path& path, const rocksdb::Status& status) {
  return {"the log in " + path.string() + " cannot be read: " + status.ToString() + advice};
}

engine::Failure unopenable(const std::filesystem::path& path, rocksdb::Env* env,
                           const rocksdb::Status& status, const WalWatch& watch) {
  const auto intro = "the log in " + path.string() + " is damaged: ";
  // The write-ahead log goes on behind a hole that RocksDB itself did not mind.
  if (!watch.holes().empty()) {
    const auto holes = watch.holes();
    return {intro + describe(holes) + verb(holes, " is", " are") +
            " missing from its write-ahead log" + after_whom(watch.before_hole()) + advice};
  }
  // A table file is gone, or the list of files is.
  auto tables = joined(tables_found(path, env));
  if (const auto missing = gaps(tables); !missing.empty()) {
    return {intro + describe(missing) + verb(missing, " is", " are") + " missing; " +
            status.ToString() + advice};
  }
  // A checksum of the write-ahead log is wrong: what is on the other side?
  WalWatch past(WalWatch::AtHole::note);
  look_past_damage(path, env, past);
  auto message = intro + status.ToString();
  if (const auto holes = past.holes(); !holes.empty()) {
    message += "; " + describe(holes) + " cannot be read" + after_whom(past.before_hole());
  } else {
    call::Position last = tables.empty() ? 0 : tables.back().last;
    if (!past.found().empty()) last = std::max(last, past.found().back().last);
    message += "; what can be read ends at position " + std::to_string(last) +
               ", and what came after, from position " + std::to_string(last + 1) +
               " on, cannot be" + after_whom(past.last_value());
  }
  return {message + advice};
}

}  // namespace callstate::storage
