#pragma once

#include <string>

#include "core/call/event.hpp"

namespace callstate::storage::testing {

/// Every field of the record but its position, one line a record.
std::string to_text(const call::Record& record);

std::string to_hex(const call::Hash& hash);

}  // namespace callstate::storage::testing
