#include "transports/http_reader.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>

namespace callstate::transports {

// What http::async_read_header does, but for two things: that one joins folded
// lines, unseen, and bounds what it looks at rather than the whole head.
Task<HttpReader::ErrorCode> HttpReader::read_head(HttpParser& parser) {
  timed_out_ = false;
  ErrorCode error;
  for (std::size_t taken = 0;;) {
    if (const auto bytes = buffer_.data(); bytes.size() != 0) {
      const auto size = parser.put(bytes, error);
      if (has_folded_line({static_cast<const char*>(bytes.data()), size}))
        co_return http::error::bad_field;
      buffer_.consume(size);
      taken += size;
      if (error != http::error::need_more) co_return error;
    }
    const auto held = taken + buffer_.size();
    if (held >= http_head_bytes_max) co_return http::error::header_limit;
    begun_ = held != 0;
    const auto room = beast::read_size(buffer_, http_head_bytes_max - held);
    co_await read_more(room, error);
    if (error) co_return error;
  }
}

Task<HttpReader::ErrorCode> HttpReader::read_body(HttpParser& parser) {
  ErrorCode error;
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    error = co_await stream_.async_write(go_on);
  }
  parser.eager(true);
  while (!error && !parser.is_done()) {
    std::size_t taken = 0;
    if (buffer_.size() != 0) {
      taken = parser.put(buffer_.data(), error);
      buffer_.consume(taken);
      if (error == http::error::need_more) error = {};
    }
    if (error || parser.is_done() || taken != 0) continue;
    const auto room = beast::read_size(buffer_, http_body_bytes_max);
    if (room == 0) co_return http::error::buffer_overflow;
    begun_ = true;
    co_await read_more(room, error);
  }
  co_return error;
}

Task<void> HttpReader::read_more(std::size_t room, ErrorCode& error) {
  const auto place = buffer_.prepare(room);
  reading_ = true;
  const auto size =
      co_await stream_.async_read_some({static_cast<char*>(place.data()), place.size()}, error);
  reading_ = false;
  if (!error) buffer_.commit(size);
  if (error && timed_out_) error = asio::error::timed_out;
}

bool HttpReader::time_out() {
  if (!reading_ || !begun_) return false;
  timed_out_ = true;
  stream_.cancel();
  return true;
}

std::span<char> HttpReader::rest() {
  const auto bytes = buffer_.data();
  return {static_cast<char*>(bytes.data()), bytes.size()};
}

void HttpReader::drop_rest() {
  buffer_.clear();
  buffer_.shrink_to_fit();
}

}  // namespace callstate::transports
