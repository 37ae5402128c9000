#include "transports/authenticate.hpp"

#include "core/call/message.hpp"
#include "transports/json_writer.hpp"
#include "transports/look_up.hpp"
#include "transports/utc_now.hpp"

namespace callstate::transports {
namespace {

AuthRefusal refuse(ServerContext& server, const std::string& address, const AuthFailure& failure) {
  const auto refusal = count_failure(
      server, address, "authentication of " + address + " refused: " + failure.reason);
  if (refusal.kind == AuthRefusal::Kind::bad)
    ++server.metrics.auth_failures[static_cast<std::size_t>(failure.kind)];
  return refusal;
}

/// No token of a user's: its claims are all there is to know.
bool speaks_for_itself(call::Role role) {
  return role == call::Role::service || role == call::Role::auditor;
}

// Everybody who comes meets the same trouble.
void tell_trouble(ServerContext& server, const std::string& why) {
  std::optional<std::size_t> times;
  {
    const std::scoped_lock lock(server.directory_trouble_mutex);
    times = server.directory_trouble.happened(SteadyClock::now());
  }
  if (!times) return;
  server.ports.logger(Logger::Level::warning,
                      std::to_string(*times) + " could not be authenticated: " + why);
}

}  // namespace

AuthRefusal count_failure(ServerContext& server, const std::string& address,
                          std::string_view line) {
  auto& failures = server.failed_authentications;
  const auto now = SteadyClock::now();
  if (const auto allowed = failures.allows(address, now); !allowed) {
    ++server.metrics.too_many_logins;
    return {AuthRefusal::Kind::too_often, allowed.error()};
  }
  failures.failed(address, now);
  server.ports.logger(Logger::Level::warning, line);
  return {};
}

std::expected<Verified, AuthRefusal> verify_token(ServerContext& server, const std::string& address,
                                                  std::string_view token) {
  auto identity = server.ports.authenticator.verify(token, utc_now());
  if (!identity) return std::unexpected(refuse(server, address, identity.error()));
  auto* directory = server.ports.directory;
  if (directory == nullptr || speaks_for_itself(identity->role))
    return Verified{std::move(*identity)};
  const auto known = directory->cached(identity->user);
  if (!known) return Verified{std::move(*identity), false};
  auto settled = settle(server, address, std::move(*identity), *known);
  if (!settled) return std::unexpected(settled.error());
  return Verified{std::move(*settled)};
}

AuthResult settle(ServerContext& server, const std::string& address, Identity identity,
                  const engine::Directory::Answer& answer) {
  using Refusal = engine::Directory::Refusal;
  if (!answer && answer.error().refusal == Refusal::unavailable) {
    tell_trouble(server, answer.error().message);
    return std::unexpected(
        AuthRefusal{AuthRefusal::Kind::unavailable, server.settings.directory_retry});
  }
  if (!answer) {
    return std::unexpected(
        refuse(server, address, {answer.error().message, AuthFailure::Kind::user}));
  }
  if (!identity.tenant.empty() && identity.tenant != answer->tenant) {
    return std::unexpected(refuse(
        server, address,
        {"the claim of the tenant is another than the directory's", AuthFailure::Kind::claims}));
  }
  identity.tenant = answer->tenant;
  identity.role = answer->role;
  identity.name = without_controls(answer->name, call::label_bytes_max);
  return identity;
}

Task<AuthResult> authenticate(ServerContext& server, IoThread& thread, const std::string& address,
                              std::string_view token) {
  auto verified = verify_token(server, address, token);
  if (!verified) co_return std::unexpected(verified.error());
  if (verified->complete) co_return std::move(verified->identity);
  const auto answer = co_await look_up(server, thread, verified->identity.user);
  co_return settle(server, address, std::move(verified->identity), answer);
}

}  // namespace callstate::transports
