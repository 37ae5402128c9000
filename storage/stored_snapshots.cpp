#include "storage/detail/stored_snapshots.hpp"

#include <span>

#include "storage/detail/base_states.hpp"
#include "storage/detail/mail_rows.hpp"
#include "storage/snapshot_codec.hpp"
#include "storage/stream_text.hpp"

namespace callstate::storage {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

engine::SnapshotStore::Mark StoredSnapshots::last_mark() {
  std::string value;
  if (!database_.db->Get({}, database_.meta, mark_key, &value).ok()) return base_mark(database_);
  auto mark = decode_mark(bytes_of(value), reducer_);
  return mark ? std::move(*mark) : base_mark(database_);
}

std::optional<call::Room> StoredSnapshots::find_room(const call::Stream& stream) {
  auto room = decode_room(bytes_of(find(stream)), reducer_);
  return room ? std::move(room) : base_of<call::Room>(database_, stream);
}

std::optional<call::User> StoredSnapshots::find_user(const call::Stream& stream) {
  const auto user = decode_user(bytes_of(find(stream)), reducer_);
  return user ? user : base_of<call::User>(database_, stream);
}

std::vector<call::Position> StoredSnapshots::find_mail(const engine::Fingerprint& to,
                                                       call::Position after, std::size_t max) {
  rocksdb::Status status;
  return storage::find_mail(database_, to, after, max, status);
}

std::string StoredSnapshots::find(const call::Stream& stream) const {
  std::string key;
  key_of(stream, key);
  std::string value;
  const auto status = database_.db->Get({}, database_.snapshot, key, &value);
  return status.ok() ? value : std::string();
}

}  // namespace callstate::storage
