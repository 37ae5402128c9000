#include "storage/detail/salvage.hpp"

#include <rocksdb/options.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "storage/detail/beginning.hpp"
#include "storage/detail/database.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/options.hpp"
#include "storage/detail/wal_file.hpp"
#include "storage/snapshot_codec.hpp"

namespace callstate::storage {
namespace {

constexpr call::Position unbounded = std::numeric_limits<call::Position>::max();

/// What is put into the log and into `meta`, told apart by the keys.
class Puts : public rocksdb::WriteBatch::Handler {
 public:
  using Each = std::function<void(std::string_view key, std::string_view value)>;
  explicit Puts(const Each& each) : each_(each) {}

  rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    each_(key.ToStringView(), value.ToStringView());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice&) override {}

 private:
  const Each& each_;
};

std::unique_ptr<rocksdb::SstFileReader> open_table(const std::filesystem::path& path) {
  rocksdb::Options options;
  options.env = rocksdb::Env::Default();
  auto reader = std::make_unique<rocksdb::SstFileReader>(options);
  return reader->Open(path.string()).ok() ? std::move(reader) : nullptr;
}

}  // namespace

std::expected<Salvage, engine::Failure> Salvage::open(const std::filesystem::path& directory) {
  Salvage salvage;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".sst") salvage.add_table(entry.path());
  }
  if (error) {
    return std::unexpected(
        engine::Failure{"cannot list " + directory.string() + ": " + error.message()});
  }
  std::ranges::sort(salvage.tables_, {}, [](const Table& table) { return table.extent.first; });
  const auto files = read_wal(directory);
  if (!files) return std::unexpected(files.error());
  for (const auto& file : *files) {
    if (auto added = salvage.add_wal(file.path); !added) return std::unexpected(added.error());
    if (!file.found.empty()) salvage.end_ = std::max(salvage.end_, file.found.back().last);
  }
  salvage.acknowledged_ = std::max(salvage.acknowledged_, read_head(directory));
  salvage.end_ = std::max(salvage.end_, salvage.acknowledged_);
  return salvage;
}

void Salvage::add_table(const std::filesystem::path& path) {
  const auto reader = open_table(path);
  if (reader == nullptr) return;
  const auto family = reader->GetTableProperties()->column_family_name;
  const std::unique_ptr<rocksdb::Iterator> at(reader->NewIterator({}));
  if (family == meta_family) {
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      add_meta(at->key().ToStringView(), at->value().ToStringView());
    }
  }
  if (family != log_family) return;
  const auto position = [&]() -> call::Position {
    return at->Valid() ? parse_position(at->key().ToStringView()).value_or(0) : 0;
  };
  Extent extent{1, unbounded};
  at->SeekToFirst();
  if (const auto first = position()) extent.first = first;
  at->SeekToLast();
  if (const auto last = position(); last >= extent.first) {
    extent.last = last;
    end_ = std::max(end_, last);
  }
  tables_.push_back({path, extent});
}

void Salvage::add_meta(std::string_view key, std::string_view value) {
  if (key == log_id_key) log_id_ = value;
  if (key == carried_key) carried_ = value;
  if (key == part_key) part_ = true;
  if (key == format_key) {
    begins_later_ = begins_later_ || value == std::to_string(format_version_begun_later);
  }
  if (key == beginning_key) {
    auto beginning = decode_beginning(value);
    // Of several the newest.
    if (beginning && (!beginning_ || beginning->first > beginning_->first)) {
      beginning_ = std::make_shared<const engine::Beginning>(*std::move(beginning));
    }
  }
  if (key != mark_key) return;
  const auto mark =
      decode_mark_position({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
  acknowledged_ = std::max(acknowledged_, mark.value_or(0));
}

std::expected<void, engine::Failure> Salvage::add_wal(const std::filesystem::path& path) {
  const Puts::Each put = [&](std::string_view key, std::string_view value) {
    if (const auto position = parse_position(key)) {
      wal_[*position] = value;
      end_ = std::max(end_, *position);
    } else {
      add_meta(key, value);
    }
  };
  return each_sound_entry(path, [&](std::string_view entry) {
    Puts puts(put);
    // What is no batch holds nothing.
    (void)rocksdb::WriteBatch(std::string(entry)).Iterate(&puts);
  });
}

bool Salvage::seek(const Table& table, call::Position position) {
  const PositionKey key(position);
  if (open_ != &table) {
    iterator_.reset();
    reader_ = open_table(table.path);
    open_ = reader_ == nullptr ? nullptr : &table;
    if (open_ == nullptr) return false;
    iterator_.reset(reader_->NewIterator({}));
    iterator_->Seek(key.view());
  } else {
    if (iterator_->Valid()) iterator_->Next();
    if (!iterator_->Valid() || iterator_->key() != key.view()) iterator_->Seek(key.view());
  }
  return iterator_->Valid() && iterator_->key() == key.view();
}

std::optional<std::string_view> Salvage::at(call::Position position) {
  const auto has = [position](const Table& table) {
    return table.extent.first <= position && position <= table.extent.last;
  };
  // What was written last.
  if (const auto found = wal_.find(position); found != wal_.end()) return found->second;
  if (open_ != nullptr && has(*open_) && seek(*open_, position)) {
    return iterator_->value().ToStringView();
  }
  for (const auto& table : tables_) {
    if (&table != open_ && has(table) && seek(table, position)) {
      return iterator_->value().ToStringView();
    }
  }
  return std::nullopt;
}

}  // namespace callstate::storage
