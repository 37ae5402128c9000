#include "transports/authenticate.hpp"

#include "transports/utc_now.hpp"

namespace callstate::transports {

AuthRefusal count_failure(ServerContext& server, const std::string& address,
                          std::string_view line) {
  auto& failures = server.failed_authentications;
  const auto now = SteadyClock::now();
  if (const auto allowed = failures.allows(address, now); !allowed) {
    ++server.metrics.too_many_logins;
    return {.too_often_for = allowed.error()};
  }
  failures.failed(address, now);
  server.ports.logger(Logger::Level::warning, line);
  return {};
}

std::expected<Identity, AuthRefusal> authenticate(ServerContext& server, const std::string& address,
                                                  std::string_view token) {
  auto identity = server.ports.authenticator.verify(token, utc_now());
  if (identity) return std::move(*identity);
  const auto refusal = count_failure(
      server, address, "authentication of " + address + " refused: " + identity.error().reason);
  if (!refusal.too_often_for)
    ++server.metrics.auth_failures[static_cast<std::size_t>(identity.error().kind)];
  return std::unexpected(refusal);
}

}  // namespace callstate::transports
