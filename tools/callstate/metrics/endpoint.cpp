#include "tools/callstate/metrics/endpoint.hpp"

#include <algorithm>
#include <array>

namespace callstate::tools {
namespace {

constexpr std::string_view route = "/metrics";

/// Whether it comes from this machine itself, as far as that can be told: what a
/// proxy on this machine passes on comes from anywhere.
bool is_local(const transports::HttpRequest& request) {
  constexpr std::array<std::string_view, 4> of_proxies{"forwarded", "via", "x-forwarded-for",
                                                       "x-real-ip"};
  const auto passed_on = [&](std::string_view name) {
    return std::ranges::any_of(request.fields,
                               [&](const auto& field) { return field.first == name; });
  };
  const std::string_view from = request.remote_address;
  const bool loopback =
      from == "::1" || from.starts_with("127.") || from.starts_with("::ffff:127.");
  return loopback && std::ranges::none_of(of_proxies, passed_on);
}

bool may_look(const std::optional<transports::Identity>& identity) {
  return identity &&
         (identity->role == call::Role::service || identity->role == call::Role::auditor);
}

}  // namespace

std::optional<MetricsAccess> parse_metrics_access(std::string_view text) {
  if (text == "loopback") return MetricsAccess::loopback;
  if (text == "open") return MetricsAccess::open;
  if (text == "off") return MetricsAccess::off;
  return std::nullopt;
}

std::optional<transports::HttpResponse> MetricsEndpoint::answer(
    const transports::HttpRequest& request) const {
  if (request.path != route || access_ == MetricsAccess::off) return std::nullopt;
  if (request.method != "GET" && request.method != "HEAD") {
    auto refusal = transports::problem(405, "INVALID_MESSAGE", "this path takes GET and HEAD");
    refusal.fields.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }
  if (access_ != MetricsAccess::open && !is_local(request) && !may_look(request.identity)) {
    return transports::problem(
        403, "FORBIDDEN",
        "metrics are shown to this machine alone: ask from there and not by a proxy, give a "
        "token of the role SERVICE or AUDITOR, or run the server with --metrics open");
  }
  transports::HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = exposition(read_());
  return response;
}

}  // namespace callstate::tools
