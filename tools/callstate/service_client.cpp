#include "tools/callstate/service_client.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "tools/callstate/secret.hpp"

namespace callstate::tools {
namespace {

constexpr std::chrono::seconds answer_timeout{15};

}  // namespace

void add_service_options(CLI::App& app, ServiceOptions& options) {
  constexpr auto group = "Which server";
  app.add_option("--server", options.server, "the running server")
      ->capture_default_str()
      ->type_name("URL")
      ->group(group);
  app.add_option("--ca-file", options.ca_file,
                 "further certificate authority (PEM) for its https address")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--token", options.token,
                 "token of the role SERVICE; not needed when it runs with --dev")
      ->envname("CALLSTATE_TOKEN")
      ->type_name("JWT")
      ->group(group);
}

std::expected<ServiceClient, Trouble> ServiceClient::at(const ServiceOptions& options) {
  auto url = parse_server_url(options.server, options.ca_file);
  if (!url) return std::unexpected(Trouble{Exit::unusable, "--server: " + url.error()});
  if (!options.token.empty()) return ServiceClient(std::move(*url), options.token);
  const std::string tenant = options.tenant.empty() ? "tools" : options.tenant;
  return ServiceClient(std::move(*url), development_token("callstate-tools", tenant, "SERVICE"));
}

std::expected<HttpAnswer, Trouble> ServiceClient::ask(std::string_view method,
                                                      std::string_view target,
                                                      std::string_view body) const {
  auto answer = http_request(url_, method, target, token_, answer_timeout, body);
  if (!answer) return std::unexpected(Trouble{Exit::unusable, answer.error()});
  if (answer->status == 401 || answer->status == 403) {
    return std::unexpected(Trouble{
        Exit::unusable,
        "The server at " + url_.text() +
            " wants a token of the role SERVICE. Give one with --token: `callstate token --role "
            "SERVICE --user ID --tenant ID` with the server's secret prints one."});
  }
  return *std::move(answer);
}

Trouble ServiceClient::unexpected(const HttpAnswer& answer) const {
  const auto detail = detail_of(answer.body);
  return {Exit::unusable, "The server at " + url_.text() + " answered HTTP " +
                              std::to_string(answer.status) +
                              (detail.empty() ? "" : ": " + detail) + "."};
}

Trouble ServiceClient::unreadable() const {
  return {Exit::unusable, "The answer of " + url_.text() + " is not that of a callstate server."};
}

std::string detail_of(std::string_view problem) {
  boost::system::error_code error;
  const auto json = boost::json::parse({problem.data(), problem.size()}, error);
  const auto* object = error ? nullptr : json.if_object();
  const auto* detail = object == nullptr ? nullptr : object->if_contains("detail");
  const auto* text = detail == nullptr ? nullptr : detail->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace callstate::tools
