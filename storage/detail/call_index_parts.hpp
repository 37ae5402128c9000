#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <unordered_map>

#include "storage/call_index.hpp"
#include "storage/detail/index_codec.hpp"
#include "storage/detail/sorted_batch.hpp"

namespace callstate::storage {

/// What a call index is made of: its functions are in two files.
struct CallIndex::Parts {
  const CallIndexOptions options;

  /// Guards the pointer: readers share it, `open` has it alone. The sink's thread,
  /// which alone changes it, reads it without.
  mutable std::shared_mutex mutex;
  std::unique_ptr<rocksdb::DB> db;

  std::atomic<call::Position> position{0};
  /// Something that was read is of no use: the next `open` drops all.
  mutable std::atomic<bool> damaged = false;

  // Of the sink's thread.
  struct IdHash {
    std::size_t operator()(const call::CallId& id) const {
      return std::hash<std::string_view>()(
          {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
    }
  };
  std::string log_id;
  index::Encoder encoder;
  std::unordered_map<call::CallId, std::size_t, IdHash> listed;  // live calls: their parties so far

  std::expected<history::HistorySink::Standing, history::Trouble> stand(const std::string& id,
                                                                        call::Position head);
  /// What is wrong with what is stored; empty when nothing.
  std::string find_fault(const std::string& id, call::Position head,
                         history::HistorySink::Standing& standing);
  std::string read_skipped(std::vector<history::Skipped>& skipped) const;
  std::string read_live(std::vector<history::CallRow>& live) const;
  void put(index::SortedBatch& batch, const history::CallRow& row);
  std::expected<void, history::Trouble> write(rocksdb::WriteBatch& batch, call::Position to);

  /// What a failed reading or writing is to whoever asked. Notes damage.
  [[nodiscard]] std::unexpected<history::Trouble> trouble(const rocksdb::Status& status) const;
  [[nodiscard]] std::unexpected<history::Trouble> found_damage() const;
};

namespace index {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline rocksdb::Slice slice_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace index

}  // namespace callstate::storage
