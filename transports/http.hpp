#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transports/authenticator.hpp"

namespace callstate::transports {

// Plain HTTP on the server's port, without any library's types.

/// Bytes of a request's body, at most; more is answered 413.
constexpr std::size_t http_body_bytes_max = 64 * 1024;
/// Bytes of a request's line and header fields, at most; more is answered 431.
constexpr std::size_t http_head_bytes_max = 16 * 1024;

struct HttpRequest {
  std::string method;                                       // as sent: `GET`
  std::string path;                                         // percent-decoded, without the query
  std::vector<std::string> segments;                        // of the path, each decoded
  std::vector<std::pair<std::string, std::string>> query;   // decoded, in order
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  /// Empty without an identity: of strangers no body is read, and the connection
  /// ends with the answer where one was on its way.
  std::string body;
  /// From `Authorization: Bearer`, else `?token=`, when it was given and is good.
  std::optional<Identity> identity;
  std::string remote_address;

  /// The first value of a query parameter or of a header field (its name in lower
  /// case); empty when absent.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
  [[nodiscard]] std::string_view field(std::string_view name) const;
  /// Whether the parameter is there at all.
  [[nodiscard]] bool has_parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields{};  // further header fields
};

/// An RFC 9457 answer. `code` (an error code of the protocol) and `detail` (a
/// sentence) may be empty.
HttpResponse problem(int status, std::string_view code, std::string_view detail);

/// The answer to a request without an identity: that it has no token, or a bad one.
HttpResponse unauthenticated(const HttpRequest& request);

/// Answers a request, or declines it with nothing: then the answer is 404. Runs
/// on the server's handler thread, one request at a time, and may block; a
/// request that waits there does not hold up WebSocket sessions.
using HttpHandler = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

}  // namespace callstate::transports
