#include "tools/callstate/net.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "tools/callstate/wire.hpp"
#include "transports/tls_trust.hpp"

namespace callstate::tools {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds close_timeout{2};
/// How often who listens is asked whether to go on.
constexpr std::chrono::milliseconds look_every{100};

/// Runs the context until the operation that `start` begins has ended; others go
/// on meanwhile. `start` is given the operation's handler.
template <class Start>
error_code complete(asio::io_context& io, Start&& start) {
  std::optional<error_code> ended;
  start([&ended](error_code error, auto&&...) { ended = error; });
  io.restart();
  while (!ended && io.run_one() > 0) {
  }
  return ended.value_or(asio::error::operation_aborted);
}

std::string no_answer(const ServerUrl& url, error_code error) {
  const std::string why = error == beast::error::timeout ? "it took too long" : error.message();
  if (error.category() == asio::error::get_ssl_category()) {
    return "The server at " + url.text() + " cannot be spoken to by TLS (" + why +
           "). Say with --ca-file who vouches for it, give the name that its certificate has, or "
           "write http:// if it speaks no TLS.";
  }
  return "No server answers at " + url.text() + " (" + why +
         "). Start one with `callstate serve --dev`, or say with --server where it is.";
}

/// The failure is a sentence.
std::expected<void, std::string> connect(asio::io_context& io, Wire& wire, const ServerUrl& url) {
  error_code error;
  const auto found = asio::ip::tcp::resolver(io).resolve(url.host, url.port, error);
  if (!error) {
    error = complete(io, [&](auto handler) { wire.tcp.async_connect(found, handler); });
  }
  if (error) return std::unexpected(no_answer(url, error));
  if (!url.tls) return {};
  wire.trust.emplace(asio::ssl::context::tls_client);
  auto trusting = transports::trust_authorities(*wire.trust->native_handle(), url.ca_file);
  if (!trusting) return std::unexpected("--ca-file: " + trusting.error() + ".");
  wire.tls.emplace(wire.tcp, *wire.trust);
  transports::expect_host(*wire.tls->native_handle(), url.host);
  error = complete(io, [&](auto handler) {
    wire.tls->async_handshake(asio::ssl::stream_base::client, std::move(handler));
  });
  if (error) return std::unexpected(no_answer(url, error));
  return {};
}

std::string words_of(error_code error, const websocket::close_reason& reason) {
  if (error != websocket::error::closed) return "the connection broke: " + error.message();
  std::string text = "closed by the server with " + std::to_string(reason.code);
  if (!reason.reason.empty()) text.append(", ").append(reason.reason.data(), reason.reason.size());
  return text;
}

}  // namespace

