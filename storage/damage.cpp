#include "storage/detail/damage.hpp"

#include <rocksdb/metadata.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <set>

#include "storage/detail/damage_text.hpp"
#include "storage/detail/options.hpp"

namespace callstate::storage {
namespace {

rocksdb::Status get(const Database& database, call::Position position, bool checked,
                    std::string& value) {
  rocksdb::ReadOptions options;
  options.verify_checksums = checked;
  options.fill_cache = false;
  const PositionKey key(position);
  return database.db->Get(options, database.log, key.view(), &value);
}

std::string after_whom(const Database& database, call::Position first) {
  std::string value;
  if (first <= 1 || !get(database, first - 1, false, value).ok()) return {};
  return storage::after_whom(value);
}

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
                     after_whom(database, missing.front().first));
}

engine::Failure damaged_positions(const Database& database, call::Position expected,
                                  call::Position to, const rocksdb::Status& status) {
  if (auto passing = trouble(database.path, status.ToString())) return *passing;
  const auto named = within_named_table(database, status, {expected, to});
  expected = named.first;
  to = named.last;
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
  return with_advice(message);
}

engine::Failure not_a_record(const Database& database, call::Position position,
                             std::string_view why) {
  return with_advice("position " + std::to_string(position) + " of the log in " +
                     database.path.string() + " cannot be used: " + std::string(why) +
                     after_whom(database, position));
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
