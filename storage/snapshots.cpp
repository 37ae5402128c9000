#include "storage/detail/snapshots.hpp"

#include <rocksdb/write_batch.h>

#include <utility>

#include "storage/detail/base_states.hpp"
#include "storage/detail/damage.hpp"
#include "storage/detail/mail_rows.hpp"
#include "storage/detail/options.hpp"
#include "storage/stream_text.hpp"

namespace callstate::storage {
namespace {

/// Bytes due before they are written without waiting for a mark.
constexpr std::size_t write_bytes_min = 1024UL * 1024;
/// A commit waits for one of these at most.
constexpr int states_per_write_max = 256;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

RocksSnapshots::RocksSnapshots(Database& database, FailStop& fail_stop, Background& background,
                               FreeSpace& free_space, const call::Hash& reducer)
    : database_(database),
      fail_stop_(fail_stop),
      background_(background),
      free_space_(free_space),
      reducer_(reducer),
      mark_encoder_(reducer),
      encoder_(reducer) {}

engine::SnapshotStore::Mark RocksSnapshots::last_mark() {
  std::string value;
  const auto status = database_.db->Get({}, database_.meta, mark_key, &value);
  auto mark = status.ok() ? decode_mark(bytes_of(value), reducer_) : std::nullopt;
  if (!mark) return base_mark(database_);
  // What a recovery begins with; if it cannot, the whole replay says why.
  for (const auto& stream : mark->live) {
    find(stream);
    if (database_.snapshots_lost.tripped()) return base_mark(database_);
  }
  return std::move(*mark);
}

std::optional<call::Room> RocksSnapshots::find_room(const call::Stream& stream) {
  auto room = decode_room(bytes_of(find(stream)), reducer_);
  return room ? std::move(room) : base_of<call::Room>(database_, stream);
}

std::optional<call::User> RocksSnapshots::find_user(const call::Stream& stream) {
  const auto user = decode_user(bytes_of(find(stream)), reducer_);
  return user ? user : base_of<call::User>(database_, stream);
}

std::string RocksSnapshots::find(const call::Stream& stream) {
  std::string key;
  key_of(stream, key);
  {
    const std::scoped_lock lock(mutex_);
    for (const auto* states : {&pending_, &writing_}) {
      const auto found = states->find(key);
      if (found != states->end()) return found->second;
    }
  }
  std::string value;
  const auto status = database_.db->Get({}, database_.snapshot, key, &value);
  if (status.ok()) return value;
  if (!status.IsNotFound()) give_up(stream, status);
  return {};
}

// Taken for absent, a damaged one would begin its stream anew, in a log that
// goes on: nothing that is decided now may be committed.
void RocksSnapshots::give_up(const call::Stream& stream, const rocksdb::Status& status) {
  trip(give_up_snapshots(database_, "the snapshot of " + describe(stream), status).message);
}

void RocksSnapshots::put(const call::Stream& stream, const call::Room& room) {
  keep(stream, room);
}

void RocksSnapshots::put(const call::Stream& stream, const call::User& user) {
  keep(stream, user);
}

template <class State>
void RocksSnapshots::keep(const call::Stream& stream, const State& state) {
  std::string key;
  key_of(stream, key);
  std::unique_lock lock(mutex_);
  // After a failed write nothing is drained any more, and the process is to end.
  written_.wait(lock,
                [this] { return pending_bytes_ < pending_bytes_max || fail_stop_.tripped(); });
  const auto bytes = encoder_.encode(state);
  pending_bytes_ += key.size() + bytes.size();
  pending_[std::move(key)].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (pending_bytes_ >= write_bytes_min) post_write();
}

void RocksSnapshots::put(std::shared_ptr<const engine::MailSegment> segment) {
  std::unique_lock lock(mutex_);
  written_.wait(lock,
                [this] { return mail_.size() < pending_segments_max || fail_stop_.tripped(); });
  mail_.push_back(std::move(segment));
  post_write();
}

void RocksSnapshots::post_write() {
  if (write_posted_) return;
  write_posted_ = true;
  background_.post([this] { write_pending(); });
}

std::vector<call::Position> RocksSnapshots::find_mail(const engine::Fingerprint& to,
                                                      call::Position after, std::size_t max) {
  Segments waiting;
  {
    const std::scoped_lock lock(mutex_);
    waiting = mail_;
  }
  // First what waits, then what is written: what moves meanwhile is found twice.
  std::vector<call::Position> found;
  for (const auto& segment : waiting) segment->find(to, after, max, found);
  rocksdb::Status status;
  const auto written = storage::find_mail(database_, to, after, max, status);
  if (!status.ok()) trip(give_up_snapshots(database_, "the mailbox", status).message);
  found.insert(found.end(), written.begin(), written.end());
  engine::MailSegment::tidy(found);
  if (found.size() > max) found.resize(max);
  return found;
}

void RocksSnapshots::mark(Mark mark) {
  const std::scoped_lock lock(mutex_);
  // A mark that is not written yet when the next one comes is not needed.
  const bool posted = next_mark_.has_value();
  next_mark_ = std::move(mark);
  if (!posted) background_.post([this] { write_mark(); });
}

bool RocksSnapshots::write_pending() {
  free_space_.refresh();
  {
    const std::scoped_lock lock(mutex_);
    write_posted_ = false;
    const bool can_wait = pending_bytes_ < pending_bytes_max && mail_.size() < pending_segments_max;
    if (!free_space_.has_room() && can_wait) return false;
    if (!fail_stop_.tripped()) {
      writing_ = std::exchange(pending_, {});
      pending_bytes_ = 0;
    }
  }
  written_.notify_all();
  auto status = write_states();
  if (status.ok()) status = write_mail();
  if (!status.ok()) trip(status);  // `writing_` and `mail_` stay, to be found
  return true;
}

rocksdb::Status RocksSnapshots::write_states() {
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  for (auto state = writing_.begin(); state != writing_.end() && status.ok();) {
    status = batch.Put(database_.snapshot, state->first, state->second);
    ++state;
    if (!status.ok() || (batch.Count() < states_per_write_max && state != writing_.end())) continue;
    status = database_.db->Write(derived(), &batch);
    batch.Clear();
  }
  if (!status.ok()) return status;
  const std::scoped_lock lock(mutex_);
  writing_.clear();
  return status;
}

rocksdb::Status RocksSnapshots::write_mail() {
  Segments segments;
  {
    const std::scoped_lock lock(mutex_);
    segments = mail_;
  }
  rocksdb::Status status;
  for (const auto& segment : segments) {
    put_mail(*segment, database_.snapshot, [&](rocksdb::WriteBatch& batch) {
      status = database_.db->Write(derived(), &batch);
      return status.ok();
    });
    if (!status.ok()) return status;
    const std::scoped_lock lock(mutex_);
    std::erase(mail_, segment);
  }
  written_.notify_all();
  return status;
}

void RocksSnapshots::write_mark() {
  Mark mark;
  {
    const std::scoped_lock lock(mutex_);
    mark = std::move(*next_mark_);
    next_mark_.reset();
  }
  if (!write_pending() || fail_stop_.tripped() || !free_space_.has_room()) return;
  rocksdb::FlushOptions flush;
  flush.allow_write_stall = true;
  auto status = database_.db->Flush(flush, database_.snapshot);
  if (status.ok()) {
    const auto bytes = mark_encoder_.encode(mark);
    status = database_.db->Put(
        synced(), database_.meta, mark_key,
        rocksdb::Slice(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  if (!status.ok()) trip(status);
}

void RocksSnapshots::trip(const rocksdb::Status& status) {
  trip("snapshots in " + database_.path.string() + " could not be written: " + status.ToString() +
       "; look at the disk, then restart");
}

void RocksSnapshots::trip(std::string message) {
  {
    const std::scoped_lock lock(mutex_);
    fail_stop_.trip(std::move(message));
  }
  written_.notify_all();
}

}  // namespace callstate::storage
