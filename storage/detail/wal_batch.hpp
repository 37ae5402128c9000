#pragma once

#include <rocksdb/write_batch.h>

#include <optional>
#include <string_view>

#include "storage/detail/positions.hpp"

namespace callstate::storage {

/// Calls `each(position, value)` for the records of the log in a batch of the
/// write-ahead log. What else is written there has keys of other lengths than a
/// position's. False when the batch cannot be read.
template <class Each>
bool each_record(const rocksdb::WriteBatch& batch, const Each& each) {
  class Handler : public rocksdb::WriteBatch::Handler {
   public:
    explicit Handler(const Each& each) : each_(each) {}
    rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice& key,
                          const rocksdb::Slice& value) override {
      const auto position = parse_position(key.ToStringView());
      if (position) each_(*position, value.ToStringView());
      return rocksdb::Status::OK();
    }
    rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override {
      return rocksdb::Status::OK();
    }
    void LogData(const rocksdb::Slice&) override {}

   private:
    const Each& each_;
  };
  Handler handler(each);
  return batch.Iterate(&handler).ok();
}

}  // namespace callstate::storage
