#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "core/engine/ports.hpp"

namespace callstate::tools {

/// How far something has come, on standard error: a bar on a terminal, elsewhere a
/// line every few seconds; nothing when it is soon over.
class ProgressBar {
 public:
  /// `what` is being done, in a word or two.
  explicit ProgressBar(std::string what);
  ~ProgressBar();  // takes the bar away
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Whether `show` would show anything by now.
  [[nodiscard]] bool is_due() const;
  /// So many of all `noun`s, `rate` of them a second.
  void show(std::uint64_t done, std::uint64_t all, const char* noun, double rate);
  /// What takes as long as it takes; shown once.
  void show(const std::string& step);

  [[nodiscard]] double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool terminal_;
  Clock::time_point began_ = Clock::now();
  Clock::time_point next_;
  bool drawn_ = false;
  std::string step_;
};

/// A reader that shows how far reading has come.
class ProgressReader final : public engine::LogReader {
 public:
  /// `what` is being done, in one word.
  ProgressReader(const engine::LogReader& log, std::string what)
      : log_(log), bar_(std::move(what)) {}

  [[nodiscard]] call::Position head() const override { return log_.head(); }
  [[nodiscard]] call::Position first() const override { return log_.first(); }
  [[nodiscard]] std::shared_ptr<const engine::Beginning> beginning() const override {
    return log_.beginning();
  }
  std::expected<void, engine::Failure> read(call::Position from, call::Position to,
                                            const Each& each) const override;
  /// Of a few, which is soon over.
  std::expected<void, engine::Failure> read_at(std::span<const call::Position> positions,
                                               const Each& each) const override {
    return log_.read_at(positions, each);
  }

 private:
  const engine::LogReader& log_;
  mutable ProgressBar bar_;
};

}  // namespace callstate::tools
