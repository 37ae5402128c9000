#include "storage/log_maker.hpp"

#include <rocksdb/write_batch.h>

#include <utility>

#include "storage/detail/beginning.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/new_directory.hpp"
#include "storage/detail/opening.hpp"
#include "storage/detail/options.hpp"
#include "storage/detail/positions.hpp"
#include "storage/record_codec.hpp"
#include "storage/sha256.hpp"

namespace callstate::storage {
namespace {

using engine::Failure;

constexpr std::size_t batch_bytes = 1024UL * 1024;

/// No write-ahead log: what is cut short is thrown away.
rocksdb::WriteOptions unlogged() {
  return derived();
}

}  // namespace

struct LogMaker::Parts {
  Parts(NewDirectory made, std::unique_ptr<Database> opened, const About& about)
      : directory(std::move(made)),
        database(std::move(opened)),
        part(about.part),
        beginning(about.beginning),
        head(beginning ? beginning->first - 1 : 0) {}

  /// Of the next record.
  call::Position next() {
    return beginning && kept < beginning->kept.size() ? beginning->kept[kept++] : ++head;
  }

  std::expected<void, Failure> write() {
    const auto status = database->db->Write(unlogged(), &batch);
    batch.Clear();
    return said(status);
  }
  [[nodiscard]] std::expected<void, Failure> said(const rocksdb::Status& status) const {
    if (status.ok()) return {};
    return std::unexpected(Failure{"the new log in " + directory.path().string() +
                                   " cannot be written: " + status.ToString() +
                                   "; make room on the disk or look at it, and begin again"});
  }

  NewDirectory directory;
  std::unique_ptr<Database> database;
  bool part;
  std::shared_ptr<const engine::Beginning> beginning;
  std::size_t kept = 0;  // added of those before it
  call::Position head;
  RecordEncoder encoder;
  rocksdb::WriteBatch batch;
};

std::expected<std::unique_ptr<LogMaker>, Failure> LogMaker::begin(const std::filesystem::path& path,
                                                                  const About& about) {
  auto directory = NewDirectory::begin(path);
  if (!directory) return std::unexpected(directory.error());
  auto database = open_checked(directory->path(), Access::read_write, true,
                               std::make_shared<FailStop>(), rocksdb::Env::Default());
  if (!database) return std::unexpected(database.error());
  auto parts = std::make_unique<Parts>(std::move(*directory), std::move(*database), about);
  Database& made = *parts->database;
  const auto keep = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) parts->batch.Put(made.meta, key, value);
  };
  keep(log_id_key, about.log_id);
  keep(carried_key, about.carried);
  keep(part_key, about.part ? "1" : "");
  if (about.beginning) {
    keep(beginning_key, encode_beginning(*about.beginning));
    keep(format_key, std::to_string(format_version_begun_later));
  }
  if (auto written = parts->write(); !written) return std::unexpected(written.error());
  return std::make_unique<LogMaker>(std::move(parts));
}

LogMaker::LogMaker(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LogMaker::~LogMaker() = default;

std::expected<call::Hash, Failure> LogMaker::add(const call::Record& record) {
  const auto bytes = parts_->encoder.encode(record);
  const auto hash = sha256(bytes);
  if (parts_->part) {
    const PositionKey original(record.position);
    parts_->batch.Put(parts_->database->meta, original_key(parts_->head + 1), original.view());
  }
  if (auto added = add_bytes(bytes); !added) return std::unexpected(added.error());
  return hash;
}

std::expected<void, Failure> LogMaker::add_bytes(std::span<const std::uint8_t> bytes) {
  const PositionKey key(parts_->next());
  const auto put =
      parts_->batch.Put(parts_->database->log, key.view(),
                        rocksdb::Slice(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (!put.ok()) return parts_->said(put);
  if (parts_->batch.GetDataSize() < batch_bytes) return {};
  return parts_->write();
}

call::Hash LogMaker::hash_of(const call::Record& record) {
  return sha256(parts_->encoder.encode(record));
}

call::Position LogMaker::head() const {
  return parts_->head;
}

std::expected<void, Failure> LogMaker::finish() {
  if (auto written = parts_->write(); !written) return written;
  Database& database = *parts_->database;
  auto status = database.db->Flush({}, std::vector{database.log, database.meta});
  if (status.ok()) status = database.db->SyncWAL();
  if (!status.ok()) return parts_->said(status);
  parts_->database.reset();
  write_head(parts_->directory.path(), parts_->head);
  return parts_->directory.keep();
}

}  // namespace callstate::storage
