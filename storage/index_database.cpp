#include "storage/detail/index_database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/table.h>

#include <utility>

#include "storage/detail/info_log.hpp"

namespace callstate::storage::index {
namespace {

constexpr std::size_t mebibyte = 1024UL * 1024;

rocksdb::Options options_for(std::shared_ptr<rocksdb::Logger> info_log) {
  rocksdb::BlockBasedTableOptions tables;
  tables.block_cache = rocksdb::NewLRUCache(16 * mebibyte);
  tables.block_size = 8UL * 1024;
  tables.format_version = 5;
  tables.checksum = rocksdb::kXXH3;
  tables.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::Options options;
  options.create_if_missing = true;
  options.info_log = std::move(info_log);
  // One family, and so one memtable at a time that is flushed as a whole, in order:
  // a checkpoint never gets ahead of the rows that were written with it or before.
  // What a kill takes away, and a start folds again, is this much at most.
  options.write_buffer_size = 16 * mebibyte;
  options.max_write_buffer_number = 2;
  options.compression = rocksdb::kLZ4Compression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(tables));
  options.max_open_files = 128;  // see index_descriptors_max
  options.max_background_jobs = 2;
  options.bytes_per_sync = mebibyte;
  // The log syncs to the same disk.
  options.rate_limiter.reset(rocksdb::NewGenericRateLimiter(64 * mebibyte));
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  return options;
}

}  // namespace

std::expected<std::unique_ptr<rocksdb::DB>, rocksdb::Status> open_database(
    const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return std::unexpected(rocksdb::Status::IOError(path.string(), error.message()));
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(options_for(file_logger(path)), path.string(), &db);
  if (!status.ok()) return std::unexpected(std::move(status));
  return std::unique_ptr<rocksdb::DB>(db);
}

std::expected<std::unique_ptr<rocksdb::DB>, rocksdb::Status> open_read_only(
    const std::filesystem::path& path) {
  auto options = options_for(no_logger());
  options.create_if_missing = false;
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::OpenForReadOnly(options, path.string(), &db);
  if (!status.ok()) return std::unexpected(std::move(status));
  return std::unique_ptr<rocksdb::DB>(db);
}

void remove_database(const std::filesystem::path& path) {
  // Not the directory itself: it may be a link to another disk.
  std::error_code error;
  for (std::filesystem::directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code failed;  // then the next opening says what is wrong
    std::filesystem::remove_all(at->path(), failed);
  }
}

bool is_damage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsNotFound() || status.IsInvalidArgument() ||
         status.IsNotSupported() || status.IsPathNotFound();
}

}  // namespace callstate::storage::index
