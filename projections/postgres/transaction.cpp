#include "projections/postgres/detail/transaction.hpp"

namespace callstate::projections::postgres {

Transaction::~Transaction() {
  if (!open_) return;
  try {
    work_.exec("ROLLBACK");
  } catch (const std::exception&) {
    // The connection is gone, and the transaction with it.
  }
}

pqxx::result Transaction::first(const std::string& sql) {
  open_ = true;
  return work_.exec("BEGIN;" + sql);
}

void Transaction::last(const std::string& sql) {
  work_.exec(sql.empty() ? "COMMIT" : sql + ";COMMIT");
  open_ = false;
}

}  // namespace callstate::projections::postgres