std::string ServerUrl::text() const {
  const bool v6 = host.find(':') != host.npos;
  return (tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" + port;
}

std::expected<ServerUrl, std::string> parse_server_url(std::string_view text, std::string ca_file) {
  std::string with_scheme(text);
  if (text.find("://") == text.npos) with_scheme.insert(0, "http://");
  const auto parsed = boost::urls::parse_uri(with_scheme);
  const auto wrong = [&](std::string_view why) {
    return std::unexpected("\"" + std::string(text) + "\" " + std::string(why) +
                           " (write http://127.0.0.1:7480)");
  };
  if (!parsed || parsed->host().empty()) return wrong("is no URL");
  const bool tls = parsed->scheme() == "https" || parsed->scheme() == "wss";
  if (!tls && parsed->scheme() != "http" && parsed->scheme() != "ws")
    return wrong("is no http or https URL");
  if (parsed->has_userinfo()) return wrong("holds a password; give a token with --token");
  if (parsed->encoded_path().size() > 1 || parsed->has_query() || parsed->has_fragment()) {
    return wrong("has more than an address");
  }
  return ServerUrl{.host = parsed->host_address(),
                   .port = parsed->has_port() ? std::string(parsed->port())
                           : tls              ? "443"
                                              : "80",
                   .tls = tls,
                   .ca_file = std::move(ca_file)};
}

std::expected<HttpAnswer, std::string> http_request(const ServerUrl& url, std::string_view method,
                                                    std::string_view target, std::string_view token,
                                                    std::chrono::milliseconds timeout,
                                                    std::string_view body) {
  asio::io_context io;
  Wire stream(io);
  stream.tcp.expires_after(timeout);
  if (auto connected = connect(io, stream, url); !connected)
    return std::unexpected(std::move(connected.error()));

  http::request<http::string_body> request;
  request.method_string(beast::string_view(method.data(), method.size()));
  request.target(beast::string_view(target.data(), target.size()));
  request.set(http::field::host, url.host + ":" + url.port);
  request.set(http::field::authorization, "Bearer " + std::string(token));
  if (!body.empty()) {
    request.set(http::field::content_type, "application/json");
    request.body() = body;
  }
  request.prepare_payload();
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  auto error =
      complete(io, [&](auto handler) { http::async_write(stream, request, std::move(handler)); });
  if (!error) {
    error = complete(
        io, [&](auto handler) { http::async_read(stream, buffer, response, std::move(handler)); });
  }
  if (error) return std::unexpected(no_answer(url, error));
  return HttpAnswer{static_cast<int>(response.result_int()), std::move(response.body())};
}

std::expected<HttpAnswer, std::string> http_listen(const ServerUrl& url, std::string_view target,
                                                   std::string_view token,
                                                   const Listening& listening) {
  asio::io_context io;
  Wire stream(io);
  stream.tcp.expires_after(listening.answer_timeout);
  if (auto connected = connect(io, stream, url); !connected)
    return std::unexpected(std::move(connected.error()));
  http::request<http::empty_body> request(http::verb::get, std::string(target), 11);
  request.set(http::field::host, url.host + ":" + url.port);
  request.set(http::field::accept, "text/event-stream");
  request.set(http::field::authorization, "Bearer " + std::string(token));
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  auto error =
      complete(io, [&](auto handler) { http::async_write(stream, request, std::move(handler)); });
  if (!error) {
    error = complete(io, [&](auto handler) {
      http::async_read_header(stream, buffer, parser, std::move(handler));
    });
  }
  if (error) return std::unexpected(no_answer(url, error));
  HttpAnswer answer{static_cast<int>(parser.get().result_int()), {}};
  const bool good = answer.status == 200;
  std::array<char, 16'384> bytes{};
  while (!parser.is_done()) {
    stream.tcp.expires_after(good ? listening.silence_max : listening.answer_timeout);
    auto& body = parser.get().body();
    body.data = bytes.data();
    body.size = bytes.size();
    std::optional<error_code> ended;
    http::async_read_some(stream, buffer, parser,
                          [&ended](error_code why, std::size_t) { ended = why; });
    io.restart();
    bool go_on = true;
    while (!ended) {
      if (io.run_one_for(look_every) == 0 && !ended && go_on && good) go_on = listening.take({});
      if (!go_on) stream.tcp.cancel();
    }
    if (!go_on) return answer;
    if (*ended && *ended != http::error::need_buffer)
      return std::unexpected(no_answer(url, *ended));
    const std::string_view come(bytes.data(), bytes.size() - body.size);
    if (!good) answer.body += come;
    if (good && !listening.take(come)) return answer;
  }
  return answer;
}

std::string query_value(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

struct WebSockets::Impl {
  struct Client {
    explicit Client(asio::io_context& io) : stream(io) {}

    websocket::stream<Wire> stream;
    beast::flat_buffer buffer;
    bool open = false;
  };

  void read(std::size_t number) {
    Client& client = *clients[number];
    client.stream.async_read(client.buffer, [this, number](error_code error, std::size_t) {
      Client& reader = *clients[number];
      if (error) {
        if (!std::exchange(reader.open, false)) return;  // we closed it
        events.on_end(number, words_of(error, reader.stream.reason()));
        return;
      }
      const auto bytes = reader.buffer.cdata();
      const std::string text(static_cast<const char*>(bytes.data()), bytes.size());
      reader.buffer.clear();
      read(number);
      events.on_text(number, text);
    });
  }

  ServerUrl url;
  Events events;
  asio::io_context io;
  std::vector<std::unique_ptr<Client>> clients;
};

WebSockets::WebSockets(ServerUrl url, Events events) : impl_(std::make_unique<Impl>()) {
  impl_->url = std::move(url);
  impl_->events = std::move(events);
}

WebSockets::~WebSockets() = default;

std::expected<std::size_t, std::string> WebSockets::open(std::string_view target,
                                                         std::string_view token,
                                                         std::chrono::milliseconds timeout) {
  const auto& url = impl_->url;
  auto client = std::make_unique<Impl::Client>(impl_->io);
  auto& stream = client->stream;
  auto& lowest = stream.next_layer().tcp;
  lowest.expires_after(timeout);
  if (auto connected = connect(impl_->io, stream.next_layer(), url); !connected)
    return std::unexpected(std::move(connected.error()));
  lowest.socket().set_option(asio::ip::tcp::no_delay(true));
  stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    request.set(http::field::authorization, "Bearer " + std::string(token));
  }));
  websocket::response_type response;
  const std::string host = url.host + ":" + url.port;
  const std::string path(target);
  const auto error = complete(impl_->io, [&](auto handler) {
    stream.async_handshake(response, host, path, std::move(handler));
  });
  if (error == websocket::error::upgrade_declined) {
    return std::unexpected("The server at " + url.text() +
                           " takes no WebSocket there: it answers HTTP " +
                           std::to_string(response.result_int()) + ".");
  }
  if (error) return std::unexpected(no_answer(url, error));
  lowest.expires_never();
  client->open = true;
  impl_->clients.push_back(std::move(client));
  const std::size_t number = impl_->clients.size() - 1;
  impl_->read(number);
  return number;
}

std::expected<void, std::string> WebSockets::send(std::size_t client, std::string_view text) {
  auto& stream = impl_->clients[client]->stream;
  stream.text(true);
  const auto error = complete(impl_->io, [&](auto handler) {
    stream.async_write(asio::buffer(text.data(), text.size()), std::move(handler));
  });
  if (error)
    return std::unexpected("The connection to " + impl_->url.text() + " broke: " + error.message() +
                           ".");
  return {};
}

bool WebSockets::receive_until(const std::function<bool()>& done,
                               std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  impl_->io.restart();
  while (!done()) {
    if (impl_->io.run_one_until(until) == 0) {
      if (Clock::now() >= until) return false;
      if (impl_->io.stopped()) return false;  // no connection is left
    }
  }
  return true;
}

void WebSockets::close_all() {
  for (auto& client : impl_->clients) {
    if (!std::exchange(client->open, false)) continue;
    client->stream.next_layer().tcp.expires_after(close_timeout);
    (void)complete(impl_->io, [&](auto handler) {
      client->stream.async_close(websocket::close_code::normal, std::move(handler));
    });
  }
}

}  // namespace callstate::tools
