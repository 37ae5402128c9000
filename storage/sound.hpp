#pragma once

#include <expected>

#include "core/engine/ports.hpp"
#include "storage/store.hpp"

namespace callstate::storage {

/// Reads all of the log: every record is there, decodes, and follows its stream's one
/// before by hash. Gives the time of the last; the failure names the position.
std::expected<call::Time, engine::Failure> read_all(const StoredLog& log);

}  // namespace callstate::storage
