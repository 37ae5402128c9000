#include "transports/http_connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <memory>

#include "transports/authenticate.hpp"
#include "transports/http_target.hpp"
#include "transports/json_writer.hpp"
#include "transports/websocket_session.hpp"
#include "transports/websocket_upgrade.hpp"

namespace callstate::transports {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Request = http::request<http::string_body>;
using Parser = http::request_parser<http::string_body>;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view field_of(const Request& request, http::field name) {
  return view(request[name]);
}

// A field that is a list may stand in several lines (RFC 9110, 5.3).
std::string list_of(const Request& request, http::field name) {
  std::string joined;
  const auto [first, last] = request.equal_range(name);
  for (auto line = first; line != last; ++line) joined.append(view(line->value())).push_back(',');
  return joined;
}

/// A connection as long as it speaks HTTP.
class HttpConnection final : public Connection {
 public:
  HttpConnection(Ticket ticket, Socket socket)
      : server_(ticket.server()),
        thread_(ticket.thread()),
        ticket_(std::move(ticket)),
        socket_(std::move(socket)) {
    expire_after(server_.settings.head_timeout);
    thread_.add(*this);
  }

  /// Until the connection has ended or has become a session.
  Task<void> run();

  void sweep(SteadyTime now) override {
    if (now >= deadline_) end();
  }
  void go_away() override {
    draining_ = true;
    if (!busy_) end();
  }

 private:
  Task<error_code> read_head(Parser& parser);
  Task<void> upgrade(const Request& request, HttpTarget target, Route route);
  Task<HttpResponse> answer(Request request, HttpTarget target, Route route);
  Task<HttpResponse> run_handler(HttpRequest request);
  Task<bool> respond(HttpResponse response, unsigned version, bool keep_alive);

  void expire_after(std::chrono::milliseconds time) { deadline_ = SteadyClock::now() + time; }
  void end() {
    error_code ignored;
    socket_.close(ignored);
  }

  ServerContext& server_;
  IoThread& thread_;
  Ticket ticket_;
  Socket socket_;
  beast::flat_buffer buffer_{http_head_bytes_max + http_body_bytes_max};
  SteadyTime deadline_{};
  bool busy_ = false;       // a request is being answered
  bool head_only_ = false;  // its method is HEAD: no answer has a body
  bool draining_ = false;
};

// The answer to a request that could not be read; nothing when there is nobody
// to answer.
std::optional<HttpResponse> refuse_unreadable(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return problem(431, "TOO_LARGE", "the request's head is too large");
  if (error == http::error::body_limit)
    return problem(413, "TOO_LARGE", "the request's body is too large");
  if (error == http::error::end_of_stream || error == http::error::partial_message)
    return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category())
    return problem(400, "INVALID_MESSAGE", "the request is not HTTP/1.1");
  return std::nullopt;
}

// What a head alone is refused for.
std::optional<HttpResponse> refuse_head(const Parser& parser) {
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

// Folded lines, which RFC 9112 (5.2) lets a server refuse, are read one way here
// and another there.
bool has_folded_line(std::string_view head) {
  return head.find("\n ") != head.npos || head.find("\n\t") != head.npos;
}

// What http::async_read_header does, but for two things: that one joins folded
// lines, unseen, and bounds what it looks at rather than the whole head.
Task<error_code> HttpConnection::read_head(Parser& parser) {
  error_code error;
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
    const auto room = beast::read_size(buffer_, http_head_bytes_max - held);
    const auto size = co_await socket_.async_read_some(buffer_.prepare(room),
                                                       asio::redirect_error(use_task, error));
    if (error) co_return error;
    buffer_.commit(size);
  }
}

Task<void> HttpConnection::run() {
  for (;;) {
    Parser parser;
    parser.header_limit(http_head_bytes_max);
    parser.body_limit(http_body_bytes_max);
    auto error = co_await read_head(parser);
    busy_ = true;
    head_only_ = parser.get().method() == http::verb::head;
    if (!error) {
      if (auto refusal = refuse_head(parser)) {
        (void)co_await respond(std::move(*refusal), 11, false);
        co_return;
      }
    }
    if (!error && beast::websocket::is_upgrade(parser.get())) {
      auto target = parse_target(view(parser.get().target()));
      const auto where = target ? route(*target) : Route{};
      if (where.kind == Route::Kind::room_session || where.kind == Route::Kind::user_session)
        co_return co_await upgrade(parser.get(), std::move(*target), where);
    }
    if (!error) {
      expire_after(server_.settings.request_timeout);
      if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(socket_, asio::buffer(go_on),
                                   asio::redirect_error(use_task, error));
      }
      co_await http::async_read(socket_, buffer_, parser, asio::redirect_error(use_task, error));
    }
    if (error) {
      if (auto refusal = refuse_unreadable(error))
        (void)co_await respond(std::move(*refusal), 11, false);
      co_return;
    }
    const auto version = parser.get().version();
    const bool keep_alive = parser.get().keep_alive();
    auto target = parse_target(view(parser.get().target()));
    auto response = problem(400, "INVALID_MESSAGE", "the request's target is no path");
    if (target) {
      auto where = route(*target);
      response = co_await answer(parser.release(), std::move(*target), std::move(where));
    }
    if (!co_await respond(std::move(response), version, keep_alive)) co_return;
    busy_ = false;
    expire_after(server_.settings.keep_alive_timeout);
  }
}

