#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/ports.hpp"
#include "storage/detail/positions.hpp"

// Pieces of the sentences about a damaged log.

namespace callstate::storage {

/// The sentence, and what to do about a damaged log.
engine::Failure with_advice(const std::string& sentence);

/// Whose record these bytes are, as far as they still decode.
std::optional<std::string> stream_of(std::string_view bytes);

/// ` (the record before is of room acme/standup)`, where there is one.
std::string after_whom(std::string_view record_before);

/// `position 7 is missing`, `positions 1 to 3 are missing`.
std::string are_missing(const std::vector<Extent>& extents);

}  // namespace callstate::storage
