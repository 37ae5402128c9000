#include "storage/detail/options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>

namespace callstate::storage {
namespace {

constexpr std::size_t protection_bytes = 8;
constexpr std::size_t mebibyte = 1024UL * 1024;

rocksdb::ColumnFamilyOptions common() {
  rocksdb::ColumnFamilyOptions options;
  options.memtable_protection_bytes_per_key = protection_bytes;
  // RocksDB 7.8 can reorder flushes with more than two.
  options.max_write_buffer_number = 2;
  // The defaults rewrite every file after 30 days.
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  return options;
}

rocksdb::BlockBasedTableOptions tables(const std::shared_ptr<rocksdb::Cache>& cache,
                                       std::size_t block_bytes) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = cache;
  options.block_size = block_bytes;
  options.format_version = 5;
  options.checksum = rocksdb::kXXH3;
  return options;
}

rocksdb::ColumnFamilyOptions for_log(const std::shared_ptr<rocksdb::Cache>& cache) {
  auto options = common();
  // What a restart has to replay at most, and the size of the files: keys only
  // rise, so that files never overlap and move down without being rewritten.
  options.write_buffer_size = 32 * mebibyte;
  options.target_file_size_base = 64 * mebibyte;
  // The same at every level, or moving down would mean recompressing. Takes
  // 0.38 of the space, and a replay 0.01 µs a record longer.
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kDisableCompressionOption;
  options.compaction_style = rocksdb::kCompactionStyleLevel;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(tables(cache, 16 * 1024)));
  return options;
}

rocksdb::ColumnFamilyOptions for_snapshots(const std::shared_ptr<rocksdb::Cache>& cache) {
  auto options = common();
  options.write_buffer_size = 32 * mebibyte;
  options.compression = rocksdb::kLZ4Compression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(tables(cache, 8 * 1024)));
  return options;
}

rocksdb::ColumnFamilyOptions for_meta() {
  auto options = common();
  options.write_buffer_size = 4 * mebibyte;
  return options;
}

}  // namespace

rocksdb::DBOptions database_options(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;
  // The only mode that neither drops synced records in silence nor refuses the
  // torn tail that every kill leaves.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.avoid_flush_during_recovery = false;
  options.paranoid_checks = true;
  // The families that are seldom written would otherwise keep old WAL files.
  options.max_total_wal_size = 64 * mebibyte;
  options.unordered_write = false;
  options.manual_wal_flush = false;
  options.two_write_queues = false;
  options.wal_compression = rocksdb::kNoCompression;
  options.skip_stats_update_on_db_open = true;
  // Files of a large log outnumber the descriptors that a process may have.
  options.max_open_files = 512;  // see descriptors_max
  options.max_background_jobs = 2;
  options.bytes_per_sync = mebibyte;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_options() {
  const auto cache = rocksdb::NewLRUCache(32 * mebibyte);
  return {{rocksdb::kDefaultColumnFamilyName, for_meta()},
          {log_family, for_log(cache)},
          {snapshot_family, for_snapshots(cache)},
          {meta_family, for_meta()}};
}

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  options.protection_bytes_per_key = protection_bytes;
  return options;
}

rocksdb::WriteOptions derived() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  options.protection_bytes_per_key = protection_bytes;
  return options;
}

}  // namespace callstate::storage
