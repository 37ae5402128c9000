#pragma once

#include <rocksdb/sst_file_reader.h>

#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/beginning.hpp"
#include "core/engine/ports.hpp"
#include "storage/detail/positions.hpp"

namespace callstate::storage {

/// Reads a log's records from its files one by one, past the database, which a
/// damaged list of files or a hole keeps closed. Every checksum is looked at; what
/// does not check is not there. One thread.
class Salvage {
 public:
  static std::expected<Salvage, engine::Failure> open(const std::filesystem::path& directory);

  /// The bytes of the record, valid until the next call; nothing where they cannot be
  /// read. Fast for positions that rise.
  std::optional<std::string_view> at(call::Position position);

  /// Empty where it cannot be read.
  [[nodiscard]] const std::string& log_id() const { return log_id_; }
  [[nodiscard]] const std::string& carried() const { return carried_; }
  [[nodiscard]] bool is_part() const { return part_; }
  /// Whether older calls were dropped from it, and what it begins with then; null where
  /// that cannot be read.
  [[nodiscard]] bool begins_later() const { return begins_later_ || beginning_; }
  [[nodiscard]] const std::shared_ptr<const engine::Beginning>& beginning() const {
    return beginning_;
  }
  /// The last position that was acknowledged for sure: by `head`, or by a mark.
  [[nodiscard]] call::Position acknowledged() const { return acknowledged_; }
  /// The last that any file has, or is known to have had.
  [[nodiscard]] call::Position end() const { return end_; }

 private:
  struct Table {
    std::filesystem::path path;
    Extent extent;  // from 1 to the end of all where its bounds cannot be read
  };

  void add_table(const std::filesystem::path& path);
  void add_meta(std::string_view key, std::string_view value);
  std::expected<void, engine::Failure> add_wal(const std::filesystem::path& path);
  bool seek(const Table& table, call::Position position);

  std::vector<Table> tables_;  // by their first position
  std::map<call::Position, std::string> wal_;
  std::string log_id_;
  std::string carried_;
  bool part_ = false;
  bool begins_later_ = false;
  std::shared_ptr<const engine::Beginning> beginning_;
  call::Position acknowledged_ = 0;
  call::Position end_ = 0;

  const Table* open_ = nullptr;
  std::unique_ptr<rocksdb::SstFileReader> reader_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace callstate::storage
