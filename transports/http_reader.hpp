#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <span>

#include "transports/http_messages.hpp"
#include "transports/stream.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// Reads requests from a connection's stream, one after the other. On the
/// connection's thread; the stream outlives it.
class HttpReader {
 public:
  using ErrorCode = boost::system::error_code;

  explicit HttpReader(Stream& stream) : stream_(stream) {}

  /// Up to the body; `header_limit` when it is longer than may be.
  Task<ErrorCode> read_head(HttpParser& parser);
  /// The rest of the request, after a `100 Continue` where one is expected.
  Task<ErrorCode> read_body(HttpParser& parser);

  /// What is waited for has not come in time: the reading ends with `timed_out`,
  /// at the latest when this is called again. False when nothing of a request has
  /// come, or none is being read.
  bool time_out();

  /// What has come after the request.
  [[nodiscard]] std::span<char> rest();
  void drop_rest();
  /// Keeps no more memory than that needs.
  void give_back() { buffer_.shrink_to_fit(); }

 private:
  Task<void> read_more(std::size_t room, ErrorCode& error);

  Stream& stream_;
  boost::beast::flat_buffer buffer_{http_head_bytes_max};
  bool begun_ = false;      // something of the request has come
  bool reading_ = false;    // more is waited for
  bool timed_out_ = false;  // since the head began
};

}  // namespace callstate::transports
