#include "storage/store.hpp"

#include <rocksdb/utilities/checkpoint.h>

#include <chrono>
#include <utility>

#include "storage/detail/background.hpp"
#include "storage/detail/beginning.hpp"
#include "storage/detail/damage.hpp"
#include "storage/detail/event_log.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/log_reader.hpp"
#include "storage/detail/opening.hpp"
#include "storage/detail/positions.hpp"
#include "storage/detail/snapshots.hpp"
#include "storage/detail/stored_snapshots.hpp"
#include "storage/detail/table_check.hpp"
#include "storage_reducer_version.hpp"

namespace callstate::storage {
namespace {

constexpr std::chrono::milliseconds tick_interval{1000};

FreeBytesProbe probe_of(const OpenOptions& options) {
  return options.free_bytes ? options.free_bytes : free_bytes_of(options.path);
}

constexpr auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;

bool is_open_to_others(const std::filesystem::path& directory) {
  std::error_code error;
  const auto mode = std::filesystem::status(directory, error).permissions();
  return !error && (mode & others) != std::filesystem::perms::none;
}

/// The log holds every tenant's calls: nobody's but its owner's to read. Not done
/// to a directory that users share, as /tmp.
void keep_from_others(const std::filesystem::path& directory) {
  std::error_code error;
  const auto mode = std::filesystem::status(directory, error).permissions();
  const bool shared = (mode & std::filesystem::perms::sticky_bit) != std::filesystem::perms::none;
  if (error || shared) return;
  std::filesystem::permissions(directory, others, std::filesystem::perm_options::remove, error);
}

std::expected<void, engine::Failure> verify(const Database& database) {
  const auto status = database.db->VerifyChecksum();
  if (!status.ok()) return std::unexpected(unreadable(database.path, status));
  return {};
}

}  // namespace

/// In the order in which they are made; taken apart the other way round, so
/// that the background thread ends its jobs while what they use still lives.
struct Store::Parts {
  Parts(DirectoryLock taken, std::unique_ptr<Database> opened, std::shared_ptr<FailStop> stop,
        const OpenOptions& options)
      : lock(std::move(taken)),
        fail_stop(std::move(stop)),
        database(std::move(opened)),
        free_space(options.reserve_bytes, probe_of(options)),
        reader(*database),
        log(*database, *fail_stop, free_space),
        head_written(read_head(database->path)),
        table_check(*database, *fail_stop),
        background(std::make_unique<Background>(tick_interval, [this] { tick(); })),
        snapshots(*database, *fail_stop, *background, free_space,
                  options.reducer.value_or(reducer_version)) {}

