#pragma once

#include <chrono>
#include <set>

#include "core/history/call_history.hpp"
#include "projections/postgres/detail/store.hpp"
#include "projections/postgres/maintenance.hpp"

namespace callstate::projections::postgres {

/// Makes the tables that rows are folded into beside those that readers read, unless
/// they are there and alike. Unlogged and without the indexes: a crash of PostgreSQL
/// empties them, their checkpoint with them.
void make_shadow_tables(Connection& connection);
void drop_shadow_tables(pqxx::transaction_base& work);

/// Those tables while they are filled. Throws; one thread, one at a time in a schema,
/// which the constructor refuses otherwise.
class Shadow {
 public:
  Shadow(const Settings& settings, const Source& source, std::size_t batch_records);

  [[nodiscard]] call::Position position() const { return store_->checkpoint().position; }
  [[nodiscard]] pqxx::connection_base& connection() { return store_->connection().raw(); }

  /// Folds the log up to `upto`, in transactions of its own. False: stopped.
  bool fill(call::Position upto, const OnProgress& on_progress);
  /// The same within a transaction. Once that is undone, the shadow is of no more use.
  void catch_up(pqxx::transaction_base& work, call::Position upto);
  /// Begins anew.
  void empty();

 private:
  using Apply = std::function<bool(const history::Changes&)>;
  void fold(call::Position upto, const Apply& apply);
  void open();

  const Settings& settings_;
  const Source& source_;
  const std::size_t batch_records_;
  std::unique_ptr<Store> store_;
  history::CallHistory history_;
  std::set<call::Position> skipped_;
};

}  // namespace callstate::projections::postgres
