#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "transports/authenticator.hpp"
#include "transports/io_thread.hpp"
#include "transports/server_context.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// What a client may learn of it. The log learns the reason.
enum class AuthRefusal : std::uint8_t { invalid, too_many_failures };

/// Verifies a client's token within the limit of failures of its address.
std::expected<Identity, AuthRefusal> authenticate(ServerContext& server, const std::string& address,
                                                  std::string_view token);

}  // namespace callstate::transports
