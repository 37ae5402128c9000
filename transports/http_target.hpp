#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace callstate::transports {

/// A request's target, percent-decoded. Pure.
struct HttpTarget {
  std::string path;                   // of the whole path; a decoded `/` looks like any other
  std::vector<std::string> segments;  // `/a/b%2Fc` has `a` and `b/c`
  std::vector<std::pair<std::string, std::string>> query;

  /// The first value of a query parameter; empty when absent.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

/// Takes what browsers and libraries send, also characters that a URL should
/// have had encoded, and whole http and https URLs. Nothing when it is no path.
std::optional<HttpTarget> parse_target(std::string_view target);

/// Whether the target has a `%` that encodes nothing. Rooms of sessions are named by
/// libraries that encode nothing at all; every other request has to.
[[nodiscard]] bool has_stray_percent(std::string_view target);

/// Where a request goes that the server itself answers.
struct Route {
  enum class Kind : std::uint8_t {
    room_session,  // /party/{room}, /parties/{party}/{room}
    user_session,  // /v1/ws
    healthz,
    readyz,
    other,
  };
  Kind kind = Kind::other;
  std::string room;  // of a room session, not yet checked against the grammar
};

Route route(const HttpTarget& target);

}  // namespace callstate::transports
