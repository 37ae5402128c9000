#include "tools/callstate/webhook_service.hpp"

#include <algorithm>
#include <charconv>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "projections/webhooks/curl_client.hpp"
#include "tools/callstate/secret.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

constexpr std::string_view route = "/v1/webhooks/dead";
constexpr std::string_view retry_route = "/retry";  // below one of them
constexpr std::size_t listed_max = 200;
constexpr std::size_t listed_usually = 50;

std::expected<std::vector<projections::SigningKey>, std::string> read_keys(
    const WebhookSettings& settings) {
  if (!settings.secret.empty() && !settings.secret_file.empty())
    return std::unexpected("give either --webhook-secret or --webhook-secret-file, not both");
  std::string text = settings.secret;
  std::string from = "--webhook-secret: ";
  if (!settings.secret_file.empty()) {
    auto secret = read_secret_file(settings.secret_file);
    if (!secret)
      return std::unexpected("--webhook-secret-file: cannot read " + settings.secret_file);
    text = *std::move(secret);
    from = "--webhook-secret-file: ";
  }
  auto keys = projections::parse_signing_secrets(text);
  if (!keys) return std::unexpected(from + keys.error());
  if (keys->empty()) {
    return std::unexpected(
        "webhooks are signed: give --webhook-secret-file FILE with what "
        "`echo whsec_$(openssl rand -base64 32)` prints");
  }
  return keys;
}

transports::HttpResponse wrong_method(std::string_view takes, std::string_view sentence) {
  auto refusal = transports::problem(405, "INVALID_MESSAGE", sentence);
  refusal.fields.emplace_back("Allow", takes);
  return refusal;
}

transports::HttpResponse in_trouble(const history::Trouble& trouble) {
  return transports::problem(503, "STORAGE_UNAVAILABLE", trouble.message);
}

/// What was done to the one of this id.
transports::HttpResponse done(const std::expected<bool, history::Trouble>& found) {
  if (!found) return in_trouble(found.error());
  if (!*found) return transports::problem(404, "", "no webhook of this id was given up");
  return {.status = 204, .content_type = {}, .body = {}};
}

void put(transports::JsonWriter& to, const history::DeadEvent& dead) {
  to.begin_object();
  to.text("id", dead.event.id);
  to.text("type", dead.event.type);
  to.text("callId", call::to_string(dead.event.call));
  to.time("queuedAt", dead.event.queued_at);
  to.time("diedAt", dead.died_at);
  to.number("attempts", dead.attempts);
  to.text("error", dead.why);
  to.raw("payload", dead.event.body);
  to.end_object();
}

// `evt_…`: as an id looks, whether or not there is one.
bool is_webhook_id(std::string_view text) {
  constexpr std::size_t id_max = 40;
  return text.starts_with("evt_") && text.size() <= id_max && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
         });
}

}  // namespace

std::expected<std::unique_ptr<WebhookService>, std::string> WebhookService::make(
    const WebhookSettings& settings, const Surroundings& around) {
  if (settings.url.empty()) return nullptr;
  if (auto good = projections::check_webhook_url(settings.url, settings.allow_http); !good)
    return std::unexpected("--webhook-url: " + good.error());
  if (settings.deliveries.pause_min > settings.deliveries.pause_max)
    return std::unexpected("--webhook-retry-min is longer than --webhook-retry-max");
  auto keys = read_keys(settings);
  if (!keys) return std::unexpected(keys.error());
  auto client = projections::CurlClient::make({.url = settings.url,
                                               .ca_file = settings.ca_file,
                                               .timeout = settings.timeout,
                                               .connections_max = settings.deliveries.concurrency});
  if (!client) return std::unexpected("--webhook-ca-file: " + client.error());
  return std::unique_ptr<WebhookService>(
      new WebhookService(settings, std::move(*keys), std::move(*client), around));
}

WebhookService::WebhookService(const WebhookSettings& settings,
                               std::vector<projections::SigningKey> keys,
                               std::unique_ptr<projections::HttpClient> client,
                               const Surroundings& around)
    : clock_(around.clock),
      outbox_(around.data_dir / "webhooks"),
      sender_(settings.deliveries, std::move(keys), outbox_, std::move(client), around.clock,
              around.say),
      projection_(outbox_, around.log.head(), around.clock,
                  {.appended = [this] { sender_.wake(); },
                   .warn = [say = around.say](std::string_view line) { say(true, line); }}),
      runner_(
          projection_, around.log, around.log_id,
          {.clock = around.clock,
           .random = [bits = std::mt19937_64(std::random_device()())]() mutable { return bits(); },
           .tell =
               [say = around.say](projections::Weight weight, const std::string& sentence) {
                 say(weight != projections::Weight::info, sentence);
               }},
          {.niceness = 0})  // a phone is woken by what it tells
{}

void WebhookService::start() {
  sender_.start();
  runner_.start();
}

void WebhookService::stop() {
  runner_.stop();
  sender_.stop();
}

std::optional<transports::HttpResponse> WebhookService::answer(
    const transports::HttpRequest& request) {
  std::string_view path = request.path;
  if (path != route && !path.starts_with(std::string(route) + "/")) return std::nullopt;
  if (!request.identity) return transports::unauthenticated(request);
  if (request.identity->role != call::Role::service)
    return transports::problem(403, "FORBIDDEN", "this needs the role SERVICE");
  if (path == route) {
    if (request.method != "GET" && request.method != "HEAD")
      return wrong_method("GET, HEAD", "GET lists those that were given up");
    return list(request);
  }
  path.remove_prefix(route.size() + 1);
  if (path.ends_with(retry_route)) {
    path.remove_suffix(retry_route.size());
    if (request.method != "POST") return wrong_method("POST", "POST has it sent again");
    return retry(request.identity->tenant, std::string(path));
  }
  if (path.contains('/')) return std::nullopt;
  if (request.method != "DELETE") return wrong_method("DELETE", "DELETE forgets it");
  return forget(request.identity->tenant, std::string(path));
}

transports::HttpResponse WebhookService::list(const transports::HttpRequest& request) {
  std::size_t limit = listed_usually;
  if (request.has_parameter("limit")) {
    const auto text = request.parameter("limit");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc{} || end != text.data() + text.size() || limit < 1 ||
        limit > listed_max) {
      return transports::problem(400, "INVALID_MESSAGE", "`limit` is a number from 1 to 200");
    }
  }
  const auto after = request.parameter("after");
  if (request.has_parameter("after") && !is_webhook_id(after))
    return transports::problem(400, "INVALID_MESSAGE", "`after` is the `next` of a page before");
  const auto& tenant = request.identity->tenant;
  const auto found = outbox_.dead(tenant, after, limit);
  if (!found) return in_trouble(found.error());
  transports::HttpResponse response;
  transports::JsonWriter to(response.body);
  to.begin_object();
  to.number("total", outbox_.dead_of(tenant));
  to.begin_array("webhooks");
  for (const auto& dead : *found) put(to, dead);
  to.end_array();
  if (found->size() == limit) to.text("next", found->back().event.id);
  to.end_object();
  return response;
}

transports::HttpResponse WebhookService::retry(const call::TenantId& tenant,
                                               const std::string& id) {
  const auto found = outbox_.revive(tenant, id, clock_.now());
  if (found && *found) sender_.wake();
  return done(found);
}

transports::HttpResponse WebhookService::forget(const call::TenantId& tenant,
                                                const std::string& id) {
  return done(outbox_.drop(tenant, id));
}

}  // namespace callstate::tools
