#include "storage/detail/opening.hpp"

#include <rocksdb/listener.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "storage/detail/beginning.hpp"
#include "storage/detail/contiguity.hpp"
#include "storage/detail/damage.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/info_log.hpp"
#include "storage/detail/inventory.hpp"
#include "storage/detail/options.hpp"
#include "storage/detail/presence.hpp"
#include "storage/detail/refusal.hpp"
#include "storage/detail/wal_file_system.hpp"
#include "storage/snapshot_codec.hpp"

namespace callstate::storage {
namespace {

using engine::Failure;

/// RocksDB's background work (flushes, compactions) fails apart from any
/// commit; and it must not resume by itself, as commits would then succeed
/// after a failure.
class BackgroundErrors : public rocksdb::EventListener {
 public:
  BackgroundErrors(std::filesystem::path path, std::shared_ptr<FailStop> fail_stop)
      : path_(std::move(path)), fail_stop_(std::move(fail_stop)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override {
    // A write is told of its own failure, and knows better what it concerns.
    if (reason == rocksdb::BackgroundErrorReason::kWriteCallback) return;
    fail_stop_->trip("the log in " + path_.string() + " could not be written: " +
                     status->ToString() + "; look at the disk, then restart");
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  std::filesystem::path path_;
  std::shared_ptr<FailStop> fail_stop_;
};

Failure no_log_yet(const std::filesystem::path& path) {
  return {"there is no log in " + path.string() +
          " yet: the making of one was cut short, before any record; the next start of the server "
          "makes it anew"};
}

std::string new_log_id() {
  call::CallId id;
  for (std::size_t have = 0; have < id.bytes.size();) {
    const auto got = ::getrandom(id.bytes.data() + have, id.bytes.size() - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0FU) | 0x40U);  // UUID version 4
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3FU) | 0x80U);
  return call::to_string(id);
}

/// Reads what names the log, or names a new one.
std::expected<void, Failure> check_identity(Database& database, Access access) {
  std::string format;
  auto status = database.db->Get({}, database.meta, format_key, &format);
  if (status.IsNotFound()) {
    // Made just now, or a making that was cut short: no record was taken yet.
    const auto head = check_contiguity(database);
    if (!head) return std::unexpected(head.error());
    if (*head != 0) return std::unexpected(unreadable(database.path, status));
    if (access == Access::read_only) return std::unexpected(no_log_yet(database.path));
    database.log_id = new_log_id();
    rocksdb::WriteBatch batch;
    format = std::to_string(format_version);
    status = batch.Put(database.meta, format_key, format);
    if (status.ok()) status = batch.Put(database.meta, log_id_key, database.log_id);
    if (status.ok()) status = database.db->Write(synced(), &batch);
  } else if (status.ok()) {
    status = database.db->Get({}, database.meta, log_id_key, &database.log_id);
  }
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));
  unsigned version = 0;
  const auto parsed = std::from_chars(format.data(), format.data() + format.size(), version);
  if (parsed.ec != std::errc{} || version > format_version_begun_later) {
    return std::unexpected(Failure{"the log in " + database.path.string() + " has format version " +
                                   format + ", and this program reads up to " +
                                   std::to_string(format_version_begun_later) +
                                   ": it was written by a newer version; run that one"});
  }
  return {};
}

/// What was carried here says so.
std::expected<void, Failure> check_carried(Database& database, Access access) {
  std::string part;
  auto status = database.db->Get({}, database.meta, part_key, &part);
  database.part = status.ok();
  if (status.ok() || status.IsNotFound()) {
    status = database.db->Get({}, database.meta, carried_key, &database.carried);
  }
  if (!status.ok() && !status.IsNotFound()) {
    return std::unexpected(unreadable(database.path, status));
  }
  if (!database.part || access == Access::read_only) return {};
  return std::unexpected(Failure{"the log in " + database.path.string() + " is a part of the log " +
                                 database.log_id +
                                 ", carried here: tools read it, and no server can go on with it; "
                                 "serve the whole log"});
}

