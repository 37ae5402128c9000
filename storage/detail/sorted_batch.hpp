#pragma once

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace callstate::storage::index {

/// Changes that become a batch in the order of their keys. A memtable looks for a key's
/// place from where the last one went: in the order of the log, where a call's rows lie
/// in several ranges of keys, every one of them would be looked for from the top.
class SortedBatch {
 public:
  void put(std::string key, std::string_view value = {}) {
    changes_.push_back({std::move(key), std::string(value), false, changes_.size()});
  }
  void remove(std::string key) { changes_.push_back({std::move(key), {}, true, changes_.size()}); }

  void write_to(rocksdb::WriteBatch& batch) {
    std::ranges::sort(changes_, [](const Change& a, const Change& b) {
      return std::tie(a.key, a.order) < std::tie(b.key, b.order);
    });
    for (const auto& [key, value, removed, order] : changes_) {
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
    std::size_t order = 0;  // as it came, among those of one key
  };
  std::vector<Change> changes_;
};

}  // namespace callstate::storage::index
