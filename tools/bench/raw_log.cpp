#include "tools/bench/raw_log.hpp"

#include <rocksdb/db.h>

#include <chrono>
#include <stdexcept>

#include "storage/detail/options.hpp"
#include "storage/sha256.hpp"

namespace callstate::bench {
namespace {

void check(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
}

struct Key {
  explicit Key(std::uint64_t position) {
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(position >> (8 * (7 - i)));
  }
  [[nodiscard]] rocksdb::Slice view() const { return {bytes, 8}; }
  char bytes[8];
};

struct Opened {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::ColumnFamilyHandle* log = nullptr;

  Opened(const std::string& folder, bool read_only) {
    auto options = storage::database_options(rocksdb::Env::Default());
    const auto descriptors = storage::family_options();
    if (read_only) {
      check(rocksdb::DB::OpenForReadOnly(options, folder, descriptors, &families, &db));
    } else {
      options.create_if_missing = options.create_missing_column_families = true;
      check(rocksdb::DB::Open(options, folder, descriptors, &families, &db));
    }
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      if (descriptors[i].name == storage::log_family) log = families[i];
    }
  }
  ~Opened() {
    for (auto* family : families) db->DestroyColumnFamilyHandle(family);
    delete db;
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
};

}  // namespace

struct RawLog::Database : Opened {
  using Opened::Opened;
};

RawLog::RawLog(const std::string& folder) : database_(std::make_unique<Database>(folder, false)) {}
RawLog::~RawLog() = default;

void RawLog::put_groups(const std::vector<std::string>& records, std::size_t group) {
  rocksdb::WriteBatch batch;
  for (std::size_t at = 0; at < records.size();) {
    batch.Clear();
    for (std::size_t i = 0; i < group && at < records.size(); ++i) {
      check(batch.Put(database_->log, Key(++last_).view(), records[at++]));
    }
    check(database_->db->Write(storage::synced(), &batch));
  }
}

void RawLog::put_one(const std::string& record) {
  check(database_->db->Put(storage::synced(), database_->log, Key(++last_).view(), record));
}

std::vector<std::string> read_raw(const std::string& folder, std::size_t count) {
  const Opened opened(folder, true);
  std::vector<std::string> records;
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> at(opened.db->NewIterator(options, opened.log));
  for (at->SeekToFirst(); at->Valid() && records.size() < count; at->Next()) {
    records.push_back(at->value().ToString());
  }
  check(at->status());
  return records;
}

namespace {

/// Calls `each` with every record's bytes.
template <class Each>
std::size_t scan(const std::string& folder, double& seconds, const Each& each) {
  const Opened opened(folder, true);
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.readahead_size = 2UL * 1024 * 1024;
  options.fill_cache = false;
  const auto began = std::chrono::steady_clock::now();
  const std::unique_ptr<rocksdb::Iterator> at(opened.db->NewIterator(options, opened.log));
  std::size_t records = 0;
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    ++records;
    each(at->value());
  }
  check(at->status());
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return records;
}

}  // namespace

std::size_t scan_raw(const std::string& folder, double& seconds) {
  volatile std::size_t bytes = 0;
  return scan(folder, seconds, [&](const rocksdb::Slice& value) { bytes = bytes + value.size(); });
}

std::size_t hash_raw(const std::string& folder, double& seconds) {
  volatile std::uint8_t some = 0;
  return scan(folder, seconds, [&](const rocksdb::Slice& value) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(value.data());
    some = some ^ storage::sha256({data, value.size()})[0];
  });
}

}  // namespace callstate::bench