Task<void> HttpConnection::upgrade(const Request& request, HttpTarget target, Route route) {
  const auto key = field_of(request, http::field::sec_websocket_key);
  if (field_of(request, http::field::sec_websocket_version) != "13") {
    auto refusal = problem(426, "INVALID_MESSAGE", "only version 13 of WebSocket is spoken here");
    refusal.fields.emplace_back("Sec-WebSocket-Version", "13");
    (void)co_await respond(std::move(refusal), 11, false);
    co_return;
  }
  if (!is_websocket_key(key)) {
    (void)co_await respond(problem(400, "INVALID_MESSAGE", "Sec-WebSocket-Key is no key"), 11,
                           false);
    co_return;
  }

  const auto offered = read_protocols(list_of(request, http::field::sec_websocket_protocol));
  Upgrade upgrade;
  upgrade.room_path = route.kind == Route::Kind::room_session;
  upgrade.room = std::move(route.room);
  upgrade.token = read_bearer(field_of(request, http::field::authorization));
  if (!upgrade.token) upgrade.token = offered.token;
  if (!upgrade.token && !target.parameter("token").empty())
    upgrade.token = target.parameter("token");
  auto device = target.parameter("_pk");
  if (device.empty()) device = target.parameter("device");
  if (device.empty()) device = view(request["X-Device-Id"]);
  upgrade.since = target.parameter("since");
  upgrade.device = without_controls(device, call::DeviceId::bytes_max);

  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  head.append("Sec-WebSocket-Accept: ").append(accept_value(key)).append("\r\n");
  if (offered.callstate) head.append("Sec-WebSocket-Protocol: ").append(subprotocol).append("\r\n");
  head += "\r\n";
  error_code error;
  co_await asio::async_write(socket_, asio::buffer(head), asio::redirect_error(use_task, error));
  if (error || !socket_.is_open()) co_return;

  auto session = std::make_unique<WebSocketSession>(std::move(ticket_), std::move(socket_));
  session->begin(upgrade);
  const auto early = buffer_.data();
  if (early.size() != 0) session->take({static_cast<char*>(early.data()), early.size()});
  WebSocketSession::run(std::move(session));
}

Task<HttpResponse> HttpConnection::answer(Request request, HttpTarget target, Route route) {
  switch (route.kind) {
    case Route::Kind::room_session:
    case Route::Kind::user_session: {
      auto refusal = problem(426, "INVALID_MESSAGE", "this path is for WebSocket");
      refusal.fields.emplace_back("Upgrade", "websocket");
      co_return refusal;
    }
    case Route::Kind::healthz:
    case Route::Kind::readyz: {
      if (request.method() != http::verb::get && request.method() != http::verb::head) {
        auto refusal = problem(405, "INVALID_MESSAGE", "this path takes GET and HEAD");
        refusal.fields.emplace_back("Allow", "GET, HEAD");
        co_return refusal;
      }
      const bool good =
          route.kind == Route::Kind::healthz || !server_.ports.ready || server_.ports.ready();
      co_return HttpResponse{good ? 200 : 503, "text/plain", good ? "ok" : "not ready"};
    }
    case Route::Kind::other:
      break;
  }
  if (!server_.ports.handler) co_return problem(404, {}, "there is nothing here");

  HttpRequest plain;
  plain.method = view(request.method_string());
  plain.path = std::move(target.path);
  plain.query = std::move(target.query);
  plain.remote_address = address_of(socket_);
  for (const auto& field : request) {
    std::string name(view(field.name_string()));
    std::ranges::transform(name, name.begin(), lower);
    plain.fields.emplace_back(std::move(name), view(field.value()));
  }
  plain.body = std::move(request.body());
  auto token = read_bearer(plain.field("authorization"));
  if (!token && !plain.parameter("token").empty()) token = plain.parameter("token");
  if (token) {
    auto identity = authenticate(server_, plain.remote_address, *token);
    if (identity) {
      plain.identity = std::move(*identity);
    } else if (identity.error() == AuthRefusal::too_many_failures) {
      co_return problem(429, "RATE_LIMITED", "too many failed authentications");
    }
  }
  co_return co_await run_handler(std::move(plain));
}

// On the handler thread; comes back to this one.
Task<HttpResponse> HttpConnection::run_handler(HttpRequest request) {
  deadline_ = SteadyTime::max();
  std::optional<HttpResponse> response;
  const auto call = [&] {
    try {
      response = server_.ports.handler(request);
      if (!response) response = problem(404, {}, "there is nothing here");
    } catch (const std::exception& error) {
      server_.ports.logger(Logger::Level::error, std::string("HTTP handler: ") + error.what());
      response = problem(500, "INTERNAL", {});
    }
  };
  const auto initiate = [&](auto handler) {
    asio::post(server_.handlers, [this, &call, handler = std::move(handler)]() mutable {
      call();
      asio::post(thread_.context(), std::move(handler));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(initiate, use_task);
  co_return std::move(*response);
}

// False when the connection is to end.
Task<bool> HttpConnection::respond(HttpResponse response, unsigned version, bool keep_alive) {
  expire_after(server_.settings.request_timeout);
  http::response<http::string_body> message(static_cast<http::status>(response.status), version);
  message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.fields) message.insert(name, value);
  message.body() = std::move(response.body);
  message.keep_alive(keep_alive && !draining_);
  message.prepare_payload();
  if (head_only_) message.body().clear();  // its length stays
  error_code error;
  co_await http::async_write(socket_, message, asio::redirect_error(use_task, error));
  if (error) co_return false;
  if (message.keep_alive()) co_return true;
  socket_.shutdown(Socket::shutdown_send, error);
  co_return false;
}

}  // namespace

Task<void> serve(Ticket ticket, Socket socket) {
  auto& log = ticket.server().ports.logger;
  try {
    HttpConnection connection(std::move(ticket), std::move(socket));
    co_await connection.run();
  } catch (const std::exception& error) {
    log(Logger::Level::error, std::string("connection ended: ") + error.what());
  }
}

}  // namespace callstate::transports
