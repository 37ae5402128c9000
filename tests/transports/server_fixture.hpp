#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fake_engine.hpp"
#include "support/memory_log.hpp"
#include "support/memory_snapshots.hpp"
#include "test_client.hpp"
#include "transports/server.hpp"

namespace callstate::transports {

/// Tokens are `user`, `tenant:user` or `user@milliseconds` that it is good for;
/// those that begin with `bad` are refused. A `!` at the end: of a customer; a `$`: of a
/// service; a `?`: of an auditor.
class FakeAuthenticator final : public Authenticator {
 public:
  bool awaits_key(std::string_view) override { return false; }
  std::expected<Identity, AuthFailure> verify(std::string_view token, call::Time now) override {
    if (token.starts_with("bad")) return std::unexpected(AuthFailure{"a bad token"});
    Identity identity;
    std::string tenant = "t1";
    auto lifetime = std::chrono::milliseconds(3'600'000);
    if (const auto colon = token.find(':'); colon != std::string_view::npos) {
      tenant = token.substr(0, colon);
      token.remove_prefix(colon + 1);
    }
    if (token.ends_with('!')) {
      identity.role = call::Role::portal_customer;
      token.remove_suffix(1);
    }
    if (token.ends_with('$')) {
      identity.role = call::Role::service;
      token.remove_suffix(1);
    }
    if (token.ends_with('?')) {
      identity.role = call::Role::auditor;
      token.remove_suffix(1);
    }
    if (const auto sign = token.find('@'); sign != std::string_view::npos) {
      lifetime = std::chrono::milliseconds(std::stoi(std::string(token.substr(sign + 1))));
      token = token.substr(0, sign);
    }
    identity.tenant = call::TenantId::clipped(tenant);
    identity.user = call::UserId::clipped(token);
    identity.expires_at = now + lifetime;
    return identity;
  }
};

/// A server on a free port with short times, before a fake engine.
struct ServerFixture : testing::Test {
  ServerFixture() {
    settings.io_threads = 2;
    settings.sweep_interval = std::chrono::milliseconds(5);
    settings.failed_authentications = {.per_second = 1000, .burst = 1000};
  }
  ~ServerFixture() override {
    if (server) server->stop();
  }

  /// With the settings as they are then.
  void start() {
    server = std::make_unique<Server>(settings,
                                      ServerPorts{engine,
                                                  mailbox,
                                                  event_log,
                                                  authenticator,
                                                  [this] { return ready.load(); },
                                                  nullptr,
                                                  nullptr,
                                                  handler,
                                                  {[this](Logger::Level, std::string_view line) {
                                                    const std::scoped_lock lock(log_mutex);
                                                    log.emplace_back(line);
                                                  }},
                                                  certificate.get(),
                                                  history,
                                                  directory});
    engine.deliver_to(*server);
    const auto bound = server->listen("127.0.0.1", 0);
    ASSERT_TRUE(bound) << bound.error();
    port = *bound;
    server->start();
  }
  TestClient connect(std::string_view target, const Fields& fields = {}) {
    if (!server) start();
    return {port, target, fields};
  }
  // A session that the engine has heard of.
  engine::OpenSession opened(std::size_t n = 0) {
    const auto open = engine.wait_for<engine::OpenSession>(n);
    EXPECT_TRUE(open);
    return open.value_or(engine::OpenSession{});
  }
  bool logged(std::string_view text) {
    const std::scoped_lock lock(log_mutex);
    return std::ranges::any_of(
        log, [text](const auto& line) { return line.find(text) != std::string::npos; });
  }

  ServerSettings settings;
  FakeEngine engine;
  support::MemoryLog event_log;
  support::MemorySnapshots snapshots;
  engine::Mailbox mailbox{snapshots};
  FakeAuthenticator authenticator;
  std::atomic<bool> ready = true;
  HttpHandler handler;
  std::unique_ptr<TlsCertificate> certificate;  // none: no TLS
  const history::HistoryReader* history = nullptr;
  engine::Directory* directory = nullptr;
  std::mutex log_mutex;
  std::vector<std::string> log;
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
};

}  // namespace callstate::transports
