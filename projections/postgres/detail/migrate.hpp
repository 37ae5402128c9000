#pragma once

#include "projections/postgres/detail/connection.hpp"

namespace callstate::projections::postgres {

/// Brings the schema to this build's: makes it where it is missing and applies the
/// migrations that it lacks, each in a transaction, one server at a time. Throws;
/// refuses a schema that a newer build has made, or whose migrations were others.
void migrate(Connection& connection, const Settings& settings);

/// Refuses tables whose columns are not as the migrations made them. Further
/// columns are the operator's own matter.
void check_columns(Connection& connection, const Settings& settings);

}  // namespace callstate::projections::postgres
