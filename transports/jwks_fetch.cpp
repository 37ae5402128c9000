#include "transports/jwks_fetch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <optional>
#include <vector>

#include "transports/json_concat.hpp"
#include "transports/tls_trust.hpp"

namespace callstate::transports {
namespace {

namespace net = boost::asio;
namespace ssl = net::ssl;
namespace beast = boost::beast;
namespace http = beast::http;
using Result = std::expected<std::string, std::string>;
using Endpoints = std::vector<net::ip::tcp::endpoint>;

constexpr std::uint32_t header_bytes_max = 16 * 1024;

struct Target {
  bool tls = false;
  std::string host;       // as connected to: without an IPv6 address's brackets
  std::string authority;  // as sent in Host
  std::uint16_t port = 0;
  std::string path;
};

std::expected<Target, std::string> parse_target(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return std::unexpected(concat(url, " is no URL"));
  if (parsed->scheme() != "http" && parsed->scheme() != "https") {
    return std::unexpected(concat(url, " is no http or https URL"));
  }
  if (parsed->host().empty()) return std::unexpected(concat(url, " names no host"));
  if (parsed->has_userinfo()) return std::unexpected("a key set's URL must not hold a password");
  Target target;
  target.tls = parsed->scheme() == "https";
  target.host = parsed->host_address();
  target.authority = std::string(parsed->encoded_host_and_port());
  target.port = parsed->has_port() ? parsed->port_number() : target.tls ? 443 : 80;
  if (target.port == 0) return std::unexpected(concat(url, " names no port that there is"));
  target.path = parsed->encoded_path().empty() ? "/" : std::string(parsed->encoded_path());
  if (parsed->has_query()) target.path += concat("?", std::string(parsed->encoded_query()));
  return target;
}

template <class Stream>
net::awaitable<Result> exchange(Stream& stream, const Target& target, const FetchOptions& options) {
  http::request<http::empty_body> request(http::verb::get, target.path, 11);
  request.set(http::field::host, target.authority);
  request.set(http::field::accept, "application/jwk-set+json, application/json");
  request.set(http::field::user_agent, "callstate");
  request.set(http::field::connection, "close");
  co_await http::async_write(stream, request, net::use_awaitable);

  http::response_parser<http::string_body> parser;
  parser.header_limit(header_bytes_max);
  parser.body_limit(options.body_bytes_max);
  beast::flat_buffer buffer;
  co_await http::async_read(stream, buffer, parser, net::use_awaitable);
  if (parser.get().result() != http::status::ok) {
    co_return std::unexpected(concat("answered ", parser.get().result_int()));
  }
  co_return std::move(parser.get().body());
}

net::awaitable<Result> get(net::io_context& io, const Target& target, const Endpoints& addresses,
                           const FetchOptions& options) {
  if (!target.tls) {
    beast::tcp_stream stream(io);
    co_await stream.async_connect(addresses, net::use_awaitable);
    co_return co_await exchange(stream, target, options);
  }
  ssl::context trust(ssl::context::tls_client);
  if (auto trusting = trust_authorities(*trust.native_handle(), options.ca_file); !trusting) {
    co_return std::unexpected(concat("could not be fetched: ", trusting.error()));
  }
  beast::ssl_stream<beast::tcp_stream> stream(io, trust);
  expect_host(*stream.native_handle(), target.host);
  co_await beast::get_lowest_layer(stream).async_connect(addresses, net::use_awaitable);
  co_await stream.async_handshake(ssl::stream_base::client, net::use_awaitable);
  co_return co_await exchange(stream, target, options);
}

}  // namespace

std::expected<void, std::string> check_fetch_url(const std::string& url) {
  const auto target = parse_target(url);
  if (!target) return std::unexpected(target.error());
  return {};
}

Result fetch(const std::string& url, const FetchOptions& options, HostLookup& lookup,
             const std::stop_token& stop) {
  const auto target = parse_target(url);
  if (!target) return std::unexpected(target.error());
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  const auto addresses = lookup(target->host, deadline, stop);
  if (!addresses) return std::unexpected(addresses.error());
  Endpoints endpoints;
  for (const auto& text : *addresses) {
    boost::system::error_code error;
    const auto address = net::ip::make_address(text, error);
    if (!error) endpoints.emplace_back(address, target->port);
  }
  std::optional<Result> result;
  net::io_context io(1);
  net::co_spawn(io, get(io, *target, endpoints, options),
                [&](const std::exception_ptr& thrown, Result got) {
                  if (!thrown) {
                    result = std::move(got);
                    return;
                  }
                  try {
                    std::rethrow_exception(thrown);
                  } catch (const boost::system::system_error& e) {
                    result = std::unexpected(concat("could not be fetched: ", e.code().message()));
                  } catch (const std::exception& e) {
                    result = std::unexpected(concat("could not be fetched: ", e.what()));
                  }
                });
  const std::stop_callback stopping(stop, [&io] { io.stop(); });
  io.run_until(deadline);
  if (result) return *std::move(result);
  return std::unexpected(concat("did not answer within ", options.timeout.count(), " ms"));
}

}  // namespace callstate::transports
