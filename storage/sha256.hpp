#pragma once

#include <cstdint>
#include <span>

#include "core/call/ids.hpp"

namespace callstate::storage {

/// The SHA-256 that chains a stream's records: of a record's bytes, without its
/// position. Any thread; keeps no state.
call::Hash sha256(std::span<const std::uint8_t> bytes);

}  // namespace callstate::storage
