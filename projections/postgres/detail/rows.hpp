#pragma once

#include <vector>

#include "core/history/rows.hpp"
#include "projections/postgres/detail/checkpoint.hpp"
#include "projections/postgres/detail/fields.hpp"

namespace callstate::projections::postgres {

/// Writes rows into a set of tables, through one connection. Throws what libpqxx
/// throws.
class RowWriter {
 public:
  /// Makes the temporary table that changed calls go through. One writer a
  /// connection.
  RowWriter(Connection& connection, const Tables& tables, PayloadText payload);

  /// All of it within `work`, up to last statements that are given back: they may
  /// travel with what follows. Empty where there are none.
  /// Rows of calls that began behind `after` are new, and others there.
  std::string write(pqxx::transaction_base& work, const history::Changes& changes,
                    call::Position after);

  /// Between two writes of one transaction; its end does the same.
  static void forget_staged(pqxx::transaction_base& work);

  void copy_events(pqxx::transaction_base& work, std::span<const history::EventRow> events);
  using Calls = std::span<const history::CallRow* const>;
  void stage_calls(pqxx::transaction_base& work, Calls calls);

 private:
  void copy_calls(pqxx::transaction_base& work, Calls calls, const std::string& table);

  const Tables& tables_;
  PayloadText payload_;
  CopyLines lines_;
  std::string merge_calls_;  // SQL
};

/// The calls that go on, as their rows say: of those with that id or a higher one, or
/// of all. Throws.
std::vector<history::CallRow> live_calls(pqxx::transaction_base& work, const Tables& tables,
                                         const std::optional<call::CallId>& from);

}  // namespace callstate::projections::postgres
