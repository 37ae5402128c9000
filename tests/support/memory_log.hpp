#pragma once

#include <atomic>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/engine/beginning.hpp"
#include "core/engine/ports.hpp"

namespace callstate::support {

/// A hash of everything in the record but its position. Stands for SHA-256: it
/// depends on every field, and is cheap.
call::Hash hash_of(const call::Record& record);

/// The event log in memory. What a commit has written is durable only when the
/// commit succeeds; `crash` drops the rest. It dies on a breach of the port's
/// contract (batches out of order), so that no test can pass with one.
///
/// As the port says, one thread begins batches while another commits; reading
/// and the switches are for any thread.
class MemoryLog final : public engine::EventLog, public engine::LogReader {
 public:
  // What the engine sees.
  std::unique_ptr<engine::LogBatch> begin() override;
  std::expected<void, engine::Failure> commit(std::unique_ptr<engine::LogBatch> batch) override;
  [[nodiscard]] bool has_room() const override { return has_room_; }
  [[nodiscard]] call::Position head() const override;
  [[nodiscard]] call::Position first() const override { return first_; }
  [[nodiscard]] std::shared_ptr<const engine::Beginning> beginning() const override;
  std::expected<void, engine::Failure> read(call::Position from, call::Position to,
                                            const Each& each) const override;

  // What the world does.

  /// What becomes of a batch whose commit fails.
  enum class Fault {
    lost,     // a crash drops it
    durable,  // it has reached the disk, and only the answer was lost
  };
  /// Makes the `nth` commit from now on fail (1: the next one), and every one
  /// after it until `crash`.
  void fail_commit(std::size_t nth, Fault fault);
  /// Called by every commit before it writes; may block.
  void set_gate(std::function<void()> gate);
  void set_room(bool has_room) { has_room_ = has_room; }
  /// What came before is no longer kept, as far as anybody asks.
  void set_first(call::Position first) { first_ = first; }
  /// Drops what a retention drops.
  void begin_later(engine::Beginning beginning);
  /// The process is gone: what was begun or not durable with it.
  void crash();

  // What a test looks at or breaks.

  [[nodiscard]] std::size_t commits() const;
  /// The records of every successful commit, in order.
  [[nodiscard]] std::vector<std::size_t> batch_sizes() const;
  [[nodiscard]] call::Record at(call::Position position) const;
  [[nodiscard]] std::vector<call::Record> all() const;
  /// Alters a durable record and its hash, as an intruder or a bad disk would.
  void alter(call::Position position, const std::function<void(call::Record&)>& change);
  /// Drops every record after `position`, durable or not.
  void lose_after(call::Position position);
  /// Drops one record: reading over it skips it silently.
  void lose(call::Position position);

 private:
  struct Stored {
    call::Record record;
    call::Hash hash{};
  };
  class Batch;

  call::Position next_ = 1;  // the beginner's
  std::atomic<bool> has_room_ = true;
  std::atomic<call::Position> first_ = 1;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<Stored> durable_;
  std::shared_ptr<const engine::Beginning> beginning_;
  call::Position written_ = 0;  // may be ahead of what is durable
  std::function<void()> gate_;
  std::size_t fails_in_ = 0;  // 0: never
  Fault fault_ = Fault::lost;
  bool failed_ = false;
  std::vector<std::size_t> batch_sizes_;
};

}  // namespace callstate::support
