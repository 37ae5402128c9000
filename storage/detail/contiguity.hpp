#pragma once

#include <expected>

#include "storage/detail/database.hpp"
#include "storage/detail/positions.hpp"

namespace callstate::storage {

/// The log's last position, having made sure that every position from 1 on is
/// there: by the bounds and counts that the table files carry, not by reading
/// them; keys are scanned only where those do not settle it and above the last
/// file. Fails naming the positions that are missing.
std::expected<call::Position, engine::Failure> check_contiguity(Database& database);

}  // namespace callstate::storage
