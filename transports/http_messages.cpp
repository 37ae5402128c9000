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
  // Where a body ends must not be a matter of opinion (RFC 9112, 6.3), or what follows
  // it is taken for a request by some and not by others.
  const auto lengths = request.count(http::field::content_length);
  const auto length = request[http::field::content_length];
  if (lengths > 1 || length.find(',') != length.npos)
    return problem(400, "INVALID_MESSAGE", "a request has one Content-Length");
  const auto encodings = request.count(http::field::transfer_encoding);
  const bool chunked = beast::iequals(request[http::field::transfer_encoding], "chunked");
  if (encodings > 1 || (encodings == 1 && !chunked))
    return problem(400, "INVALID_MESSAGE", "no Transfer-Encoding but chunked is taken");
  if (encodings != 0 && request.version() < 11)
    return problem(400, "INVALID_MESSAGE", "HTTP/1.0 has no Transfer-Encoding");
  const auto coding = request[http::field::content_encoding];
  if (!coding.empty() && !beast::iequals(coding, "identity"))
    return problem(415, "INVALID_MESSAGE", "no Content-Encoding is taken: send the body as it is");
  return std::nullopt;
}

bool has_folded_line(std::string_view head) {
  return head.find("\n ") != head.npos || head.find("\n\t") != head.npos;
}

}  // namespace callstate::transports
