#include "tools/callstate/serve.hpp"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <thread>

#include "core/engine/engine.hpp"
#include "core/engine/fanout.hpp"
#include "core/engine/system.hpp"
#include "storage/store.hpp"
#include "tools/callstate/checkpoints.hpp"
#include "tools/callstate/console.hpp"
#include "tools/callstate/descriptors.hpp"
#include "tools/callstate/dev_secret.hpp"
#include "tools/callstate/ending.hpp"
#include "tools/callstate/evidence_service.hpp"
#include "tools/callstate/logging.hpp"
#include "tools/callstate/metrics/endpoint.hpp"
#include "tools/callstate/secret.hpp"
#include "tools/callstate/serve_directory.hpp"
#include "tools/callstate/serve_projections.hpp"
#include "tools/callstate/serve_seals.hpp"
#include "tools/callstate/serve_settings.hpp"
#include "transports/jwks.hpp"
#include "transports/jwt.hpp"
#include "transports/server.hpp"
#include "transports/tls_certificate.hpp"

// Where everything is put together: the only place that knows the log, the
// engine and the transports at the same time.

namespace callstate::tools {
namespace {

using Log = std::shared_ptr<spdlog::logger>;

constexpr int exit_cannot_run = 2;
constexpr int exit_log_failed = 70;

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<Address> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  Address address{text.substr(0, colon), 0};
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc{} || rest != end || address.host.empty()) return std::nullopt;
  return address;
}

bool is_loopback(const std::string& host) {
  return host == "::1" || host.starts_with("127.");
}

