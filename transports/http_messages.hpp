#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "transports/http.hpp"
#include "transports/http_target.hpp"

// Private to transports: what HttpConnection does with Beast's requests and
// answers. Pure.

namespace callstate::transports {

namespace beast = boost::beast;
namespace http = beast::http;
using HttpParser = http::request_parser<http::string_body>;
using BeastRequest = http::request<http::string_body>;

std::string_view view(beast::string_view text);
std::string_view field_of(const BeastRequest& request, http::field name);
/// A field that is a list may stand in several lines (RFC 9110, 5.3).
std::string list_of(const BeastRequest& request, http::field name);

HttpRequest plain_request(const BeastRequest& request, HttpTarget target, std::string address);
/// Nothing of the message is kept.
std::string serialise(http::response<http::string_body> message);

/// The answer to a request that could not be read; nothing when there is nobody
/// to answer.
std::optional<HttpResponse> refuse_unreadable(const boost::system::error_code& error);
/// What a head alone is refused for.
std::optional<HttpResponse> refuse_head(const HttpParser& parser);
/// Folded lines, which RFC 9112 (5.2) lets a server refuse, are read one way here
/// and another there.
bool has_folded_line(std::string_view head);

}  // namespace callstate::transports
