#include "storage/stored_call_index.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "storage/detail/call_index_parts.hpp"
#include "storage/detail/index_codec.hpp"
#include "storage/detail/index_database.hpp"
#include "storage/detail/index_keys.hpp"
#include "storage_index_version.hpp"

namespace callstate::storage {

using history::Trouble;

struct StoredCallIndex::Parts {
  std::filesystem::path path;
  std::unique_ptr<rocksdb::DB> db;
  call::Position position = 0;
  /// Passed over by the index: there is no telling whose they are.
  Positions skipped{};

  /// Each key that begins with `prefix`, until one is refused.
  using Each = std::function<bool(std::string_view key)>;
  std::expected<void, Trouble> each(std::string_view prefix, const Each& take) const;

  /// The tenants that have had calls.
  [[nodiscard]] std::expected<std::vector<call::TenantId>, Trouble> tenants() const;
  std::expected<void, Trouble> add_calls(const call::TenantId& tenant, const call::RoomName& room,
                                         Positions& to) const;
  std::expected<void, Trouble> add_events(const call::CallId& id, Positions& to) const;
  /// With what was passed over: in order, each once.
  [[nodiscard]] Positions in_order(Positions positions) const;

  [[nodiscard]] std::unexpected<Trouble> damaged(std::string_view why) const {
    return std::unexpected(Trouble{
        .kind = Trouble::Kind::lasting,
        .message = "the index of calls in " + path.string() + " is damaged: " + std::string(why)});
  }
};

std::expected<std::unique_ptr<StoredCallIndex>, std::string> StoredCallIndex::open(
    const std::filesystem::path& path, const std::string& log_id, call::Position head) {
  const auto unusable = [&](const std::string& why) {
    return std::unexpected("the index of calls in " + path.string() + " " + why);
  };
  std::error_code error;
  if (!std::filesystem::exists(path / "CURRENT", error)) {
    return std::unexpected("there is no index of calls in " + path.string());
  }
  auto opened = index::open_read_only(path);
  if (!opened) return unusable("cannot be read: " + opened.error().ToString());
  auto parts = std::make_unique<Parts>(path, *std::move(opened));
  std::string stored;
  const auto status = parts->db->Get({}, index::checkpoint_key, &stored);
  const auto checkpoint =
      status.ok() ? index::decode_checkpoint(index::bytes_of(stored)) : std::nullopt;
  if (!checkpoint) return unusable("does not say how far it has come");
  if (checkpoint->version != index_version) return unusable("is of another version of the program");
  if (checkpoint->log_id != log_id) return unusable("is of another log, " + checkpoint->log_id);
  if (checkpoint->position > head) return unusable("is ahead of the log");
  parts->position = checkpoint->position;
  const auto read = parts->each(index::skip_prefix, [&](std::string_view key) {
    if (const auto position = index::parse_skip_key(key)) parts->skipped.push_back(*position);
    return true;
  });
  if (!read) return std::unexpected(read.error().message);
  return std::unique_ptr<StoredCallIndex>(new StoredCallIndex(std::move(parts)));
}

StoredCallIndex::StoredCallIndex(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
StoredCallIndex::~StoredCallIndex() = default;

call::Position StoredCallIndex::position() const {
  return parts_->position;
}

std::expected<void, Trouble> StoredCallIndex::Parts::each(std::string_view prefix,
                                                          const Each& take) const {
  const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator({}));
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    if (!take(at->key().ToStringView())) return {};
  }
  if (!at->status().ok()) return damaged(at->status().ToString());
  return {};
}

std::expected<std::vector<call::TenantId>, Trouble> StoredCallIndex::Parts::tenants() const {
  std::vector<call::TenantId> found;
  const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator({}));
  at->Seek(index::tenants_prefix);
  while (at->Valid() && at->key().starts_with(index::tenants_prefix)) {
    const auto tenant = index::tenant_in_list_key(at->key().ToStringView());
    if (!tenant) return damaged("a key names no tenant");
    found.push_back(*tenant);
    at->Seek(index::end_of(index::list_of(*tenant)));
  }
  if (!at->status().ok()) return damaged(at->status().ToString());
  return found;
}

std::expected<void, Trouble> StoredCallIndex::Parts::add_events(const call::CallId& id,
                                                                Positions& to) const {
  const auto prefix = index::event_key(id, 0);
  return each(std::string_view(prefix).substr(0, prefix.size() - sizeof(call::Position)),
              [&](std::string_view key) {
                if (const auto at = index::parse_event_key(key)) to.push_back(*at);
                return true;
              });
}

std::expected<void, Trouble> StoredCallIndex::Parts::add_calls(const call::TenantId& tenant,
                                                               const call::RoomName& room,
                                                               Positions& to) const {
  const auto list = index::list_of(tenant, room);
  std::expected<void, Trouble> added;
  auto read = each(list, [&](std::string_view key) {
    const auto call = index::parse_list_key(list, key);
    added = call ? add_events(call->id, to) : damaged("a key names no call");
    return added.has_value();
  });
  return read ? added : read;
}

history::RecordFinder::Positions StoredCallIndex::Parts::in_order(Positions positions) const {
  positions.insert(positions.end(), skipped.begin(), skipped.end());
  std::ranges::sort(positions);
  const auto rest = std::ranges::unique(positions);
  positions.erase(rest.begin(), rest.end());
  return positions;
}

std::expected<history::RecordFinder::Positions, Trouble> StoredCallIndex::of_room(
    const std::optional<call::TenantId>& tenant, const call::RoomName& room) const {
  Positions positions;
  const auto strays = tenant ? index::strays_of(room, *tenant) : index::strays_of(room);
  auto read = parts_->each(strays, [&](std::string_view key) {
    if (const auto position = index::parse_stray_key(key)) positions.push_back(*position);
    return true;
  });
  if (!read) return std::unexpected(read.error());
  std::vector<call::TenantId> tenants;
  if (tenant) {
    tenants.push_back(*tenant);
  } else if (auto all = parts_->tenants(); all) {
    tenants = *std::move(all);
  } else {
    return std::unexpected(all.error());
  }
  for (const auto& each : tenants) {
    if (read = parts_->add_calls(each, room, positions); !read) {
      return std::unexpected(read.error());
    }
  }
  return parts_->in_order(std::move(positions));
}

std::expected<history::RecordFinder::Positions, Trouble> StoredCallIndex::of_call(
    const call::CallId& id) const {
  Positions positions;
  if (auto read = parts_->add_events(id, positions); !read) return std::unexpected(read.error());
  return parts_->in_order(std::move(positions));
}

std::expected<history::RecordFinder::Positions, Trouble> StoredCallIndex::of_starts() const {
  Positions positions;
  auto read = parts_->each(index::start_prefix, [&](std::string_view key) {
    if (const auto position = index::parse_start_key(key)) positions.push_back(*position);
    return true;
  });
  if (!read) return std::unexpected(read.error());
  return parts_->in_order(std::move(positions));
}

}  // namespace callstate::storage
