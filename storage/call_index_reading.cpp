#include <rocksdb/snapshot.h>

#include <algorithm>
#include <limits>

#include "storage/call_index.hpp"
#include "storage/detail/call_index_parts.hpp"
#include "storage/detail/index_keys.hpp"

// Reading, on any thread.

namespace callstate::storage {
namespace {

using history::CallPage;
using history::CallQuery;
using history::CallRow;
using history::Trouble;

Trouble not_open() {
  return {.message = "the history of calls is not open yet: ask again a little later"};
}

/// The shortest list that holds all that is asked for.
std::string list_for(const CallQuery& query) {
  if (!query.room.empty()) return index::list_of(query.tenant, query.room);
  if (!query.user.empty()) return index::list_of(query.tenant, query.user);
  return index::list_of(query.tenant);
}

/// The first place in the list that may hold what is asked for.
std::string first_of(const CallQuery& query, const std::string& list) {
  std::string first = list;
  if (query.to) first = std::max(first, index::before(list, *query.to));
  // Behind the call itself.
  if (query.after) first = std::max(first, index::list_key(list, *query.after).append(1, '\0'));
  return first;
}

/// The place behind the last.
std::string last_of(const CallQuery& query, const std::string& list) {
  return query.from ? index::before(list, *query.from) : index::end_of(list);
}

bool is_asked_for(const CallQuery& query, const CallRow& row) {
  if (query.status && row.status != *query.status) return false;
  if (query.room.empty() || query.user.empty()) return true;
  return std::ranges::find(row.parties, query.user, &history::Party::user) != row.parties.end();
}

}  // namespace

std::expected<CallPage, Trouble> CallIndex::calls(const CallQuery& query) const {
  const std::shared_lock lock(parts_->mutex);
  if (parts_->db == nullptr) return std::unexpected(not_open());
  auto& db = *parts_->db;
  CallPage page;
  if (query.limit == 0) return page;
  const auto list = list_for(query);
  const auto end = last_of(query, list);
  const rocksdb::Slice upper(end);
  // Rows as the list has them, whatever is written meanwhile.
  rocksdb::ManagedSnapshot snapshot(&db);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot.snapshot();
  rocksdb::ReadOptions bounded = options;
  bounded.iterate_upper_bound = &upper;

  const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(bounded));
  std::string stored;
  std::optional<history::CallCursor> last;
  std::size_t seen = 0;
  for (at->Seek(first_of(query, list)); at->Valid(); at->Next()) {
    if (page.calls.size() == query.limit || seen++ == calls_seen_max) {
      page.next = last;
      break;
    }
    last = index::parse_list_key(list, at->key().ToStringView());
    if (!last) return parts_->found_damage();
    const auto status = db.Get(options, index::call_key(last->id), &stored);
    if (!status.ok()) return parts_->trouble(status);
    auto row = index::decode_call(index::bytes_of(stored));
    if (!row) return parts_->found_damage();
    if (is_asked_for(query, *row)) page.calls.push_back(*std::move(row));
  }
  if (!at->status().ok()) return parts_->trouble(at->status());
  return page;
}

std::expected<std::optional<CallRow>, Trouble> CallIndex::call(const call::TenantId& tenant,
                                                               const call::CallId& id) const {
  const std::shared_lock lock(parts_->mutex);
  if (parts_->db == nullptr) return std::unexpected(not_open());
  std::string stored;
  const auto status = parts_->db->Get({}, index::call_key(id), &stored);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return parts_->trouble(status);
  auto row = index::decode_call(index::bytes_of(stored));
  if (!row) return parts_->found_damage();
  if (row->tenant != tenant) return std::nullopt;
  return row;
}

std::expected<std::vector<call::Position>, Trouble> CallIndex::events(const call::TenantId& tenant,
                                                                      const call::CallId& id,
                                                                      call::Position after,
                                                                      std::size_t limit) const {
  std::vector<call::Position> positions;
  const auto row = call(tenant, id);
  if (!row) return std::unexpected(row.error());
  constexpr auto last = std::numeric_limits<call::Position>::max();
  if (!*row || after == last) return positions;

  const std::shared_lock lock(parts_->mutex);
  if (parts_->db == nullptr) return std::unexpected(not_open());
  const auto end = index::event_key(id, last);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(parts_->db->NewIterator(options));
  for (at->Seek(index::event_key(id, after + 1)); at->Valid() && positions.size() < limit;
       at->Next()) {
    const auto position = index::parse_event_key(at->key().ToStringView());
    if (!position) return parts_->found_damage();
    positions.push_back(*position);
  }
  if (!at->status().ok()) return parts_->trouble(at->status());
  return positions;
}

}  // namespace callstate::storage
