#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace callstate::call {

/// Why something was refused. The names on the wire are these in capitals.
/// Values are stored in the log: append only.
enum class ErrorCode : std::uint8_t {
  none,
  invalid_message,
  unknown_type,
  too_large,
  unauthenticated,
  forbidden,
  not_participant,
  identity_mismatch,
  wrong_state,
  glare,
  answered_elsewhere,
  room_not_found,
  rate_limited,
  overloaded,
  storage_unavailable,
  internal,
  cursor_expired,
  directory_unavailable,
};

/// `WRONG_STATE` and so on.
std::string_view name_of(ErrorCode code);

/// A refusal: the code, and a sentence that a developer can act on, naming the
/// field or the state. The sentence never holds a token.
struct Error {
  ErrorCode code = ErrorCode::none;
  std::string message;
};

}  // namespace callstate::call
