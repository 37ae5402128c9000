#include "transports/http_connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <memory>

#include "transports/assets.hpp"
#include "transports/authenticate.hpp"
#include "transports/http_api.hpp"
#include "transports/http_messages.hpp"
#include "transports/http_reader.hpp"
#include "transports/http_reading.hpp"
#include "transports/http_target.hpp"
#include "transports/json_writer.hpp"
#include "transports/utc_now.hpp"
#include "transports/websocket_session.hpp"
#include "transports/websocket_upgrade.hpp"

namespace callstate::transports {
namespace {

using boost::system::error_code;
using Request = BeastRequest;
using Parser = HttpParser;

constexpr std::string_view webhook_path = "/livekit/webhook";

// For whoever is answered and told that the connection ends, to hear it.
constexpr auto linger_time = std::chrono::seconds(2);

bool is_session(Route::Kind kind) {
  return kind == Route::Kind::room_session || kind == Route::Kind::user_session;
}

/// A connection as long as it speaks HTTP.
class HttpConnection final : public Connection {
 public:
  HttpConnection(Ticket ticket, Stream stream)
      : server_(ticket.server()),
        thread_(ticket.thread()),
        ticket_(std::move(ticket)),
        stream_(std::move(stream)),
        late_(ticket_.is_late()),
        api_(server_, thread_) {
    expire_after(server_.settings.head_timeout);
    thread_.add(*this);
  }

  /// Until the connection has ended or has become a session.
  Task<void> run();

  void sweep(SteadyTime now) override {
    // Who has begun a request is told, and so is whoever looks at a proxy's log.
    if (now >= deadline_ && !reader_.time_out()) end();
    // Nothing is read while a poll waits: who has hung up is not found out otherwise.
    if (api_.waits() && stream_.peer_has_ended()) api_.go_away();
  }
  void go_away() override {
    draining_ = true;
    api_.go_away();
    if (!busy_ && !late_) end();
  }

 private:
  enum class Next : std::uint8_t { request, linger, end };
  struct ReadRequest {
    std::unique_ptr<HttpRequest> request = std::make_unique<HttpRequest>();
    std::optional<WebhookToken> webhook;   // of a webhook, whose token is good
    std::optional<HttpResponse> response;  // where there is nothing more to ask
    unsigned version = 11;
    bool keep_alive = false;
  };

  Task<Next> serve_request();
  Task<Next> upgrade(const Request& request, HttpTarget target, Route route);
  Task<void> await_key(std::string_view token);
  std::optional<HttpResponse> answer_itself(http::verb method, Route::Kind kind);
  Task<std::optional<Next>> read_request(ReadRequest& read);
  Task<std::optional<HttpResponse>> authorise(ReadRequest& read);
  std::optional<HttpResponse> authorise_webhook(ReadRequest& read);
  Task<std::optional<HttpResponse>> answer(std::unique_ptr<ReadRequest> read);
  Task<bool> write_event(std::string_view text);
  Task<HttpResponse> run_handler(HttpRequest request);
  Task<Next> respond(HttpResponse response, unsigned version, bool keep_alive);
  Task<Next> refuse(HttpResponse response) { return respond(std::move(response), 11, false); }
  Task<void> linger();

  void expire_after(std::chrono::milliseconds time) { deadline_ = SteadyClock::now() + time; }
  void end() { stream_.close(); }

