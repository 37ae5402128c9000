#pragma once

#include <span>
#include <string>

#include "core/call/event.hpp"

namespace callstate::seal {

/// What a seal says, as the text that its signature is of: lines of `name value`, the
/// first of which is no text of anything else. It can be kept elsewhere, and checked
/// by hand. `at`: the record's time.
[[nodiscard]] std::string statement(const call::Sealed& sealed, call::Time at);

/// Lower case.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);

/// Whether the interval and the log's id are possible at all, for a seal at `position`.
[[nodiscard]] bool well_formed(const call::Sealed& sealed, call::Position position);

}  // namespace callstate::seal
