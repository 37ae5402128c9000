#include "tools/callstate/report/read_ahead.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace callstate::tools {
namespace {

constexpr std::size_t batch_records = 256;
constexpr std::size_t batches_max = 4;

/// Records and their hashes, which the reading thread computes, so that the two have
/// about as much to do; reused, so that little is allocated.
struct Batch {
  struct Slot {
    call::Record record;
    call::Hash hash{};
  };
  std::vector<Slot> slots = std::vector<Slot>(batch_records);
  std::size_t size = 0;
};
using BatchPtr = std::unique_ptr<Batch>;

/// Batches on their way from one thread to another, and back to be filled again.
class Lane {
 public:
  Lane() {
    for (std::size_t i = 0; i < batches_max; ++i) empty_.push_back(std::make_unique<Batch>());
  }

  /// The next one to fill; null when nobody wants more.
  BatchPtr next_empty() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_ || !empty_.empty(); });
    if (stopped_) return nullptr;
    return take_from(empty_);
  }
  void put(BatchPtr batch) {
    {
      const std::scoped_lock lock(mutex_);
      full_.push_back(std::move(batch));
    }
    changed_.notify_all();
  }
  /// No more come.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

  /// The next one to look at; null when that was all.
  BatchPtr next_full() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !full_.empty(); });
    if (full_.empty()) return nullptr;
    return take_from(full_);
  }
  void give_back(BatchPtr batch) {
    {
      const std::scoped_lock lock(mutex_);
      batch->size = 0;
      empty_.push_back(std::move(batch));
    }
    changed_.notify_all();
  }
  /// No more are wanted.
  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
  }

 private:
  static BatchPtr take_from(std::deque<BatchPtr>& batches) {
    auto batch = std::move(batches.front());
    batches.pop_front();
    return batch;
  }

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<BatchPtr> empty_;
  std::deque<BatchPtr> full_;
  bool closed_ = false;
  bool stopped_ = false;
};

/// On the reading thread.
std::expected<void, engine::Failure> fill(const engine::LogReader& log, call::Position from,
                                          call::Position to, Lane& lane) {
  BatchPtr batch = lane.next_empty();
  auto read = log.read(from, to, [&](const call::Record& record, const engine::RecordHash& hash) {
    if (!batch) return false;
    auto& slot = batch->slots[batch->size++];
    slot.record = record;
    slot.hash = hash;
    if (batch->size == batch->slots.size()) {
      lane.put(std::move(batch));
      batch = lane.next_empty();
    }
    return batch != nullptr;
  });
  if (batch && batch->size > 0) lane.put(std::move(batch));
  lane.close();
  return read;
}

/// Ends and waits for the reading thread, whatever happens here.
class Reading {
 public:
  Reading(Lane& lane, std::thread thread) : lane_(lane), thread_(std::move(thread)) {}
  ~Reading() {
    lane_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  void join() { thread_.join(); }

 private:
  Lane& lane_;
  std::thread thread_;
};

}  // namespace

std::expected<void, engine::Failure> ReadAhead::read(call::Position from, call::Position to,
                                                     const Each& each) const {
  Lane lane;
  std::expected<void, engine::Failure> result;
  Reading reading(lane, std::thread([&] { result = fill(log_, from, to, lane); }));
  while (auto batch = lane.next_full()) {
    for (std::size_t i = 0; i < batch->size; ++i) {
      const auto& slot = batch->slots[i];
      if (!each(slot.record, slot.hash)) return {};
    }
    lane.give_back(std::move(batch));
  }
  reading.join();
  return result;
}

}  // namespace callstate::tools
