#include "storage/detail/outbox_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/table.h>

#include "storage/detail/info_log.hpp"

namespace callstate::storage {

rocksdb::Options outbox_options(const std::filesystem::path& directory) {
  constexpr std::size_t mebibyte = 1024UL * 1024;
  rocksdb::Options options;
  options.create_if_missing = true;
  options.info_log = file_logger(directory);
  options.max_open_files = 64;  // see outbox_descriptors_max
  options.max_background_jobs = 2;
  options.write_buffer_size = 4 * mebibyte;
  options.compression = rocksdb::kLZ4Compression;
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  // What is there is there up to some moment: see webhook_outbox.hpp.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  rocksdb::BlockBasedTableOptions tables;
  tables.block_cache = rocksdb::NewLRUCache(4 * mebibyte);
  tables.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(tables));
  return options;
}

}  // namespace callstate::storage
