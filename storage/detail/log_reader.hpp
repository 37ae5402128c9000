#pragma once

#include "core/engine/ports.hpp"
#include "storage/detail/database.hpp"

namespace callstate::storage {

/// Reads the log. Any thread, beside writing; each call has its own iterator.
/// Once a snapshot could not be read every read fails in the end: whoever folds
/// is to say that, and not that the log does not fit.
class RocksLogReader final : public engine::LogReader {
 public:
  explicit RocksLogReader(const Database& database) : database_(database) {}

  [[nodiscard]] call::Position head() const override {
    return database_.head.load(std::memory_order_acquire);
  }
  [[nodiscard]] call::Position first() const override { return database_.first(); }
  [[nodiscard]] std::shared_ptr<const engine::Beginning> beginning() const override {
    return database_.beginning;
  }
  std::expected<void, engine::Failure> read(call::Position from, call::Position to,
                                            const Each& each) const override;
  std::expected<void, engine::Failure> read_at(std::span<const call::Position> positions,
                                               const Each& each) const override;

 private:
  /// What to say at the end of a reading.
  [[nodiscard]] std::expected<void, engine::Failure> ended() const;
  const Database& database_;
};

}  // namespace callstate::storage
