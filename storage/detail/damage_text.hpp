#pragma once

#include <filesystem>
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

/// Whether it is such a sentence.
bool is_damage(const engine::Failure& failure);

/// What to do where a text of RocksDB or of the system speaks of trouble that is
/// not damage: too many open files, no permission, a disk that cannot be read.
std::optional<std::string> advice_on_trouble(std::string_view text);

/// Such trouble, as the reason for which the log is not opened or read.
std::optional<engine::Failure> trouble(const std::filesystem::path& path, std::string_view text);

/// Whose record these bytes are, as far as they still decode.
std::optional<std::string> stream_of(std::string_view bytes);

/// ` (the record before is of room acme/standup)`, where there is one.
std::string after_whom(std::string_view record_before);

/// `position 7 is missing`, `positions 1 to 3 are missing`.
std::string are_missing(const std::vector<Extent>& extents);

}  // namespace callstate::storage
