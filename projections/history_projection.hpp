#pragma once

#include <string>

#include "core/history/call_history.hpp"
#include "core/history/ports.hpp"
#include "projections/projection.hpp"

namespace callstate::projections {

/// The history of the calls, folded from the log and kept by a sink. One thread.
class HistoryProjection final : public Projection {
 public:
  /// The sink outlives it.
  HistoryProjection(std::string name, history::HistorySink& sink)
      : name_(std::move(name)), sink_(sink) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  std::expected<call::Position, Trouble> open(const std::string& log_id,
                                              call::Position head) override;
  std::expected<void, Trouble> take(const call::Record& record) override;
  std::expected<void, Trouble> commit(call::Position position) override;
  [[nodiscard]] const std::vector<history::Skipped>& skipped() const override { return skipped_; }
  std::expected<void, Trouble> skip(call::Position position, const std::string& reason,
                                    call::Time at) override;

 private:
  const std::string name_;
  history::HistorySink& sink_;
  history::CallHistory history_;
  std::vector<history::Skipped> skipped_;
};

}  // namespace callstate::projections
