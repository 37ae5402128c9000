#pragma once

#include <pqxx/pqxx>
#include <string>

namespace callstate::projections::postgres {

/// A transaction whose BEGIN travels with its first statement and whose COMMIT with
/// its last, so that neither costs a way to the server and back. Undone unless
/// `last` has returned.
class Transaction {
 public:
  explicit Transaction(pqxx::connection_base& connection) : work_(connection) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// The result of the last statement of `sql`.
  pqxx::result first(const std::string& sql);
  void last(const std::string& sql);
  /// What is between.
  [[nodiscard]] pqxx::transaction_base& work() { return work_; }

 private:
  pqxx::nontransaction work_;
  bool open_ = false;
};

}  // namespace callstate::projections::postgres
