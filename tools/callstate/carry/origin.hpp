#pragma once

#include <cstdint>

#include "core/call/event.hpp"

namespace callstate::tools {

/// The times that the settings gave when the record was decided.
call::Duration until(call::Time deadline, call::Time at);

/// Of what the server itself records in a room: what it comes of.
enum class Origin : std::uint8_t { message, time, lost_connection, new_connection, media, none };
Origin origin_of(const call::Payload& payload);

}  // namespace callstate::tools
