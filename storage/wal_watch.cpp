#include "storage/detail/wal_watch.hpp"

#include <string_view>

#include "storage/detail/wal_batch.hpp"

namespace callstate::storage {

std::vector<Extent> WalWatch::holes() const {
  std::vector<Extent> holes;
  for (std::size_t i = 1; i < found_.size(); ++i) {
    holes.push_back({found_[i - 1].last + 1, found_[i].first - 1});
  }
  return holes;
}

bool WalWatch::note(call::Position position) {
  if (!found_.empty() && position <= found_.back().last) return true;
  const bool next = !found_.empty() && position == found_.back().last + 1;
  if (next) {
    found_.back().last = position;
  } else {
    found_.push_back({position, position});
  }
  return next || found_.size() == 1;
}

WalWatch::WalProcessingOption WalWatch::LogRecordFound(unsigned long long, const std::string&,
                                                       const rocksdb::WriteBatch& batch,
                                                       rocksdb::WriteBatch*, bool* batch_changed) {
  *batch_changed = false;
  bool hole = false;
  std::string_view last;
  const bool read = each_record(batch, [&](call::Position position, std::string_view value) {
    if (!note(position)) hole = true;
    last = value;
  });
  if (hole && before_hole_.empty()) before_hole_ = last_value_;
  if (!last.empty()) last_value_.assign(last);
  return read && !hole ? WalProcessingOption::kContinueProcessing
                       : WalProcessingOption::kCorruptedRecord;
}

}  // namespace callstate::storage
