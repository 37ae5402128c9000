#pragma once

#include <rocksdb/wal_filter.h>

#include <string>
#include <vector>

#include "storage/detail/positions.hpp"

namespace callstate::storage {

/// Watches RocksDB read the write-ahead log while it opens. A zeroed page there
/// reads as the end of a block: RocksDB goes on behind it without a word, then
/// flushes what it has and deletes the file. Seeing the hole here makes the
/// opening fail while everything that is left is still in place. One opening
/// each; the thread that opens.
class WalWatch : public rocksdb::WalFilter {
 public:
  /// `stop`: make RocksDB refuse at the first hole. `note`: only remember.
  enum class AtHole : unsigned char { stop, note };
  explicit WalWatch(AtHole at_hole) : at_hole_(at_hole) {}

  /// The records that were found, as runs of positions.
  [[nodiscard]] const std::vector<Extent>& found() const { return found_; }
  /// Between those runs.
  [[nodiscard]] std::vector<Extent> holes() const;
  /// The value of the last record before the first hole; empty without one.
  [[nodiscard]] const std::string& before_hole() const { return before_hole_; }
  /// The value of the last record found.
  [[nodiscard]] const std::string& last_value() const { return last_value_; }

  void ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>& log_numbers,
                                const std::map<std::string, std::uint32_t>& ids) override;
  WalProcessingOption LogRecordFound(unsigned long long log_number, const std::string& file,
                                     const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* new_batch, bool* batch_changed) override;
  [[nodiscard]] const char* Name() const override { return "callstate.WalWatch"; }

 private:
  class Positions;

  AtHole at_hole_;
  std::uint32_t family_ = 0;
  std::vector<Extent> found_;
  std::string before_hole_;
  std::string last_value_;
};

}  // namespace callstate::storage