  ServerContext& server_;
  IoThread& thread_;
  Ticket ticket_;
  Stream stream_;
  HttpReader reader_{stream_};
  SteadyTime deadline_{};
  const bool late_;         // who looks whether a draining server is ready
  bool busy_ = false;       // a request is being answered
  bool head_only_ = false;  // its method is HEAD: no answer has a body
  bool draining_ = false;
  HttpFields cors_;  // of the answer to the present request
  HttpApi api_;
};

Task<void> HttpConnection::run() {
  // No switch: g++ 12 loses `this` in one whose condition awaits.
  Next next = co_await serve_request();
  while (next == Next::request) {
    busy_ = false;
    reader_.give_back();
    expire_after(server_.settings.keep_alive_timeout);
    // Who asks without waiting for answers leaves others their turn.
    co_await asio::post(stream_.get_executor(), use_task);
    next = co_await serve_request();
  }
  if (next == Next::linger) co_await linger();
}

Task<HttpConnection::Next> HttpConnection::serve_request() {
  auto read = std::make_unique<ReadRequest>();
  const auto next = co_await read_request(*read);
  if (next) co_return *next;
  // A poll waits: what it was read with goes before.
  reader_.give_back();
  const auto version = read->version;
  const bool keep_alive = read->keep_alive;
  auto response = std::move(read->response);
  if (!response) response = co_await answer(std::move(read));
  if (!response) co_return Next::end;
  const auto after = co_await respond(std::move(*response), version, keep_alive);
  api_.answered();
  co_return after;
}

// Nothing when there is a request to answer, in `read`, or its answer. What the head
// decides is answered before any of a body is read.
Task<std::optional<HttpConnection::Next>> HttpConnection::read_request(ReadRequest& read) {
  Parser parser;
  parser.header_limit(http_head_bytes_max);
  parser.body_limit(http_body_bytes_max);
  const auto error = co_await reader_.read_head(parser);
  busy_ = true;
  const auto& request = parser.get();
  head_only_ = request.method() == http::verb::head;
  auto refusal = error ? refuse_unreadable(error) : refuse_head(parser);
  if (error.category() == asio::error::get_ssl_category()) {
    thread_.metrics().tls_failures.add();
    server_.ports.logger(Logger::Level::debug,
                         "TLS with " + stream_.peer_address() + " failed: " + error.message());
  }
  if (error && !refusal) co_return Next::end;
  if (refusal) co_return co_await refuse(std::move(*refusal));
  auto target = parse_target(view(request.target()));
  if (!target)
    co_return co_await refuse(problem(400, "INVALID_MESSAGE", "the request's target is no path"));
  auto where = route(*target);
  if (beast::websocket::is_upgrade(request) && is_session(where.kind)) {
    // What follows are frames to us, and might be a body to a proxy.
    if (!parser.is_done())
      co_return co_await refuse(problem(400, "INVALID_MESSAGE", "a handshake has no body"));
    co_return co_await upgrade(request, std::move(*target), std::move(where));
  }
  if (has_stray_percent(view(request.target()))) {
    co_return co_await refuse(
        problem(400, "INVALID_MESSAGE", "a % in the request's target encodes nothing; write %25"));
  }

  expire_after(server_.settings.request_timeout);
  auto& plain = *read.request;
  plain = plain_request(request, std::move(*target), stream_.peer_address());
  cors_ = cors_fields(server_.settings.cors_origins, plain);
  read.version = request.version();
  read.response = preflight(server_.settings.cors_origins, plain);
  if (!read.response) read.response = answer_itself(request.method(), where.kind);
  if (!read.response && server_.ports.assets != nullptr)
    read.response = answer_asset(*server_.ports.assets, plain);
  if (!read.response) read.response = co_await authorise(read);
  // A body is memory: strangers get none.
  if (!read.response && (plain.identity || read.webhook) && !parser.is_done()) {
    const auto broken = co_await reader_.read_body(parser);
    if (broken) read.response = refuse_unreadable(broken);
    if (broken && !read.response) co_return Next::end;
    plain.body = std::move(parser.get().body());
  }
  read.keep_alive = request.keep_alive() && parser.is_done();
  co_return std::nullopt;
}

// The issuer has a new key, and this is the first token of it: refused, it would
// have done nothing wrong. Readings are rare, so few ever wait here.
Task<void> HttpConnection::await_key(std::string_view token) {
  constexpr std::chrono::seconds wait_max{3};
  constexpr std::chrono::milliseconds look_every{10};
  asio::steady_timer timer(stream_.get_executor());
  const auto until = SteadyClock::now() + wait_max;
  while (SteadyClock::now() < until && server_.ports.authenticator.awaits_key(token)) {
    timer.expires_after(look_every);
    error_code error;
    co_await timer.async_wait(asio::redirect_error(use_task, error));
    if (error || !stream_.is_open()) co_return;
  }
}

Task<HttpConnection::Next> HttpConnection::upgrade(const Request& request, HttpTarget target,
                                                   Route route) {
  const auto key = field_of(request, http::field::sec_websocket_key);
  if (field_of(request, http::field::sec_websocket_version) != "13") {
    auto refusal = problem(426, "INVALID_MESSAGE", "only version 13 of WebSocket is spoken here");
    refusal.fields.emplace_back("Sec-WebSocket-Version", "13");
    co_return co_await refuse(std::move(refusal));
  }
  if (!is_websocket_key(key))
    co_return co_await refuse(problem(400, "INVALID_MESSAGE", "Sec-WebSocket-Key is no key"));

  const auto offered = read_protocols(list_of(request, http::field::sec_websocket_protocol));
  Upgrade upgrade;
  upgrade.room_path = route.kind == Route::Kind::room_session;
  upgrade.room = std::move(route.room);
  auto token = read_bearer(field_of(request, http::field::authorization));  // never logged
  if (!token) token = offered.token;
  if (!token && !target.parameter("token").empty()) token = target.parameter("token");
  std::optional<AuthResult> who;
  if (token) {
    co_await await_key(*token);
    const auto address = stream_.peer_address();
    who = co_await authenticate(server_, thread_, address, *token);
  }
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
  const auto error = co_await stream_.async_write(head);
  if (error || !stream_.is_open()) co_return Next::end;

  auto session = std::make_unique<WebSocketSession>(std::move(ticket_), std::move(stream_));
  session->begin(upgrade, who);
  if (const auto early = reader_.rest(); !early.empty()) session->take(early);
  WebSocketSession::run(std::move(session));
  co_return Next::end;
}

// The answer of a path that the server itself knows; nothing for all others.
std::optional<HttpResponse> HttpConnection::answer_itself(http::verb method, Route::Kind kind) {
  if (is_session(kind)) {
    auto refusal = problem(426, "INVALID_MESSAGE", "this path is for WebSocket");
    refusal.fields.emplace_back("Upgrade", "websocket");
    return refusal;
  }
  if (kind == Route::Kind::other) return std::nullopt;
  if (method != http::verb::get && method != http::verb::head) {
    auto refusal = problem(405, "INVALID_MESSAGE", "this path takes GET and HEAD");
    refusal.fields.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }
  const bool ready = !draining_ && (!server_.ports.ready || server_.ports.ready());
  const bool good = kind == Route::Kind::healthz || ready;
  return HttpResponse{good ? 200 : 503, "text/plain", good ? "ok" : "not ready"};
}

// Whose request it is; the answer where that alone decides.
Task<std::optional<HttpResponse>> HttpConnection::authorise(ReadRequest& read) {
  auto& request = *read.request;
  if (server_.ports.media_settings != nullptr && request.path == webhook_path)
    co_return authorise_webhook(read);
  auto token = read_bearer(request.field("authorization"));
  if (!token && !request.parameter("token").empty()) token = request.parameter("token");
  if (!token) co_return std::nullopt;
  auto identity = co_await authenticate(server_, thread_, request.remote_address, *token);
  if (!identity) co_return answer_to(identity.error());
  request.identity = std::move(*identity);
  co_return std::nullopt;
}

// The token is good or not before a body is read; what it says of the body, after.
std::optional<HttpResponse> HttpConnection::authorise_webhook(ReadRequest& read) {
  const auto& request = *read.request;
  if (request.method != "POST") return wrong_method("POST");
  auto token = verify_webhook_token(request.field("authorization"), *server_.ports.media_settings,
                                    utc_now());
  if (token) {
    read.webhook = std::move(*token);
    return std::nullopt;
  }
  const auto refusal = count_failure(
      server_, request.remote_address,
      "a webhook of " + request.remote_address + " was refused: " + token.error().reason);
  if (auto too_often = answer_to(refusal)) return too_often;
  return problem(401, "UNAUTHENTICATED", "this webhook's signature is not good");
}

// Nothing when nobody is left to answer.
Task<std::optional<HttpResponse>> HttpConnection::answer(std::unique_ptr<ReadRequest> read) {
  deadline_ = SteadyTime::max();  // what follows keeps its own time
  if (read->webhook) co_return co_await api_.report_media(*read->request, *read->webhook);
  auto request = std::move(read->request);
  read.reset();
  if (late_ && HttpApi::knows(*request)) co_return HttpApi::going_away();
  if (HttpApi::streams(*request)) {
    const HttpApi::Write write = [this](std::string_view text) { return write_event(text); };
    co_return co_await api_.stream(std::move(request), write);
  }
  if (HttpApi::knows(*request)) co_return co_await api_.answer(std::move(request));
  if (!server_.ports.handler) co_return problem(404, {}, "there is nothing here");
  if (request->identity) {
    auto refusal = co_await api_.refuse_revoked(*request);
    if (refusal) co_return std::move(refusal);
  }
  co_return co_await run_handler(std::move(*request));
}

// Who does not take what it is sent is dropped; it comes back with its cursor.
Task<bool> HttpConnection::write_event(std::string_view text) {
  expire_after(server_.settings.request_timeout);
  const auto error = co_await stream_.async_write(text);
  deadline_ = SteadyTime::max();
  co_return !error && stream_.is_open();
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

Task<HttpConnection::Next> HttpConnection::respond(HttpResponse response, unsigned version,
                                                   bool keep_alive) {
  expire_after(server_.settings.request_timeout);
  thread_.metrics().responded(response.status);
  http::response<http::string_body> message(static_cast<http::status>(response.status), version);
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.fields) message.insert(name, value);
  for (const auto& [name, value] : cors_) message.insert(name, value);
  message.body() = std::move(response.body);
  message.keep_alive(keep_alive && !draining_);
  message.prepare_payload();
  if (message.result() == http::status::no_content ||
      message.result() == http::status::not_modified) {
    message.erase(http::field::content_length);
  }
  if (head_only_) message.body().clear();  // its length stays
  const bool goes_on = message.keep_alive();
  const auto text = serialise(std::move(message));
  const auto error = co_await stream_.async_write(text);
  if (error) co_return Next::end;
  co_return goes_on ? Next::request : Next::linger;
}

// Whoever is answered before all was read may still be sending, and closing now
// would make the kernel reset the connection, perhaps before the answer is read.
Task<void> HttpConnection::linger() {
  busy_ = false;
  reader_.drop_rest();
  expire_after(linger_time);
  stream_.shutdown_send();
  error_code error;
  while (!error) {
    co_await stream_.readable(error);
    if (error) co_return;
    stream_.read_some(thread_.scratch(), error);
    if (error == asio::error::would_block) error = {};
  }
}

}  // namespace

Task<void> serve(Ticket ticket, Stream stream) {
  auto& log = ticket.server().ports.logger;
  try {
    HttpConnection connection(std::move(ticket), std::move(stream));
    co_await connection.run();
  } catch (const std::exception& error) {
    log(Logger::Level::error, std::string("connection ended: ") + error.what());
  }
}

}  // namespace callstate::transports
