#include "storage/webhook_outbox.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <mutex>
#include <utility>

#include "storage/detail/damage_text.hpp"
#include "storage/detail/outbox_codec.hpp"
#include "storage/detail/outbox_options.hpp"
#include "storage/detail/positions.hpp"

namespace callstate::storage {
namespace {

using history::DeadEvent;
using history::OutgoingEvent;
using history::Trouble;
using Kind = Trouble::Kind;

// The keys: a kind, then what tells rows of the kind apart.
constexpr char waiting_kind = 'w';  // number, big-endian
constexpr char dead_kind = 'd';     // id
constexpr char skipped_kind = 's';  // position, big-endian
constexpr const char* format_key = "m.format";
constexpr const char* log_id_key = "m.log_id";
constexpr const char* next_key = "m.next";          // the number of the next event
constexpr const char* standing_key = "m.standing";  // two positions
constexpr const char* format = "1";

std::string key_of(char kind, std::string_view rest) {
  return std::string(1, kind).append(rest);
}
std::string number_key(char kind, std::uint64_t number) {
  return key_of(kind, PositionKey(number).view());
}
std::uint64_t number_of(std::string_view key) {
  return parse_position(key.substr(1)).value_or(0);
}

}  // namespace

struct WebhookOutbox::Impl {
  explicit Impl(std::filesystem::path given) : directory(std::move(given)) {}

  [[nodiscard]] Trouble trouble(const rocksdb::Status& status) const {
    const std::string text = status.ToString();
    const std::string what = "the webhooks' outbox in " + directory.string() + ": " + text + "; ";
    if (status.IsCorruption()) {
      return {.kind = Kind::lasting,
              .message = what +
                         "remove that directory while no server uses it, to begin where the log "
                         "ends then: what waits in it is told to nobody",
              .position = 0};
    }
    const auto advice = advice_on_trouble(text);
    return {.kind = Kind::passing,
            .message = what + advice.value_or("look at the disk and the room on it"),
            .position = 0};
  }
  [[nodiscard]] Trouble unreadable_row(std::string_view key) const {
    return trouble(rocksdb::Status::Corruption("a row cannot be read", std::string(key)));
  }

  std::expected<void, Trouble> write(rocksdb::WriteBatch& batch) {
    const auto status = db->Write({}, &batch);
    if (!status.ok()) return std::unexpected(trouble(status));
    return {};
  }

  /// Empty: there is none.
  std::expected<std::string, Trouble> read(const std::string& key) const {
    std::string value;
    const auto status = db->Get({}, key, &value);
    if (status.ok() || status.IsNotFound()) return value;
    return std::unexpected(trouble(status));
  }

  /// Calls `each` with the key and the bytes of the rows of a kind behind a key,
  /// until it says false.
  template <class Each>
  std::expected<void, Trouble> scan(char kind, const std::string& after, Each&& each) const {
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator({}));
    for (at->Seek(after); at->Valid() && at->key()[0] == kind; at->Next()) {
      if (at->key() == after) continue;
      if (!each(at->key().ToStringView(), at->value().ToStringView())) return {};
    }
    if (!at->status().ok()) return std::unexpected(trouble(at->status()));
    return {};
  }

  std::expected<void, Trouble> open_database();
  std::expected<void, Trouble> count();
  [[nodiscard]] std::expected<std::vector<history::Skipped>, Trouble> read_skipped() const;
  std::expected<std::optional<DeadEvent>, Trouble> dead_one(const call::TenantId& tenant,
                                                            std::string_view id) const;
  void one_dead_less(const call::TenantId& tenant);
  std::expected<Opened, Trouble> begin(const std::string& log_id, call::Position begin,
                                       std::string note);
  void put_standing(rocksdb::WriteBatch& batch, const Standing& standing) const;

  const std::filesystem::path directory;
  std::unique_ptr<rocksdb::DB> db;  // set once, by `open`

  mutable std::mutex mutex;  // of who writes, and of what is written down here
  std::uint64_t next = 1;
  Counts counts;
  std::map<call::TenantId, std::size_t> dead_of;  // counts.dead, tenant by tenant
};