std::string shown(const Address& address) {
  const bool v6 = address.host.contains(':');
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

/// A sentence about what is wrong, or nothing.
using Problem = std::optional<std::string>;

/// Who may come in: nobody by default.
Problem settle_secret(ServeSettings& settings, const std::vector<Address>& addresses,
                      const Log& log) {
  if (!settings.jwt_secret.empty() && !settings.jwt_secret_file.empty()) {
    return "give either --jwt-secret or --jwt-secret-file, not both";
  }
  if (!settings.jwt_secret_file.empty()) {
    auto secret = read_secret_file(settings.jwt_secret_file);
    if (!secret) return "--jwt-secret-file: cannot read " + settings.jwt_secret_file;
    if (secret->empty()) return "--jwt-secret-file: " + settings.jwt_secret_file + " is empty";
    settings.jwt_secret = *std::move(secret);
  }
  const bool secured = !settings.jwt_secret.empty() || !settings.jwks.empty();
  if (!settings.dev) {
    if (!secured) {
      return "nobody could be authenticated: give --jwt-secret-file FILE (HS256) or --jwks "
             "FILE|URL "
             "(RS256, ES256); for a try on this machine alone, --dev";
    }
    if (settings.jwt_secret == development_secret) {
      return "--jwt-secret is the development secret, which everybody knows; only --dev may use it";
    }
    if (!settings.jwt_secret.empty() && settings.jwt_secret.size() < 32) {
      log->warn("the JWT secret is shorter than the 32 bytes that RFC 7518 asks for");
    }
    return std::nullopt;
  }
  for (const auto& address : addresses) {
    if (!is_loopback(address.host)) {
      return "--dev listens on loopback only, and " + shown(address) + " is not";
    }
  }
  if (secured) {
    log->warn("*** DEVELOPMENT MODE with a secret or keys of your own, and not the development");
    log->warn("*** secret: `demo` and the tools need tokens. Loopback only.");
    return std::nullopt;
  }
  settings.jwt_secret = development_secret;
  log->warn("*** DEVELOPMENT MODE: the JWT secret is public. Anybody who reaches this port can be");
  log->warn("*** anyone. Loopback only; never use it for real calls.");
  return std::nullopt;
}

/// A media server needs all three, and is asked for none of its own.
Problem settle_media(ServeSettings& settings) {
  auto& media = settings.media;
  if (!settings.livekit_api_secret_file.empty()) {
    if (!media.api_secret.empty())
      return "give either --livekit-api-secret or --livekit-api-secret-file, not both";
    auto secret = read_secret_file(settings.livekit_api_secret_file);
    if (!secret || secret->empty())
      return "--livekit-api-secret-file: cannot read " + settings.livekit_api_secret_file;
    media.api_secret = *std::move(secret);
  }
  const auto given = static_cast<int>(!media.url.empty()) +
                     static_cast<int>(!media.api_key.empty()) +
                     static_cast<int>(!media.api_secret.empty());
  if (given == 0 || given == 3) return std::nullopt;
  return "LiveKit needs --livekit-url, --livekit-api-key and --livekit-api-secret together";
}

unsigned io_threads(const ServeSettings& settings) {
  if (settings.io_threads > 0) return settings.io_threads;
  return std::max(1U, std::thread::hardware_concurrency() - 1);
}

transports::ServerSettings server_settings(const ServeSettings& settings) {
  transports::ServerSettings server;
  server.io_threads = static_cast<std::uint16_t>(io_threads(settings));
  server.connections_max = settings.connections_max;
  server.unauthenticated_max = settings.unauthenticated_max;
  server.failed_authentications = {settings.failed_logins_per_second,
                                   settings.failed_logins_per_second};
  server.cors_origins = settings.cors_origins;
  server.websocket.message_bytes_max = settings.message_bytes_max;
  server.websocket.ping_interval = settings.ping_every;
  server.websocket.silence_max = settings.silent_max;
  server.websocket.auth_timeout = settings.auth_timeout;
  server.head_timeout = settings.head_timeout;
  server.request_timeout = settings.request_timeout;
  server.poll_presence = settings.poll_presence;
  server.polls_per_user_max = settings.engine.sessions_per_user_max;
  server.log_streams_max = settings.log_streams_max;
  // Deadlines are kept to a quarter of the shortest.
  const auto shortest =
      std::min({settings.auth_timeout, settings.ping_every, settings.silent_max,
                settings.poll_presence, settings.head_timeout, settings.request_timeout});
  server.sweep_interval =
      std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(1'000));
  server.websocket.messages = {settings.messages_per_second, settings.messages_burst};
  return server;
}

std::expected<std::unique_ptr<transports::Authenticator>, std::string> make_authenticator(
    const ServeSettings& settings, bool with_directory, const Log& log) {
  transports::JwtOptions options;
  options.secret = settings.jwt_secret;
  if (!settings.jwt_audience.empty()) options.audience = settings.jwt_audience;
  if (!settings.jwt_issuer.empty()) options.issuer = settings.jwt_issuer;
  options.claims.tenant = settings.jwt_tenant_claims;
  options.claims.role = settings.jwt_role_claims;
  options.claims.name = settings.jwt_name_claims;
  options.users_in_directory = with_directory;
  if (!settings.jwks.empty()) {
    transports::JwksOptions keys;
    keys.location = settings.jwks;
    keys.ca_file = settings.jwks_ca_file;
    keys.on_problem = [log](const std::string& problem) { log->warn("key set: {}", problem); };
    auto source = transports::JwksSource::start(std::move(keys));
    if (!source) return std::unexpected("--jwks: " + source.error());
    options.keys = std::move(*source);
  }
  return std::make_unique<transports::JwtAuthenticator>(std::move(options));
}

void say_validity(const transports::TlsCertificate& certificate, const Log& log) {
  const auto validity = certificate.validity();
  log->log(validity.starts_with("not") ? spdlog::level::warn : spdlog::level::info,
           "TLS: new connections get the certificate that is {}", validity);
}

/// None when no TLS is asked for.
std::expected<std::unique_ptr<transports::TlsCertificate>, std::string> load_certificate(
    const ServeSettings& settings, const Log& log) {
  if (settings.tls_cert.empty() && settings.tls_key.empty()) return nullptr;
  if (settings.tls_cert.empty() || settings.tls_key.empty()) {
    return std::unexpected(
        "TLS needs both --tls-cert and --tls-key: a certificate chain and its key, in PEM");
  }
  auto certificate = transports::TlsCertificate::load(settings.tls_cert, settings.tls_key);
  if (!certificate) return std::unexpected("--tls-cert, --tls-key: " + certificate.error());
  say_validity(**certificate, log);
  return certificate;
}

/// Meanwhile looks after the certificate.
void wait_for_end(Ending& ending, transports::TlsCertificate* certificate, const Log& log) {
  constexpr std::chrono::seconds look_every{1};
  for (;;) {
    const auto woken = ending.wait(look_every);
    if (woken == Ending::Woken::to_end) return;
    if (certificate == nullptr) continue;
    const auto read = woken == Ending::Woken::by_hangup ? certificate->reload()
                                                        : certificate->reload_if_changed();
    if (!read) {
      log->warn("TLS: the present certificate stays in use: {}", read.error());
    } else if (*read) {
      say_validity(*certificate, log);
    }
  }
}

int run(ServeSettings settings) {
  const Log log = make_logger(settings.log_level, settings.log_format);
  const auto cannot = [&](const std::string& why) {
    log->error("cannot start: {}", why);
    return exit_cannot_run;
  };

  std::vector<Address> addresses;
  for (const auto& text : settings.listen) {
    const auto address = parse_address(text);
    if (!address) return cannot("--listen: '" + text + "' is not address:port");
    addresses.push_back(*address);
  }
  if (auto problem = settle_secret(settings, addresses, log)) return cannot(*problem);
  const auto connections = allowed_connections(
      settings.connections_max,
      ServedProjections::descriptors(settings) + directory_descriptors(settings.directory), log);
  if (!connections) return cannot(connections.error());
  settings.connections_max = *connections;
  auto certificate = load_certificate(settings, log);
  if (!certificate) return cannot(certificate.error());
  Ending ending(
      [log](const std::string& why) {
        log->warn("{}", why);
        log->flush();
      },
      *certificate != nullptr);

  if (auto problem = settle_media(settings)) return cannot(*problem);
  const auto directory = make_directory(settings.directory);
  if (!directory) return cannot(directory.error());
  auto authenticator = make_authenticator(settings, *directory != nullptr, log);
  if (!authenticator) return cannot(authenticator.error());

  ::umask(S_IRWXG | S_IRWXO);  // what follows writes is nobody else's to read
  const auto began = std::chrono::steady_clock::now();
  storage::OpenOptions open_options;
  open_options.path = settings.data_dir;
  open_options.reserve_bytes = settings.disk_reserve_bytes;
  auto store = storage::Store::open(open_options);
  if (!store) return cannot(store.error().message);
  if ((*store)->is_open_to_others()) {
    log->warn(
        "other users can get into {}, which holds the calls of every tenant: make it a "
        "directory of the server's user alone",
        settings.data_dir);
  }
  auto sealer = make_sealer(settings, (*store)->log_id(), log);
  if (!sealer) return cannot("--seal-key: " + sealer.error());
  settings.engine.seals.by = sealer->get();

  std::optional<transports::MediaTokens> media;
  if (!settings.media.url.empty()) media.emplace(settings.media);
  settings.engine.media = media.has_value();

  const engine::SystemClock clock;
  auto projections = ServedProjections::make(
      settings, {.store = **store, .data_dir = settings.data_dir, .clock = clock, .log = log});
  if (!projections) return cannot(projections.error());
  Checkpoints checkpoints(**store, settings.data_dir,
                          [&](const auto& to) { (*projections)->copy_index(to); });
  engine::SystemIds ids;
  engine::Fanout fanout;
  engine::Engine engine(settings.engine, clock, ids, (*store)->log(), (*store)->reader(),
                        (*store)->snapshots(), fanout, directory->get());

  const EvidenceService evidence({.store = **store,
                                  .engine = engine,
                                  .history = (*projections)->reader(),
                                  .key = *sealer ? (*sealer)->public_key() : nullptr,
                                  .seals = *sealer != nullptr});

  std::atomic<bool> serving = false;
  const auto ready = [&] { return serving && (*store)->log().has_room(); };
  std::optional<MetricsEndpoint> metrics;  // of the server that it answers for
  const auto assets = console_assets();
  transports::Server server(server_settings(settings),
                            {.inbox = engine,
                             .mailbox = engine.mailbox(),
                             .log = (*store)->reader(),
                             .authenticator = **authenticator,
                             .ready = ready,
                             .media = media ? &*media : nullptr,
                             .media_settings = media ? &settings.media : nullptr,
                             .handler =
                                 [&](const transports::HttpRequest& request) {
                                   auto answer = metrics->answer(request);
                                   if (!answer) answer = (*projections)->answer(request);
                                   if (!answer) answer = evidence.answer(request);
                                   return answer ? answer : checkpoints.answer(request);
                                 },
                             .logger = transport_logger(log),
                             .certificate = certificate->get(),
                             .history = (*projections)->reader(),
                             .directory = directory->get(),
                             .assets = &assets});
  metrics.emplace(settings.metrics, [&] {
    std::optional<std::int64_t> certificate_until_s;
    if (*certificate) certificate_until_s = (*certificate)->valid_until();
    return Readings{.metrics = engine.metrics(),
                    .engine = engine.stats(),
                    .server = server.metrics(),
                    .log = (*store)->health(),
                    .projections = (*projections)->statuses(),
                    .process = read_process(),
                    .ready = ready(),
                    .certificate_until_s = certificate_until_s,
                    .webhooks = (*projections)->webhook_reading(),
                    .directory = *directory ? (*directory)->counts() : DirectoryReading{},
                    .connections_max = settings.connections_max,
                    .inbox_max = settings.engine.inbox_max,
                    .version = settings.engine.version};
  });
  fanout.add(server);
  for (auto& address : addresses) {
    const auto port = server.listen(address.host, address.port);
    if (!port) return cannot("--listen: " + port.error());
    address.port = *port;
  }

  const auto recovery = engine.start([&](const engine::Failure& failure) {
    log->critical("the log failed, nothing more is acknowledged: {}", failure.message);
    log->critical("restart the server once the disk is well; what was acknowledged is kept");
    ending.fail();
  });
  if (!recovery) return cannot(recovery.error().message);
  (*projections)->start();
  server.start();
  serving = true;
  ending.ready();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  log->info(
      "ready after {} ms: log at position {}, {} records replayed after the checkpoint at {}, {} "
      "calls live, {} I/O threads",
      took.count(), recovery->head, recovery->replayed, recovery->checkpoint, recovery->live_rooms,
      io_threads(settings));
  for (const auto& address : addresses)
    std::printf("listening on %s://%s\n", *certificate ? "https" : "http", shown(address).c_str());
  std::fflush(stdout);

  wait_for_end(ending, certificate->get(), log);
  serving = false;
  if (ending.failed()) {
    server.stop();
    engine.stop();
    return exit_log_failed;
  }
  log->info("stopping: {} connections are told to come back", server.connections());
  server.drain(settings.drain_timeout);
  server.stop();
  engine.stop();
  (*projections)->stop();
  log->info("stopped at position {}", engine.stats().head);
  return engine.stats().failed ? exit_log_failed : 0;
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<ServeSettings>();
  CLI::App* serve = app.add_subcommand("serve", "Run the server");
  serve->description(
      "Run the server: WebSocket and HTTP on one port, every message in the log before it is "
      "passed on.\n"
      "Each setting can also be an environment variable, shown in brackets, or a key of the "
      "settings file; flags win over the environment, the environment over the file.");
  add_serve_options(*serve, *settings);
  serve->footer(
      "Examples:\n"
      "  callstate serve --dev\n"
      "  callstate serve --listen 0.0.0.0:7480 --jwt-secret-file /etc/callstate/secret\n"
      "  callstate serve --tls-cert chain.pem --tls-key key.pem --jwt-secret-file secret\n"
      "  callstate serve --jwks https://example.supabase.co/auth/v1/.well-known/jwks.json\n"
      "  CALLSTATE_RING_TIMEOUT=60s callstate serve --config callstate.toml\n");
  serve->callback([settings, &exit_code] { exit_code = run(*settings); });
}

}  // namespace callstate::tools
