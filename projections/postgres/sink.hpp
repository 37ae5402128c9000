#pragma once

#include <memory>

#include "core/history/ports.hpp"
#include "projections/postgres/settings.hpp"

namespace callstate::projections::postgres {

class Store;

/// Records of the log that are best applied together, where so many wait: a call that
/// changes several times among them is written once.
constexpr std::size_t best_batch_records = 8'192;

/// The rows of `CallLog` and `CallEvent`, exactly once: each batch is written with
/// the position that it brings the rows to, in one transaction, which fails unless
/// the rows are where this sink left them and nobody has taken them over since.
/// After any trouble `open` connects anew. One thread, on which it blocks: the
/// settings' limits bound each step.
class PostgresSink final : public history::HistorySink {
 public:
  PostgresSink(Settings settings, PayloadText payload);
  ~PostgresSink() override;

  std::expected<Standing, history::Trouble> open(const std::string& log_id,
                                                 call::Position head) override;
  std::expected<void, history::Trouble> apply(const history::Changes& changes) override;
  std::expected<void, history::Trouble> skip(call::Position position, const std::string& reason,
                                             call::Time at) override;

 private:
  const Settings settings_;
  const PayloadText payload_;
  std::unique_ptr<Store> store_;  // null: to be opened
};

}  // namespace callstate::projections::postgres