std::expected<void, Trouble> WebhookOutbox::Impl::open_database() {
  if (db != nullptr) {
    // After a disk that was full it may go on.
    const auto status = db->Resume();
    if (!status.ok()) return std::unexpected(trouble(status));
    return {};
  }
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return std::unexpected(trouble(rocksdb::Status::IOError(error.message())));
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(outbox_options(directory), directory.string(), &opened);
  if (!status.ok()) return std::unexpected(trouble(status));
  db.reset(opened);
  return {};
}

std::expected<void, Trouble> WebhookOutbox::Impl::count() {
  counts.waiting = counts.dead = 0;
  dead_of.clear();
  const auto counted = scan(waiting_kind, {waiting_kind}, [&](auto, auto) {
    ++counts.waiting;
    return true;
  });
  if (!counted) return counted;
  // One that cannot be read is nobody's: whoever comes to it hears of it.
  return scan(dead_kind, {dead_kind}, [&](std::string_view, std::string_view bytes) {
    ++counts.dead;
    if (const auto row = decode_outgoing(bytes)) ++dead_of[row->event.tenant];
    return true;
  });
}

/// Nothing: the tenant has none of this id.
std::expected<std::optional<DeadEvent>, Trouble> WebhookOutbox::Impl::dead_one(
    const call::TenantId& tenant, std::string_view id) const {
  if (db == nullptr) return std::nullopt;
  const auto bytes = read(key_of(dead_kind, id));
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->empty()) return std::nullopt;
  auto row = decode_outgoing(*bytes);
  if (!row) return std::unexpected(unreadable_row(id));
  if (row->event.tenant != tenant) return std::nullopt;
  return row;
}

void WebhookOutbox::Impl::one_dead_less(const call::TenantId& tenant) {
  --counts.dead;
  const auto of = dead_of.find(tenant);
  if (of != dead_of.end() && --of->second == 0) dead_of.erase(of);
}

std::expected<std::vector<history::Skipped>, Trouble> WebhookOutbox::Impl::read_skipped() const {
  std::vector<history::Skipped> found;
  const auto scanned =
      scan(skipped_kind, {skipped_kind}, [&](std::string_view key, std::string_view note) {
        call::Duration::rep at = 0;
        const auto [rest, error] = std::from_chars(note.data(), note.data() + note.size(), at);
        note.remove_prefix(std::min(note.size(), static_cast<std::size_t>(rest - note.data()) + 1));
        found.push_back({number_of(key), std::string(note), call::Time(call::Duration(at))});
        return error == std::errc();
      });
  if (!scanned) return std::unexpected(scanned.error());
  return found;
}

/// Drops whatever there is.
std::expected<WebhookOutbox::Opened, Trouble> WebhookOutbox::Impl::begin(const std::string& log_id,
                                                                         call::Position begin,
                                                                         std::string note) {
  const Standing standing{.position = begin, .fold_after = begin};
  rocksdb::WriteBatch batch;
  batch.DeleteRange("", "\xff");
  batch.Put(format_key, format);
  batch.Put(log_id_key, log_id);
  batch.Put(next_key, "1");
  put_standing(batch, standing);
  if (auto written = write(batch); !written) return std::unexpected(written.error());
  next = 1;
  counts.waiting = counts.dead = 0;
  dead_of.clear();
  return Opened{.standing = standing, .note = std::move(note)};
}

void WebhookOutbox::Impl::put_standing(rocksdb::WriteBatch& batch, const Standing& standing) const {
  batch.Put(standing_key,
            std::to_string(standing.position) + " " + std::to_string(standing.fold_after));
  batch.Put(next_key, std::to_string(next));
}

WebhookOutbox::WebhookOutbox(std::filesystem::path directory)
    : impl_(std::make_unique<Impl>(std::move(directory))) {}
WebhookOutbox::~WebhookOutbox() = default;

