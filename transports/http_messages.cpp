#include "transports/http_messages.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http.hpp>
#include <utility>

namespace callstate::transports {
namespace {

using boost::system::error_code;

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

std::string_view field_of(const BeastRequest& request, http::field name) {
  return view(request[name]);
}

std::string list_of(const BeastRequest& request, http::field name) {
  std::string joined;
  const auto [first, last] = request.equal_range(name);
  for (auto line = first; line != last; ++line) joined.append(view(line->value())).push_back(',');
  return joined;
}

HttpRequest plain_request(const BeastRequest& request, HttpTarget target, std::string address) {
  HttpRequest plain;
  plain.segments = std::move(target.segments);
  plain.method = view(request.method_string());
  plain.path = std::move(target.path);
  plain.query = std::move(target.query);
  plain.remote_address = std::move(address);
  for (const auto& field : request) {
    std::string name(view(field.name_string()));
    std::ranges::transform(name, name.begin(), lower);
    plain.fields.emplace_back(std::move(name), view(field.value()));
  }
  return plain;
}

std::string serialise(http::response<http::string_body> message) {
  http::response_serializer<http::string_body> serializer(message);
  std::string text;
  error_code error;
  while (!error && !serializer.is_done()) {
    std::size_t size = 0;
    serializer.next(error, [&](error_code&, const auto& buffers) {
      size = beast::buffer_bytes(buffers);
      text.reserve(text.size() + size);
      for (const auto& each : beast::buffers_range_ref(buffers))
        text.append(static_cast<const char*>(each.data()), each.size());
    });
    serializer.consume(size);
  }
  return text;
}

std::optional<HttpResponse> refuse_unreadable(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return problem(431, "TOO_LARGE", "the request's head is too large");
  if (error == http::error::body_limit)
    return problem(413, "TOO_LARGE", "the request's body is too large");
  if (error == boost::asio::error::timed_out)
    return problem(408, {}, "the request has not come within the time for it");
  if (error == http::error::end_of_stream || error == http::error::partial_message)
    return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category())
    return problem(400, "INVALID_MESSAGE", "the request is not HTTP/1.1");
  return std::nullopt;
}

std::optional<HttpResponse> refuse_head(const HttpParser& parser) {
  const auto& request = parser.get();
  const auto hosts = request.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() > 10))
    return problem(400, "INVALID_MESSAGE", "a request has one Host");
  // Where such a body ends is a matter of opinion (RFC 9112, 6.3), and what
  // follows would be taken for a request.
  if (request.count(http::field::transfer_encoding) != 0 && !parser.chunked())
    return problem(400, "INVALID_MESSAGE", "no Transfer-Encoding but chunked is taken");
  return std::nullopt;
}

bool has_folded_line(std::string_view head) {
  return head.find("\n ") != head.npos || head.find("\n\t") != head.npos;
}

}  // namespace callstate::transports
