#pragma once

#include <string>

#include "core/call/event.hpp"

namespace callstate::storage {

/// For sentences: `room acme/standup`, `user acme/alice`, `the server's stream`.
std::string describe(const call::Stream& stream);

/// A key that no other stream has: kind, tenant and name, unambiguous.
void key_of(const call::Stream& stream, std::string& key);

}  // namespace callstate::storage