std::expected<WebhookOutbox::Opened, Trouble> WebhookOutbox::open(const std::string& log_id,
                                                                  call::Position head,
                                                                  call::Position begin) {
  const std::scoped_lock lock(impl_->mutex);
  if (auto opened = impl_->open_database(); !opened) return std::unexpected(opened.error());
  const auto stored_format = impl_->read(format_key);
  const auto stored_log = impl_->read(log_id_key);
  const auto stored_standing = impl_->read(standing_key);
  const auto stored_next = impl_->read(next_key);
  for (const auto* read : {&stored_format, &stored_log, &stored_standing, &stored_next})
    if (!*read) return std::unexpected(read->error());
  const std::string at_begin = "webhooks begin after position " + std::to_string(begin) +
                               ", where the log ended when the server started";
  if (stored_format->empty()) return impl_->begin(log_id, begin, at_begin);
  if (*stored_format != format) {
    return std::unexpected(
        Trouble{.kind = Kind::lasting,
                .message = "the webhooks' outbox in " + impl_->directory.string() +
                           " was written by a newer version: run that one, or remove the directory",
                .position = 0});
  }
  if (*stored_log != log_id) {
    return impl_->begin(log_id, begin,
                        at_begin + ": the outbox was of another log, and is emptied");
  }
  unsigned long long position = 0;
  unsigned long long fold_after = 0;
  if (std::sscanf(stored_standing->c_str(), "%llu %llu", &position, &fold_after) != 2 ||
      std::sscanf(stored_next->c_str(), "%lu", &impl_->next) != 1) {
    return std::unexpected(impl_->unreadable_row(standing_key));
  }
  if (position > head) {
    return impl_->begin(log_id, head,
                        at_begin + ": the outbox had come to " + std::to_string(position) +
                            ", which the log no longer has, and is emptied");
  }
  if (auto counted = impl_->count(); !counted) return std::unexpected(counted.error());
  Opened opened{.standing = {.position = position, .fold_after = fold_after}};
  auto read = impl_->read_skipped();
  if (!read) return std::unexpected(read.error());
  opened.skipped = *std::move(read);
  return opened;
}

std::expected<void, Trouble> WebhookOutbox::append(std::span<const OutgoingEvent> events,
                                                   const Standing& standing) {
  const std::scoped_lock lock(impl_->mutex);
  rocksdb::WriteBatch batch;
  const auto first = impl_->next;
  for (const auto& event : events)
    batch.Put(number_key(waiting_kind, impl_->next++), encode_outgoing({.event = event}));
  impl_->put_standing(batch, standing);
  if (auto written = impl_->write(batch); !written) {
    impl_->next = first;
    return written;
  }
  impl_->counts.waiting += events.size();
  return {};
}

std::expected<void, Trouble> WebhookOutbox::skip(const Standing& standing,
                                                 const std::string& reason, call::Time at) {
  const std::scoped_lock lock(impl_->mutex);
  rocksdb::WriteBatch batch;
  batch.Put(number_key(skipped_kind, standing.position),
            std::to_string(at.time_since_epoch().count()) + " " + reason);
  impl_->put_standing(batch, standing);
  return impl_->write(batch);
}

std::expected<std::vector<OutgoingEvent>, Trouble> WebhookOutbox::waiting(std::uint64_t after,
                                                                          std::size_t max) const {
  std::vector<OutgoingEvent> found;
  {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->db == nullptr || impl_->next == after + 1) return found;
  }
  bool sound = true;
  const auto scanned = impl_->scan(waiting_kind, number_key(waiting_kind, after),
                                   [&](std::string_view key, std::string_view bytes) {
                                     if (found.size() >= max) return false;
                                     auto row = decode_outgoing(bytes);
                                     sound = row.has_value();
                                     if (!sound) return false;
                                     row->event.number = number_of(key);
                                     row->event.body.clear();
                                     row->event.body.shrink_to_fit();
                                     found.push_back(std::move(row->event));
                                     return true;
                                   });
  if (!scanned) return std::unexpected(scanned.error());
  if (!sound) return std::unexpected(impl_->unreadable_row("waiting"));
  return found;
}

std::expected<std::optional<OutgoingEvent>, Trouble> WebhookOutbox::find(
    std::uint64_t number) const {
  const auto bytes = impl_->read(number_key(waiting_kind, number));
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->empty()) return std::nullopt;
  auto row = decode_outgoing(*bytes);
  if (!row) return std::unexpected(impl_->unreadable_row(std::to_string(number)));
  row->event.number = number;
  return std::move(row->event);
}

