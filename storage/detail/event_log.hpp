#pragma once

#include <rocksdb/write_batch.h>

#include <memory>
#include <mutex>
#include <vector>

#include "core/engine/ports.hpp"
#include "storage/detail/database.hpp"
#include "storage/detail/fail_stop.hpp"
#include "storage/free_space.hpp"
#include "storage/record_codec.hpp"

namespace callstate::storage {

/// The write path: begin and add on one thread, commit on the same or another.
/// A batch that is begun and given records must be committed: its positions are
/// taken.
class RocksEventLog final : public engine::EventLog {
 public:
  RocksEventLog(Database& database, FailStop& fail_stop, FreeSpace& free_space);
  ~RocksEventLog() override;

  std::unique_ptr<engine::LogBatch> begin() override;
  std::expected<void, engine::Failure> commit(std::unique_ptr<engine::LogBatch> batch) override;
  [[nodiscard]] bool has_room() const override { return free_space_.has_room(); }

 private:
  class Batch;
  std::expected<void, engine::Failure> write(Batch& batch);
  void give_back(std::unique_ptr<Batch> batch);

  Database& database_;
  FailStop& fail_stop_;
  FreeSpace& free_space_;
  RecordEncoder encoder_;         // of the thread that adds
  call::Position next_position_;  // likewise
  std::mutex pool_mutex_;
  std::vector<std::unique_ptr<Batch>> pool_;
};

}  // namespace callstate::storage
