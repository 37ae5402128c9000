#include "storage/call_index.hpp"

#include <rocksdb/write_batch.h>

#include <utility>

#include "storage/detail/call_index_parts.hpp"
#include "storage/detail/index_database.hpp"
#include "storage/detail/index_keys.hpp"
#include "storage/detail/options.hpp"
#include "storage_index_version.hpp"

// Opening and writing.

namespace callstate::storage {

using history::CallRow;
using history::Trouble;

std::string index_log_id(const std::string& log_id, call::Position first) {
  return first == 1 ? log_id : log_id + " from position " + std::to_string(first) + " on";
}

CallIndex::CallIndex(CallIndexOptions options)
    : parts_(std::make_unique<Parts>(std::move(options))) {}

CallIndex::~CallIndex() {
  if (parts_->db == nullptr || parts_->damaged) return;
  // Without it, the next start would fold again what is in memory only.
  parts_->db->Flush({}).PermitUncheckedError();
}

call::Position CallIndex::position() const {
  return parts_->position.load(std::memory_order_acquire);
}

std::expected<history::HistorySink::Standing, Trouble> CallIndex::open(const std::string& log_id,
                                                                       call::Position head) {
  const std::unique_lock lock(parts_->mutex);
  auto standing = parts_->stand(log_id, head);
  if (!standing) return standing;
  parts_->log_id = log_id;
  parts_->listed.clear();
  for (const auto& row : standing->live) parts_->listed.emplace(row.id, row.parties.size());
  parts_->position.store(standing->position, std::memory_order_release);
  return standing;
}

std::expected<history::HistorySink::Standing, Trouble> CallIndex::Parts::stand(
    const std::string& id, call::Position head) {
  std::string fault = damaged.exchange(false) ? "it is damaged" : "";
  // Also after trouble with it: what RocksDB could not write, it does not take again.
  db.reset();
  for (int tries = 0; tries < 2; ++tries) {
    if (!fault.empty()) {
      if (options.on_rebuild) {
        options.on_rebuild("the index of calls in " + options.path.string() +
                           " is dropped and built anew from the log: " + fault);
      }
      db.reset();
      index::remove_database(options.path);
    }
    auto opened = index::open_database(options.path);
    if (opened) {
      db = *std::move(opened);
      Standing standing;
      fault = find_fault(id, head, standing);
      if (fault.empty()) return standing;
    } else if (index::is_damage(opened.error())) {
      fault = opened.error().ToString();
    } else {
      return trouble(opened.error());
    }
  }
  db.reset();
  return std::unexpected(Trouble{.kind = Trouble::Kind::lasting,
                                 .message = "the index of calls in " + options.path.string() +
                                            " cannot be made: " + fault +
                                            "; look at the disk and its permissions"});
}

std::string CallIndex::Parts::find_fault(const std::string& id, call::Position head,
                                         Standing& standing) {
  std::string stored;
  const auto status = db->Get({}, index::checkpoint_key, &stored);
  if (status.IsNotFound()) {
    const std::unique_ptr<rocksdb::Iterator> any(db->NewIterator({}));
    any->SeekToFirst();
    if (any->Valid()) return "it does not say how far it has come";
    return any->status().ok() ? std::string() : any->status().ToString();
  }
  if (!status.ok()) return status.ToString();
  const auto checkpoint = index::decode_checkpoint(index::bytes_of(stored));
  if (!checkpoint) return "what says how far it has come cannot be read";
  if (checkpoint->version != index_version) return "another version of the program has made it";
  if (checkpoint->log_id != id) return "it is of another log, " + checkpoint->log_id;
  if (checkpoint->position > head) {
    return "it has come to position " + std::to_string(checkpoint->position) +
           ", and the log ends at " + std::to_string(head);
  }
  standing.position = checkpoint->position;
  if (auto fault = read_skipped(standing.skipped); !fault.empty()) return fault;
  return read_live(standing.live);
}

std::string CallIndex::Parts::read_skipped(std::vector<history::Skipped>& skipped) const {
  const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator({}));
  for (at->Seek(index::skip_prefix); at->Valid(); at->Next()) {
    if (!at->key().starts_with(index::skip_prefix)) break;
    const auto at_position = index::parse_skip_key(at->key().ToStringView());
    auto note = index::decode_skipped(index::bytes_of(at->value().ToStringView()));
    if (!at_position || !note) return "the note of a skipped record cannot be read";
    skipped.push_back({*at_position, std::move(note->reason), note->at});
  }
  return at->status().ok() ? std::string() : at->status().ToString();
}

