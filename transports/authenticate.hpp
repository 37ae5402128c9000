#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "transports/authenticator.hpp"
#include "transports/io_thread.hpp"
#include "transports/server_context.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// What a client may learn of it. The log learns the reason.
struct AuthRefusal {
  /// Where its address has failed too often: until when that is so.
  std::optional<std::chrono::milliseconds> too_often_for{};
};

/// Somebody of the address could not be authenticated; `line` says so in the log.
/// Only failures count and are turned away: behind one address, a proxy's, may be
/// everybody, and one bad client must not lock the others out.
AuthRefusal count_failure(ServerContext& server, const std::string& address, std::string_view line);

/// Verifies a client's token within the limit of failures of its address.
std::expected<Identity, AuthRefusal> authenticate(ServerContext& server, const std::string& address,
                                                  std::string_view token);

}  // namespace callstate::transports
