#pragma once

#include <string>
#include <vector>

#include "projections/postgres/detail/checkpoint.hpp"
#include "projections/postgres/maintenance.hpp"

// Holding the rows against those that were folded beside them, and bringing them to
// that. All within the caller's transaction; throws.

namespace callstate::projections::postgres {

/// A condition on the rows of both sides, in SQL, on columns without a prefix.
using Condition = std::string;
/// Events of positions above `after`, up to `upto` where that is not 0.
Condition events_between(call::Position after, call::Position upto);
/// Those that have drifted.
Condition these_events(const std::vector<Drift>& drift);
Condition these_calls(const std::vector<Drift>& drift);

/// Rows that are wrong or nowhere in the shadow are removed, then those that are
/// missing are added: how many were wrong, one too many, or missing.
std::uint64_t replace_events(pqxx::transaction_base& work, const Condition& which);
std::uint64_t replace_calls(pqxx::transaction_base& work, const Condition& which);

/// Removes events above `settled` that have the id of one up to there: it could not be
/// added. None that is right is among them, since ids are made from positions.
std::uint64_t remove_impostors(pqxx::transaction_base& work, call::Position settled);

/// Adds what differs, up to `rows_max` rows of each table; whether there is more.
bool find_drift(pqxx::transaction_base& work, std::size_t rows_max, std::vector<Drift>& drift);

}  // namespace callstate::projections::postgres
