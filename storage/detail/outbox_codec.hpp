#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/history/outbox.hpp"

// How the outbox's rows are written (schemas/outbox.fbs).

namespace callstate::storage {

/// For the key it is found by, see `WebhookOutbox`; the number is not in it.
std::string encode_outgoing(const history::DeadEvent& event);

/// Nothing for bytes that are no such row.
std::optional<history::DeadEvent> decode_outgoing(std::string_view bytes);

}  // namespace callstate::storage