  ~Parts() {
    background.reset();
    remember_head();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  /// On the background thread.
  void tick() {
    free_space.refresh();
    remember_head();
    if (!fail_stop->tripped()) table_check.tick();
  }
  void remember_head() {
    const auto head = database->head.load(std::memory_order_acquire);
    if (head == head_written || !free_space.has_room()) return;
    if (write_head(database->path, head)) head_written = head;
  }

  DirectoryLock lock;
  std::shared_ptr<FailStop> fail_stop;
  std::unique_ptr<Database> database;
  FreeSpace free_space;
  RocksLogReader reader;
  RocksEventLog log;
  call::Position head_written;  // of the background thread
  TableCheck table_check;       // likewise
  std::unique_ptr<Background> background;
  RocksSnapshots snapshots;
};

std::expected<std::unique_ptr<Store>, engine::Failure> Store::open(const OpenOptions& options) {
  return open_store(options, rocksdb::Env::Default());
}

std::expected<std::unique_ptr<Store>, engine::Failure> open_store(const OpenOptions& options,
                                                                  rocksdb::Env* env) {
  std::error_code error;
  if (!std::filesystem::is_directory(options.path, error)) {
    if (!options.create_if_missing) {
      return std::unexpected(engine::Failure{"there is no log in " + options.path.string()});
    }
    std::filesystem::create_directories(options.path, error);
    if (error) {
      return std::unexpected(engine::Failure{"cannot make the directory " + options.path.string() +
                                             ": " + error.message()});
    }
  }
  auto lock = DirectoryLock::take(options.path, DirectoryLock::Use::serve);
  if (!lock) return std::unexpected(lock.error());
  keep_from_others(options.path);
  if (auto lacking = lacks_room_to_open(options.path, probe_of(options))) {
    return std::unexpected(engine::Failure{std::move(*lacking)});
  }
  auto fail_stop = std::make_shared<FailStop>();
  auto database =
      open_checked(options.path, Access::read_write, options.create_if_missing, fail_stop, env);
  if (!database) return std::unexpected(database.error());
  return std::make_unique<Store>(std::make_unique<Store::Parts>(
      std::move(*lock), std::move(*database), std::move(fail_stop), options));
}

Store::Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Store::~Store() = default;

engine::EventLog& Store::log() {
  return parts_->log;
}
const engine::LogReader& Store::reader() const {
  return parts_->reader;
}
engine::SnapshotStore& Store::snapshots() {
  return parts_->snapshots;
}
const std::string& Store::log_id() const {
  return parts_->database->log_id;
}
bool Store::is_open_to_others() const {
  return storage::is_open_to_others(parts_->database->path);
}
Store::Health Store::health() const {
  const FreeSpace& space = parts_->free_space;
  return {.failed = parts_->fail_stop->tripped(),
          .has_room = space.has_room(),
          .free_bytes = space.free_bytes(),
          .reserve_bytes = space.reserve_bytes()};
}
void Store::refresh_free_space() {
  parts_->free_space.refresh();
}

std::expected<void, engine::Failure> Store::verify_checksums() const {
  return verify(*parts_->database);
}

std::expected<void, engine::Failure> Store::begin_later(
    const engine::Beginning& beginning, const std::function<void(std::string_view step)>& before) {
  return storage::begin_later(*parts_->database, beginning, before);
}

std::expected<void, engine::Failure> Store::make_checkpoint(
    const std::filesystem::path& path) const {
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(parts_->database->db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(path.string());
  if (status.ok()) return {};
  return std::unexpected(engine::Failure{
      "no checkpoint could be made in " + path.string() + ": " + status.ToString() +
      "; it must not exist yet, and its parent must be a directory of the log's file system"});
}

struct StoredLog::Parts {
  Parts(DirectoryLock taken, std::unique_ptr<Database> opened)
      : lock(std::move(taken)),
        database(std::move(opened)),
        reader(*database),
        snapshots(*database, reducer_version) {}

  DirectoryLock lock;
  std::unique_ptr<Database> database;
  RocksLogReader reader;
  StoredSnapshots snapshots;
};

std::expected<std::unique_ptr<StoredLog>, engine::Failure> StoredLog::open(
    const std::filesystem::path& path) {
  auto lock = DirectoryLock::take(path, DirectoryLock::Use::read);
  if (!lock) return std::unexpected(lock.error());
  auto database = open_checked(path, Access::read_only, false, std::make_shared<FailStop>(),
                               rocksdb::Env::Default());
  if (!database) return std::unexpected(database.error());
  return std::make_unique<StoredLog>(
      std::make_unique<Parts>(std::move(*lock), std::move(*database)));
}

StoredLog::StoredLog(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
StoredLog::~StoredLog() = default;

const engine::LogReader& StoredLog::reader() const {
  return parts_->reader;
}
engine::SnapshotStore& StoredLog::snapshots() {
  return parts_->snapshots;
}
unsigned StoredLog::format_version() const {
  std::string format;
  const auto status = parts_->database->db->Get({}, parts_->database->meta, format_key, &format);
  // It was read and understood at the opening.
  return status.ok() ? static_cast<unsigned>(std::stoul(format)) : storage::format_version;
}
const std::string& StoredLog::log_id() const {
  return parts_->database->log_id;
}
bool StoredLog::is_part() const {
  return parts_->database->part;
}
const std::string& StoredLog::carried() const {
  return parts_->database->carried;
}
call::Position StoredLog::original(call::Position position) const {
  if (!is_part()) return position;
  std::string value;
  const auto status =
      parts_->database->db->Get({}, parts_->database->meta, original_key(position), &value);
  return status.ok() ? parse_position(value).value_or(0) : 0;
}

std::expected<void, engine::Failure> StoredLog::verify_checksums() const {
  return verify(*parts_->database);
}

}  // namespace callstate::storage
