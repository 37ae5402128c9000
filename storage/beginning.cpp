#include "storage/detail/beginning.hpp"

#include <algorithm>
#include <utility>

#include "storage/detail/damage.hpp"
#include "storage/detail/opening.hpp"
#include "storage/detail/options.hpp"
#include "storage/detail/positions.hpp"

namespace callstate::storage {
namespace {

using engine::Beginning;
using engine::Failure;

/// Whether the files hold records that the log is without.
rocksdb::Status find_dropped(Database& database, bool& found) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(database.db->NewIterator(options, database.log));
  for (at->SeekToFirst(); at->Valid() && !found; at->Next()) {
    const auto position = parse_position(at->key().ToStringView());
    if (!position || *position >= database.first()) break;
    found = !database.beginning->holds(*position);
  }
  return at->status();
}

rocksdb::Status write_beginning(Database& database, const Beginning& beginning) {
  rocksdb::WriteBatch batch;
  auto status = batch.Put(database.meta, beginning_key, encode_beginning(beginning));
  if (status.ok())
    status = batch.Put(database.meta, format_key, std::to_string(format_version_begun_later));
  if (status.ok()) status = database.db->Write(synced(), &batch);
  return status;
}

}  // namespace

bool DropOlder::Filter(int, const rocksdb::Slice& key, const rocksdb::Slice&, std::string*,
                       bool*) const {
  const auto position = parse_position(key.ToStringView());
  // Almost all of what is ever compacted is kept.
  if (!position || *position >= first_.load(std::memory_order_acquire)) return false;
  const std::scoped_lock lock(mutex_);
  return !beginning_->holds(*position);
}

void DropOlder::begin_with(std::shared_ptr<const Beginning> beginning) {
  const std::scoped_lock lock(mutex_);
  beginning_ = std::move(beginning);
  first_.store(beginning_->first, std::memory_order_release);
}

std::expected<void, Failure> load_beginning(Database& database) {
  std::string bytes;
  const auto status = database.db->Get({}, database.meta, beginning_key, &bytes);
  if (status.IsNotFound()) return {};
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));
  auto beginning = decode_beginning(bytes);
  if (!beginning) {
    return std::unexpected(
        unreadable(database.path, rocksdb::Status::Corruption("what it begins with is damaged")));
  }
  database.beginning = std::make_shared<const Beginning>(std::move(*beginning));
  database.drop_older.begin_with(database.beginning);
  return {};
}

std::expected<void, Failure> begin_later(Database& database, const Beginning& beginning,
                                         const BeforeStep& on_step) {
  const auto before = [&](std::string_view step) {
    if (on_step) on_step(step);
  };
  before("mark");
  auto status = database.db->Delete(synced(), database.meta, mark_key);
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));
  before("beginning");
  status = write_beginning(database, beginning);
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));
  database.beginning = std::make_shared<const Beginning>(beginning);
  database.drop_older.begin_with(database.beginning);
  before("snapshots");
  if (auto dropped = drop_unmarked_snapshots(database); !dropped) return dropped;
  before("records");
  auto done = finish_drop(database);
  before("end");
  return done;
}

std::expected<void, Failure> finish_drop(Database& database) {
  if (!database.beginning) return {};
  bool found = false;
  auto status = find_dropped(database, found);
  if (status.ok() && !found) return {};
  // What is in memory is not compacted.
  if (status.ok()) status = database.db->Flush({}, database.log);
  if (status.ok()) {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    const PositionKey last(database.first() - 1);
    const rocksdb::Slice end = last.view();
    status = database.db->CompactRange(options, database.log, nullptr, &end);
  }
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));
  return {};
}

}  // namespace callstate::storage
