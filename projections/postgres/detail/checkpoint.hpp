#pragma once

#include <optional>
#include <string>
#include <vector>

#include "projections/postgres/detail/connection.hpp"

namespace callstate::projections::postgres {

/// The tables that rows are kept in, by their names within the schema: those that
/// readers read, or those that a rebuild fills beside them.
struct Tables {
  std::string calls;
  std::string events;
  std::string checkpoint;
};
const Tables& live_tables();
const Tables& shadow_tables();

/// The checkpoint's row, as whoever writes believes it to be.
struct Checkpoint {
  std::string log_id;
  call::Position position = 0;
  std::uint64_t writer = 0;
  /// No call that goes on has a lower id; nothing: not known.
  std::optional<call::CallId> live_from{};
};

/// Locks the row until the transaction's end and says what is in it; where there is
/// none it is made, at 0. Throws.
Checkpoint locked(pqxx::transaction_base& work, const Tables& tables, const std::string& log_id);

/// Makes the locked row's writer the one who asks: whoever wrote before does so no
/// more. `at` is where the rows are from now on.
Checkpoint taken_over(pqxx::transaction_base& work, const Tables& tables, const Checkpoint& at);

/// The statement that moves the row on, if it is as believed; it affects one row
/// then, and holds it locked. `explain_lost` says why it did not. Where it is not known
/// any more from where calls go on, since others have changed rows, it stays so.
std::string advance(pqxx::transaction_base& work, const Tables& tables, const Checkpoint& believed,
                    call::Position to, const call::CallId& live_from);

/// Has the next opening look everywhere for calls that go on.
void forget_live_from(pqxx::transaction_base& work, const Tables& tables);
[[noreturn]] void explain_lost(pqxx::transaction_base& work, const Tables& tables,
                               const Checkpoint& believed);

/// What was passed over on purpose, by position.
std::vector<history::Skipped> skipped_records(pqxx::transaction_base& work);

}  // namespace callstate::projections::postgres
