#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "core/history/ports.hpp"
#include "projections/postgres/detail/rows.hpp"

namespace callstate::projections::postgres {

/// A set of tables under one writer: what the sink that follows the log and a
/// rebuild have in common. Throws; one thread. After anything was thrown it is of
/// no more use.
class Store {
 public:
  /// Connects, migrates, and takes the checkpoint over. `foreign` decides about the
  /// checkpoint as it was found, and may refuse it or give another one.
  using Judge = std::function<Checkpoint(pqxx::transaction_base& work, const Checkpoint& found)>;
  Store(const Settings& settings, const Tables& tables, PayloadText payload,
        const std::string& log_id, const Judge& judge);

  [[nodiscard]] const Checkpoint& checkpoint() const { return checkpoint_; }
  /// As of the opening; to be taken once.
  std::vector<history::CallRow> take_live() { return std::move(live_); }
  [[nodiscard]] const std::vector<history::Skipped>& skipped() const { return skipped_; }
  [[nodiscard]] Connection& connection() { return connection_; }

  /// Rows and checkpoint in one transaction. Refuses (`poison`) what cannot be held,
  /// by its position.
  void apply(const history::Changes& changes);
  /// The same within a transaction that goes on, which must hold the checkpoint.
  void apply_within(pqxx::transaction_base& work, const history::Changes& changes);

  /// Goes on to `position` without its rows, and notes why.
  void skip(call::Position position, const std::string& reason, call::Time at);

 private:
  /// Of the calls that go on, once these changes are in.
  call::CallId lowest_live(const history::Changes& changes);
  void moved(pqxx::transaction_base& work, const pqxx::result& result, call::Position to);
  void find_poison(const history::Changes& changes, const std::string& words);

  const Settings& settings_;
  const Tables& tables_;
  Connection connection_;
  Checkpoint checkpoint_;
  std::vector<history::CallRow> live_;
  std::set<call::CallId> live_ids_;
  std::vector<history::Skipped> skipped_;
  std::unique_ptr<RowWriter> writer_;
};

}  // namespace callstate::projections::postgres
