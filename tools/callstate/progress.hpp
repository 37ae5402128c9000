#pragma once

#include <chrono>
#include <string>

#include "core/engine/ports.hpp"

namespace callstate::tools {

/// A reader that shows on standard error how far reading has come: a bar on a
/// terminal, elsewhere a line every few seconds; nothing when it is soon over.
class ProgressReader final : public engine::LogReader {
 public:
  /// `what` is being done, in one word.
  ProgressReader(const engine::LogReader& log, std::string what);
  ~ProgressReader() override;
  ProgressReader(const ProgressReader&) = delete;
  ProgressReader& operator=(const ProgressReader&) = delete;

  [[nodiscard]] call::Position head() const override { return log_.head(); }
  std::expected<void, engine::Failure> read(call::Position from, call::Position to,
                                            const Each& each) const override;

 private:
  using Clock = std::chrono::steady_clock;

  void show(call::Position position) const;

  const engine::LogReader& log_;
  std::string what_;
  bool terminal_;
  Clock::time_point began_ = Clock::now();
  mutable Clock::time_point next_;
  mutable bool drawn_ = false;
};

}  // namespace callstate::tools
