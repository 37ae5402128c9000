#pragma once

#include "core/engine/ports.hpp"

namespace callstate::tools {

/// Reads a log on a thread of its own, some hundred records ahead of whoever looks at
/// them, and computes their hashes there (their bytes are not given): for what takes as
/// long as that does. `each` is called on the caller's thread, as by any reader.
class ReadAhead final : public engine::LogReader {
 public:
  explicit ReadAhead(const engine::LogReader& log) : log_(log) {}

  [[nodiscard]] call::Position head() const override { return log_.head(); }
  [[nodiscard]] call::Position first() const override { return log_.first(); }
  [[nodiscard]] std::shared_ptr<const engine::Beginning> beginning() const override {
    return log_.beginning();
  }
  std::expected<void, engine::Failure> read(call::Position from, call::Position to,
                                            const Each& each) const override;

 private:
  const engine::LogReader& log_;
};

}  // namespace callstate::tools
