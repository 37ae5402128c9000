#pragma once

#include <rocksdb/wal_filter.h>

#include <string>
#include <vector>

#include "storage/detail/positions.hpp"

namespace callstate::storage {

/// Watches RocksDB read the write-ahead log while it opens: at the first hole in
/// the positions the opening fails while everything that is left is still in
/// place. Behind `read_wal`, which finds what does not check, this finds files
/// that check and do not follow one another. One opening each; the thread that
/// opens.
class WalWatch : public rocksdb::WalFilter {
 public:
  /// The records that were found, as runs of positions.
  [[nodiscard]] const std::vector<Extent>& found() const { return found_; }
  /// Between those runs.
  [[nodiscard]] std::vector<Extent> holes() const;
  /// The value of the last record before the first hole; empty without one.
  [[nodiscard]] const std::string& before_hole() const { return before_hole_; }

  WalProcessingOption LogRecordFound(unsigned long long log_number, const std::string& file,
                                     const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* new_batch, bool* batch_changed) override;
  [[nodiscard]] const char* Name() const override { return "callstate.WalWatch"; }

 private:
  /// False when it is not the next one.
  bool note(call::Position position);

  std::vector<Extent> found_;
  std::string before_hole_;
  std::string last_value_;
};

}  // namespace callstate::storage
