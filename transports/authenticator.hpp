#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/call/ids.hpp"

namespace callstate::transports {

/// Who a token speaks for, once it has been verified.
struct Identity {
  call::TenantId tenant;  // empty: the token says none, and a directory is to
  call::UserId user;
  call::Role role = call::Role::crm_user;
  std::string name;        // for display; may be empty; never logged
  call::Time issued_at{};  // `iat`; epoch when absent
  call::Time expires_at{};
};

/// Tells a user of a tenant from all others, for tables.
inline std::string key_of(const Identity& identity) {
  // Neither a tenant nor a user holds a NUL.
  return std::string(identity.tenant.view()).append(1, '\0').append(identity.user.view());
}

/// Why a token was refused: a sentence for the server's log and for tests. It
/// holds neither the token nor any claim's value, and is never sent to a client.
struct AuthFailure {
  /// The same in one word, to be counted by.
  enum class Kind : std::uint8_t {
    malformed,  // it is no token of a form that is taken
    key,        // no key that is known fits it
    signature,
    claims,
    time,  // it has expired, or does not hold yet
    user,  // the directory knows nobody of whom it could be
  };

  std::string reason;
  Kind kind = Kind::malformed;
};
constexpr std::array<std::string_view, 6> auth_failure_names{"malformed", "key",  "signature",
                                                             "claims",    "time", "user"};

/// Verifies tokens. Implementations may be called from any thread and do not
/// block on I/O: keys are fetched in the background.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  /// The identity behind `token` at `now`, or why there is none.
  [[nodiscard]] virtual std::expected<Identity, AuthFailure> verify(std::string_view token,
                                                                    call::Time now) = 0;

  /// Whether the token names a key that is not known and is being looked for at
  /// this moment: worth waiting for before it is verified.
  [[nodiscard]] virtual bool awaits_key(std::string_view token) = 0;
};

}  // namespace callstate::transports
