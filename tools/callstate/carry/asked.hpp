#pragma once

#include <cstdint>
#include <optional>

#include "core/call/event.hpp"
#include "core/call/message.hpp"

namespace callstate::tools {

/// The message that a client's record came of, as far as it matters to the rules.
/// Nothing for what no client sends.
std::optional<call::MessageBody> message_of(const call::Payload& payload);

/// The times that the settings gave when the record was decided.
call::Duration until(call::Time deadline, call::Time at);

/// Of what the server itself records in a room: what it comes of.
enum class Origin : std::uint8_t { message, time, lost_connection, new_connection, media, none };
Origin origin_of(const call::Payload& payload);

}  // namespace callstate::tools