/// A mark is written after the records that it covers.
std::expected<void, Failure> check_mark(Database& database) {
  std::string value;
  const auto status = database.db->Get({}, database.meta, mark_key, &value);
  if (status.IsNotFound()) return {};
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));
  const auto position =
      decode_mark_position({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
  const auto head = database.head.load();
  if (!position || *position <= head) return {};
  return std::unexpected(Failure{"the log in " + database.path.string() + " ends at " +
                                 std::to_string(head) + ", but a checkpoint recorded " +
                                 std::to_string(*position) + ": " +
                                 missing_positions(database, {{head + 1, *position}}).message});
}

/// Before RocksDB reads the write-ahead log, as it would take some damage for
/// the log's end, and delete the file: nothing in it is damaged, and the log
/// reaches as far as it had come for sure. Tells `wal` where its files end.
std::expected<void, Failure> check_end(const std::filesystem::path& path, rocksdb::Env* env,
                                       WalFileSystem& wal) {
  auto files = read_wal(path);
  if (!files) return std::unexpected(files.error());
  judge_torn_tails(*files);
  const bool damaged = std::ranges::any_of(
      *files, [](const WalFile& file) { return file.tail == WalFile::Tail::damaged; });
  if (damaged) return std::unexpected(damaged_wal(path, env, *files));
  const auto acknowledged = read_head(path);
  const auto reached = may_reach(path, env, *files, acknowledged);
  if (!reached) return std::unexpected(reached.error());
  if (!*reached) return std::unexpected(lost_end(path, env, *files, acknowledged));
  for (const auto& file : *files) wal.set_end(file.path.string(), file.end);
  return {};
}

std::expected<void, Failure> check(Database& database, Access access) {
  if (auto identity = check_identity(database, access); !identity) return identity;
  if (auto carried = check_carried(database, access); !carried) return carried;
  if (auto begun = load_beginning(database); !begun) return begun;
  const auto head = check_contiguity(database);
  if (!head) return std::unexpected(head.error());
  database.head = *head;
  if (const auto acknowledged = read_head(database.path); acknowledged > *head) {
    return std::unexpected(lost_end(database.path, *head, acknowledged));
  }
  if (auto reached = check_mark(database); !reached) return reached;
  if (access == Access::read_only) return {};
  if (auto dropped = drop_unmarked_snapshots(database); !dropped) return dropped;
  return finish_drop(database);
}

}  // namespace

std::expected<void, Failure> drop_unmarked_snapshots(Database& database) {
  std::string mark;
  if (!database.db->Get({}, database.meta, mark_key, &mark).IsNotFound()) return {};
  rocksdb::ColumnFamilyMetaData found;
  database.db->GetColumnFamilyMetaData(database.snapshot, &found);
  if (found.file_count == 0) return {};
  // Killed in between, the next opening makes the family.
  auto status = database.db->DropColumnFamily(database.snapshot);
  if (status.ok()) status = database.db->DestroyColumnFamilyHandle(database.snapshot);
  if (status.ok()) {
    database.snapshot = nullptr;
    for (const auto& family : family_options()) {
      if (family.name != snapshot_family) continue;
      status = database.db->CreateColumnFamily(family.options, family.name, &database.snapshot);
    }
  }
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));
  return {};
}

std::expected<std::unique_ptr<Database>, Failure> open_checked(
    const std::filesystem::path& path, Access access, bool create_if_missing,
    const std::shared_ptr<FailStop>& fail_stop, rocksdb::Env* env) {
  const auto presence = presence_in(path, env);
  if (!presence) return std::unexpected(presence.error());
  if (*presence != Presence::log && !create_if_missing) {
    return std::unexpected(*presence == Presence::nothing
                               ? Failure{"there is no log in " + path.string()}
                               : no_log_yet(path));
  }
  const auto wal = std::make_shared<WalFileSystem>(env->GetFileSystem());
  if (auto sound = check_end(path, env, *wal); !sound) return std::unexpected(sound.error());
  auto watched = std::make_unique<WalWatch>();
  const WalWatch& watch = *watched;
  auto database = std::make_unique<Database>();
  database->env = rocksdb::NewCompositeEnv(wal);
  auto options = database_options(database->env.get());
  options.create_if_missing = *presence == Presence::nothing || *presence == Presence::begun;
  options.create_missing_column_families = *presence != Presence::log;
  options.wal_filter = watched.get();
  database->wal_watch = std::move(watched);
  options.listeners.push_back(std::make_shared<BackgroundErrors>(path, fail_stop));

  database->path = path;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  auto families = family_options();
  for (auto& family : families)
    if (family.name == log_family) family.options.compaction_filter = &database->drop_older;
  if (access == Access::read_write) {
    options.info_log = file_logger(path);
    status = rocksdb::DB::Open(options, path.string(), families, &handles, &db);
  } else {
    options.info_log = no_logger();
    status = rocksdb::DB::OpenForReadOnly(options, path.string(), families, &handles, &db);
  }
  if (!status.ok()) return std::unexpected(refused_open(path, env, status, watch));
  database->db.reset(db);
  database->unused = handles[0];
  database->log = handles[1];
  database->snapshot = handles[2];
  database->meta = handles[3];
  if (auto checked = check(*database, access); !checked) {
    return std::unexpected(checked.error());
  }
  return database;
}

}  // namespace callstate::storage
