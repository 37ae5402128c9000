#include "storage/detail/event_log.hpp"

#include <utility>

#include "storage/detail/options.hpp"
#include "storage/detail/positions.hpp"
#include "storage/sha256.hpp"

namespace callstate::storage {
namespace {

constexpr std::size_t protection_bytes = 8;
/// Batches kept for reuse: one is filled while another is written.
constexpr std::size_t pool_max = 4;

}  // namespace

class RocksEventLog::Batch final : public engine::LogBatch {
 public:
  explicit Batch(RocksEventLog& log) : log_(log) {}

  call::Hash add(call::Record& record) override {
    record.position = log_.next_position_++;
    if (first == 0) first = record.position;
    last = record.position;
    const auto bytes = log_.encoder_.encode(record);
    const PositionKey key(record.position);
    const auto put =
        writes.Put(log_.database_.log, key.view(),
                   rocksdb::Slice(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    if (!put.ok()) log_.fail_stop_.trip("a record could not be batched: " + put.ToString());
    return sha256(bytes);
  }

  [[nodiscard]] std::size_t size() const override {
    return static_cast<std::size_t>(first == 0 ? 0 : last - first + 1);
  }

  void clear() {
    writes.Clear();
    first = last = 0;
  }

  rocksdb::WriteBatch writes{0, 0, protection_bytes, 0};
  call::Position first = 0;
  call::Position last = 0;

 private:
  RocksEventLog& log_;
};

RocksEventLog::RocksEventLog(Database& database, FailStop& fail_stop, FreeSpace& free_space)
    : database_(database),
      fail_stop_(fail_stop),
      free_space_(free_space),
      next_position_(database.head + 1) {}

RocksEventLog::~RocksEventLog() = default;

std::unique_ptr<engine::LogBatch> RocksEventLog::begin() {
  {
    const std::scoped_lock lock(pool_mutex_);
    if (!pool_.empty()) {
      auto batch = std::move(pool_.back());
      pool_.pop_back();
      return batch;
    }
  }
  return std::make_unique<Batch>(*this);
}

std::expected<void, engine::Failure> RocksEventLog::commit(
    std::unique_ptr<engine::LogBatch> batch) {
  // Every batch comes from `begin`.
  std::unique_ptr<Batch> own(static_cast<Batch*>(batch.release()));
  auto written = write(*own);
  give_back(std::move(own));
  return written;
}

std::expected<void, engine::Failure> RocksEventLog::write(Batch& batch) {
  if (fail_stop_.tripped()) return std::unexpected(fail_stop_.failure());
  if (batch.size() == 0) return {};
  const auto head = database_.head.load(std::memory_order_relaxed);
  const std::vector<Extent> extent{{batch.first, batch.last}};
  if (batch.first != head + 1 || batch.size() != static_cast<std::size_t>(batch.writes.Count())) {
    fail_stop_.trip("batches were not committed in the order in which they were begun: " +
                    describe(extent) + " came after " + std::to_string(head));
    return std::unexpected(fail_stop_.failure());
  }
  const auto status = database_.db->Write(synced(), &batch.writes);
  if (!status.ok()) {
    fail_stop_.trip("the log in " + database_.path.string() +
                    " could not be written: " + status.ToString() + ". Whether " +
                    describe(extent) + " is in it only a restart can tell; " +
                    (status.IsNoSpace() ? "make room on the disk and restart"
                                        : "look at the disk, then restart"));
    free_space_.refresh();
    return std::unexpected(fail_stop_.failure());
  }
  database_.head.store(batch.last, std::memory_order_release);
  return {};
}

void RocksEventLog::give_back(std::unique_ptr<Batch> batch) {
  batch->clear();
  const std::scoped_lock lock(pool_mutex_);
  if (pool_.size() < pool_max) pool_.push_back(std::move(batch));
}

}  // namespace callstate::storage
