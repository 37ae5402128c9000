#pragma once

#include <map>
#include <string>

#include "storage/sample_records.hpp"
#include "storage/stores.hpp"

namespace callstate::storage::testing {

/// Appends signals to the rooms `room-0` … `room-9` in turn, each chained to its
/// room's one before.
class ChainedLog {
 public:
  void append(Store& store, std::size_t count, std::size_t batch_size = 10) {
    while (count > 0) {
      auto batch = store.log().begin();
      for (; count > 0 && batch->size() < batch_size; --count) {
        const auto room = room_of(++last_);
        auto& [seq, chain] = rooms_[room];
        auto record = signal_in(room, ++seq);
        record.previous = chain;
        chain = batch->add(record);
      }
      ASSERT_TRUE(store.log().commit(std::move(batch)));
    }
  }

 private:
  call::Position last_ = 0;
  std::map<std::string, std::pair<call::Seq, call::Hash>> rooms_;
};

}  // namespace callstate::storage::testing
