#include "transports/authenticate.hpp"

#include "transports/utc_now.hpp"

namespace callstate::transports {

std::expected<Identity, AuthRefusal> authenticate(ServerContext& server, const std::string& address,
                                                  std::string_view token) {
  auto identity = server.ports.authenticator.verify(token, utc_now());
  if (identity) return std::move(*identity);
  // Only failures count and are turned away: behind one address, a proxy's, may
  // be everybody, and one bad client must not lock the others out.
  auto& failures = server.failed_authentications;
  const auto now = SteadyClock::now();
  if (!failures.allows(address, now)) {
    ++server.metrics.too_many_logins;
    return std::unexpected(AuthRefusal::too_many_failures);
  }
  failures.failed(address, now);
  ++server.metrics.auth_failures[static_cast<std::size_t>(identity.error().kind)];
  server.ports.logger(Logger::Level::warning,
                      "authentication of " + address + " refused: " + identity.error().reason);
  return std::unexpected(AuthRefusal::invalid);
}

}  // namespace callstate::transports
