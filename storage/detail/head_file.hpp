#pragma once

#include <filesystem>

#include "core/call/ids.hpp"

namespace callstate::storage {

/// The file `head` beside the database: a position that the log has reached for
/// sure, written now and then behind the log, so that an end of the log that is
/// gone without a trace is missed. Never ahead of what is durable. Derived: a
/// directory without one, such as a checkpoint, is only checked less.
std::filesystem::path head_file(const std::filesystem::path& directory);

/// The position; 0 when there is no file or its bytes do not check.
call::Position read_head(const std::filesystem::path& directory);

/// Replaces the file. False when that fails; the position before then stays.
bool write_head(const std::filesystem::path& directory, call::Position position);

}  // namespace callstate::storage