std::string CallIndex::Parts::read_live(std::vector<CallRow>& live) const {
  const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator({}));
  std::string stored;
  for (at->Seek(index::live_prefix); at->Valid(); at->Next()) {
    if (!at->key().starts_with(index::live_prefix)) break;
    const auto id = index::parse_live_key(at->key().ToStringView());
    if (!id) return "a key is damaged";
    if (const auto status = db->Get({}, index::call_key(*id), &stored); !status.ok())
      return "a live call has no row: " + status.ToString();
    auto row = index::decode_call(index::bytes_of(stored));
    if (!row) return "a call's row cannot be read";
    live.push_back(*std::move(row));
  }
  return at->status().ok() ? std::string() : at->status().ToString();
}

void CallIndex::Parts::put(index::SortedBatch& batch, const CallRow& row) {
  batch.put(index::call_key(row.id), index::text_of(encoder.encode(row)));
  const history::CallCursor place{row.started_at, row.id};
  const bool live = history::is_live(row.status);
  auto [known, is_new] = listed.try_emplace(row.id, 0);
  if (is_new) {
    batch.put(index::list_key(index::list_of(row.tenant), place));
    batch.put(index::list_key(index::list_of(row.tenant, row.room), place));
    if (live) batch.put(index::live_key(row.id));
  }
  // Whoever takes part stays a party: what is added is at the end.
  for (; known->second < row.parties.size(); ++known->second) {
    const auto& user = row.parties[known->second].user;
    batch.put(index::list_key(index::list_of(row.tenant, user), place));
  }
  if (live) return;
  if (!is_new) batch.remove(index::live_key(row.id));
  listed.erase(known);
}

std::expected<void, Trouble> CallIndex::apply(const history::Changes& changes) {
  index::SortedBatch sorted;
  for (const auto& row : changes.calls) parts_->put(sorted, row);
  for (const auto& [record, caller, callee] : changes.events) {
    if (!record.call.empty()) {
      sorted.put(index::event_key(record.call, record.position));
      continue;
    }
    const auto room = call::RoomName::clipped(record.stream.name.view());
    const auto strays = index::strays_of(room, record.stream.tenant);
    sorted.put(index::stray_key(strays, record.position));
  }
  for (const auto position : changes.starts) sorted.put(index::start_key(position));
  rocksdb::WriteBatch batch;
  sorted.write_to(batch);
  return parts_->write(batch, changes.position);
}

std::expected<void, Trouble> CallIndex::skip(call::Position position, const std::string& reason,
                                             call::Time at) {
  rocksdb::WriteBatch batch;
  batch.Put(index::skip_key(position),
            index::slice_of(parts_->encoder.encode(index::Skipped{reason, at})));
  return parts_->write(batch, position);
}

std::expected<void, Trouble> CallIndex::Parts::write(rocksdb::WriteBatch& batch,
                                                     call::Position to) {
  if (damaged) return found_damage();
  if (options.has_room && !options.has_room()) {
    return std::unexpected(
        Trouble{.message = "the disk is below its reserve: the index of calls waits for room"});
  }
  const index::Checkpoint checkpoint{index_version, log_id, to};
  batch.Put(index::checkpoint_key, index::slice_of(encoder.encode(checkpoint)));
  if (const auto status = db->Write(derived(), &batch); !status.ok()) return trouble(status);
  position.store(to, std::memory_order_release);
  return {};
}

std::unexpected<Trouble> CallIndex::Parts::trouble(const rocksdb::Status& status) const {
  if (index::is_damage(status)) return found_damage();
  return std::unexpected(Trouble{.message = "the index of calls in " + options.path.string() +
                                            " cannot be used: " + status.ToString()});
}

std::unexpected<Trouble> CallIndex::Parts::found_damage() const {
  damaged = true;
  return std::unexpected(Trouble{.message = "the index of calls in " + options.path.string() +
                                            " is damaged: it is built anew from the log"});
}

}  // namespace callstate::storage
