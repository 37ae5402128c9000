#pragma once

#include <string_view>
#include <vector>

#include "core/call/event.hpp"

namespace callstate::storage::testing {

/// One record or more of every event type, with every outcome, with every field
/// set somewhere and left out somewhere. Always the same.
std::vector<call::Record> sample_records();

/// A signal in a room, as small as records of a test may be.
call::Record signal_in(std::string_view room, call::Seq seq);

/// The stream of a room, or of a user.
call::Stream room_stream(std::string_view name);
call::Stream user_stream(std::string_view name);

}  // namespace callstate::storage::testing
