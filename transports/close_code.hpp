#pragma once

#include <cstdint>

// The close codes of docs/protocol.md that the transports themselves use.

namespace callstate::transports::close_code {

constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t unauthenticated = 1008;
constexpr std::uint16_t internal = 1011;
constexpr std::uint16_t try_later = 1013;
constexpr std::uint16_t token_expired = 4401;
constexpr std::uint16_t not_allowed = 4403;
constexpr std::uint16_t no_auth_in_time = 4408;
constexpr std::uint16_t too_slow = 4410;
constexpr std::uint16_t abuse = 4429;

}  // namespace callstate::transports::close_code
