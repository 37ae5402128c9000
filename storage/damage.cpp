#include "storage/detail/damage.hpp"

#include <rocksdb/options.h>

#include <algorithm>
#include <set>

#include "storage/detail/damage_text.hpp"

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

}  // namespace

engine::Failure missing_positions(const Database& database, const std::vector<Extent>& missing) {
  return with_advice(are_missing(missing) + " from the log in " + database.path.string() +
                     after_whom(database, missing.front().first));
}

engine::Failure damaged_positions(const Database& database, call::Position expected,
                                  call::Position to, const rocksdb::Status& status) {
  if (auto passing = trouble(database.path, status.ToString())) return *passing;
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

engine::Failure unreadable(const std::filesystem::path& path, const rocksdb::Status& status) {
  if (auto passing = trouble(path, status.ToString())) return *passing;
  return with_advice("the log in " + path.string() + " cannot be read: " + status.ToString());
}

}  // namespace callstate::storage
