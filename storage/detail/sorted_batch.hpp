#pragma once

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace callstate::storage::index {

/// Changes that become a batch in the order of their keys. A memtable looks for a key's
/// place from where the last one went: in the order of the log, where a call's rows lie
/// in several ranges of keys, every one of them would be looked for from the top.
class SortedBatch {
 public:
  void put(std::string key, std::string_view value = {}) {
    changes_.push_back({std::move(key), std::string(value), false});
  }
  void remove(std::string key) { changes_.push_back({std::move(key), {}, true}); }

  void write_to(rocksdb::WriteBatch& batch) {
    std::ranges::stable_sort(changes_, {}, &Change::key);
    for (const auto& [key, value, removed] : changes_) {
      if (removed) {
        batch.Delete(key);
      } else {
        batch.Put(key, value);
      }
    }
    changes_.clear();
  }

 private:
  struct Change {
    std::string key;
    std::string value;
    bool removed = false;
  };
  std::vector<Change> changes_;
};

}  // namespace callstate::storage::index
