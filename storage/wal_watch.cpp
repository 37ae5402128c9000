#include "storage/detail/wal_watch.hpp"

#include <rocksdb/write_batch.h>

#include "storage/detail/options.hpp"

namespace callstate::storage {

/// Collects the positions of one batch into the watch's runs.
class WalWatch::Positions : public rocksdb::WriteBatch::Handler {
 public:
  explicit Positions(WalWatch& watch) : watch_(watch) {}

  [[nodiscard]] bool hole() const { return hole_; }
  [[nodiscard]] const rocksdb::Slice& last_value() const { return last_value_; }

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    if (family != watch_.family_) return rocksdb::Status::OK();
    const auto position = parse_position(key.ToStringView());
    if (!position) return rocksdb::Status::OK();
    auto& found = watch_.found_;
    if (found.empty()) {
      found.push_back({*position, *position});
    } else if (*position == found.back().last + 1) {
      found.back().last = *position;
    } else if (*position > found.back().last) {
      found.push_back({*position, *position});
      hole_ = true;
    }
    last_value_ = value;
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice&) override {}

 private:
  WalWatch& watch_;
  rocksdb::Slice last_value_;
  bool hole_ = false;
};

std::vector<Extent> WalWatch::holes() const {
  std::vector<Extent> holes;
  for (std::size_t i = 1; i < found_.size(); ++i) {
    holes.push_back({found_[i - 1].last + 1, found_[i].first - 1});
  }
  return holes;
}

void WalWatch::ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>&,
                                        const std::map<std::string, std::uint32_t>& ids) {
  const auto id = ids.find(log_family);
  if (id != ids.end()) family_ = id->second;
}

WalWatch::WalProcessingOption WalWatch::LogRecordFound(unsigned long long, const std::string&,
                                                       const rocksdb::WriteBatch& batch,
                                                       rocksdb::WriteBatch*, bool* batch_changed) {
  *batch_changed = false;
  Positions positions(*this);
  if (!batch.Iterate(&positions).ok()) return WalProcessingOption::kCorruptedRecord;
  if (positions.hole() && before_hole_.empty()) before_hole_ = last_value_;
  if (!positions.last_value().empty()) {
    last_value_.assign(positions.last_value().data(), positions.last_value().size());
  }
  return positions.hole() && at_hole_ == AtHole::stop ? WalProcessingOption::kCorruptedRecord
                                                      : WalProcessingOption::kContinueProcessing;
}

}  // namespace callstate::storage
