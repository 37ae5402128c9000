#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/engine/directory.hpp"
#include "transports/authenticator.hpp"
#include "transports/io_thread.hpp"
#include "transports/server_context.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// What a client may learn of it. The log learns the reason.
struct AuthRefusal {
  enum class Kind : std::uint8_t {
    bad,          // the token is, or whose it is is nobody
    too_often,    // and its address has failed too often before
    unavailable,  // the directory cannot say now: no failure of anybody's
  };
  Kind kind = Kind::bad;
  std::chrono::milliseconds retry_after{};  // unless it is bad
};
using AuthResult = std::expected<Identity, AuthRefusal>;

constexpr std::string_view directory_is_away =
    "who the token's user is cannot be told now: come back a little later";

/// Somebody of the address could not be authenticated; `line` says so in the log.
/// Only failures count and are turned away: behind one address, a proxy's, may be
/// everybody, and one bad client must not lock the others out.
AuthRefusal count_failure(ServerContext& server, const std::string& address, std::string_view line);

/// A good token, as far as it can be told at once.
struct Verified {
  Identity identity;
  bool complete = true;  // else the directory is still to say tenant, role and name
};

/// Verifies a client's token within the limit of failures of its address. Back ends and
/// auditors are taken by their claims, everybody else by the directory, where there is
/// one: by what it has at hand, if that is fresh.
std::expected<Verified, AuthRefusal> verify_token(ServerContext& server, const std::string& address,
                                                  std::string_view token);

/// Whose token it is, by what the directory has answered.
AuthResult settle(ServerContext& server, const std::string& address, Identity identity,
                  const engine::Directory::Answer& answer);

/// Both, and in between the answer is waited for.
Task<AuthResult> authenticate(ServerContext& server, IoThread& thread, const std::string& address,
                              std::string_view token);

}  // namespace callstate::transports
