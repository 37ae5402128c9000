#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

// The tools' side of the network: a request, and a few WebSocket clients. All of
// it blocks, on the caller's thread only. Failures are sentences that name the
// server.

namespace callstate::tools {

/// Where a server is.
struct ServerUrl {
  std::string host;
  std::string port;
  bool tls = false;
  std::string ca_file = {};  // PEM, trusted besides the system's authorities; empty: none

  /// `http://127.0.0.1:7480`.
  [[nodiscard]] std::string text() const;
};

/// `http://host:port` or `https://`, with or without the scheme; nothing after
/// the port but `/`.
std::expected<ServerUrl, std::string> parse_server_url(std::string_view text, std::string ca_file);

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// One request with `Authorization: Bearer`, and with a body of JSON unless that is empty.
std::expected<HttpAnswer, std::string> http_request(const ServerUrl& url, std::string_view method,
                                                    std::string_view target, std::string_view token,
                                                    std::chrono::milliseconds timeout,
                                                    std::string_view body = {});

/// An answer whose body comes bit by bit, for as long as it goes on.
struct Listening {
  /// Is handed what has come, and nothing several times a second while nothing does.
  /// False: that was enough.
  std::function<bool(std::string_view bytes)> take;
  std::chrono::milliseconds answer_timeout{};  // for the answer to begin
  std::chrono::milliseconds silence_max{};     // then the connection counts as broken
};
/// A GET for `text/event-stream`. An answer with another status than 200 is given whole,
/// and `take` is not called. A connection that breaks is a failure; one that the server
/// ends, or `take`, is not.
std::expected<HttpAnswer, std::string> http_listen(const ServerUrl& url, std::string_view target,
                                                   std::string_view token,
                                                   const Listening& listening);

/// `text` as a value in a query.
std::string query_value(std::string_view text);

/// WebSocket clients of one server, numbered from 0 in the order of `open`.
class WebSockets {
 public:
  struct Events {
    std::function<void(std::size_t client, std::string_view text)> on_text;
    /// The server, or the network, ended the connection: in a few words.
    std::function<void(std::size_t client, std::string_view why)> on_end;
  };

  WebSockets(ServerUrl url, Events events);
  ~WebSockets();  // cuts what is open

  /// `target` such as `/v1/ws?device=phone`; the token travels in a header.
  std::expected<std::size_t, std::string> open(std::string_view target, std::string_view token,
                                               std::chrono::milliseconds timeout);

  std::expected<void, std::string> send(std::size_t client, std::string_view text);

  /// Lets the clients receive until `done` says so: asked before, and after
  /// everything that happens. False when the time is over first.
  bool receive_until(const std::function<bool()>& done, std::chrono::milliseconds timeout);

  /// Says goodbye on every connection (1000).
  void close_all();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace callstate::tools