std::expected<void, Trouble> WebhookOutbox::taken(std::uint64_t number) {
  const std::scoped_lock lock(impl_->mutex);
  rocksdb::WriteBatch batch;
  batch.Delete(number_key(waiting_kind, number));
  if (auto written = impl_->write(batch); !written) return written;
  --impl_->counts.waiting;
  return {};
}

std::expected<void, Trouble> WebhookOutbox::bury(const DeadEvent& dead) {
  const std::scoped_lock lock(impl_->mutex);
  rocksdb::WriteBatch batch;
  batch.Delete(number_key(waiting_kind, dead.event.number));
  const bool full = impl_->counts.dead >= dead_max;
  std::optional<DeadEvent> oldest;
  if (full) {
    const auto scanned =
        impl_->scan(dead_kind, {dead_kind}, [&](std::string_view key, std::string_view bytes) {
          batch.Delete(std::string(key));
          oldest = decode_outgoing(bytes);
          return false;
        });
    if (!scanned) return scanned;
  }
  batch.Put(key_of(dead_kind, dead.event.id), encode_outgoing(dead));
  if (auto written = impl_->write(batch); !written) return written;
  --impl_->counts.waiting;
  if (full) {
    ++impl_->counts.overrun;
    impl_->one_dead_less(oldest ? oldest->event.tenant : call::TenantId());
  }
  ++impl_->counts.dead;
  ++impl_->dead_of[dead.event.tenant];
  return {};
}

std::expected<std::vector<DeadEvent>, Trouble> WebhookOutbox::dead(const call::TenantId& tenant,
                                                                   std::string_view after,
                                                                   std::size_t max) const {
  std::vector<DeadEvent> found;
  {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->db == nullptr) return found;
  }
  bool sound = true;
  const auto scanned = impl_->scan(dead_kind, key_of(dead_kind, after),
                                   [&](std::string_view, std::string_view bytes) {
                                     if (found.size() >= max) return false;
                                     auto row = decode_outgoing(bytes);
                                     sound = row.has_value();
                                     if (sound && row->event.tenant == tenant)
                                       found.push_back(*std::move(row));
                                     return sound;
                                   });
  if (!scanned) return std::unexpected(scanned.error());
  if (!sound) return std::unexpected(impl_->unreadable_row("dead"));
  return found;
}

std::size_t WebhookOutbox::dead_of(const call::TenantId& tenant) const {
  const std::scoped_lock lock(impl_->mutex);
  const auto of = impl_->dead_of.find(tenant);
  return of == impl_->dead_of.end() ? 0 : of->second;
}

std::expected<bool, Trouble> WebhookOutbox::revive(const call::TenantId& tenant,
                                                   std::string_view id, call::Time at) {
  const std::scoped_lock lock(impl_->mutex);
  auto row = impl_->dead_one(tenant, id);
  if (!row) return std::unexpected(row.error());
  if (!*row) return false;
  auto& event = (*row)->event;
  event.queued_at = at;
  rocksdb::WriteBatch batch;
  batch.Delete(key_of(dead_kind, id));
  batch.Put(number_key(waiting_kind, impl_->next), encode_outgoing({.event = event}));
  batch.Put(next_key, std::to_string(impl_->next + 1));
  if (auto written = impl_->write(batch); !written) return std::unexpected(written.error());
  ++impl_->next;
  impl_->one_dead_less(tenant);
  ++impl_->counts.waiting;
  return true;
}

std::expected<bool, Trouble> WebhookOutbox::drop(const call::TenantId& tenant,
                                                 std::string_view id) {
  const std::scoped_lock lock(impl_->mutex);
  const auto row = impl_->dead_one(tenant, id);
  if (!row) return std::unexpected(row.error());
  if (!*row) return false;
  rocksdb::WriteBatch batch;
  batch.Delete(key_of(dead_kind, id));
  if (auto written = impl_->write(batch); !written) return std::unexpected(written.error());
  impl_->one_dead_less(tenant);
  return true;
}

WebhookOutbox::Counts WebhookOutbox::counts() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->counts;
}

}  // namespace callstate::storage
