#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/engine/settings.hpp"
#include "projections/webhooks/deliveries.hpp"
#include "tools/callstate/metrics/endpoint.hpp"
#include "transports/livekit.hpp"

namespace CLI {
class App;
}

namespace callstate::tools {

/// Who is told of calls by webhooks.
struct WebhookSettings {
  std::string url;     // empty: nobody
  std::string secret;  // one or several
  std::string secret_file;
  std::string ca_file;
  bool allow_http = false;
  std::chrono::milliseconds timeout{15'000};
  projections::DeliverySettings deliveries;
};

/// Where the history of calls is kept besides, as rows.
struct PostgresOptions {
  std::string connection;  // empty, and no file: nowhere
  std::string file;
  std::string schema = "callstate";
};

/// Where tenant, role and name of users come from, instead of their tokens.
struct DirectoryOptions {
  std::string connection;  // empty, and no file: tokens say it
  std::string file;
  std::vector<std::string> queries;  // empty: the directory's own
  std::size_t connections = 2;
  std::size_t cached_max = 65'536;
  std::chrono::milliseconds fresh{60'000};
  std::chrono::milliseconds stale{12 * 3'600'000};
};

/// Everything that `callstate serve` can be told. Each has a flag, an
/// environment variable and a key in the settings file, in that order of
/// precedence; see `add_serve_options`.
struct ServeSettings {
  std::string config;
  std::string data_dir = "./callstate-data";
  std::vector<std::string> listen{"127.0.0.1:7480"};
  std::string tls_cert;
  std::string tls_key;
  bool dev = false;

  std::string jwt_secret;
  std::string jwt_secret_file;
  std::string jwks;  // a file or an http(s) URL
  std::string jwks_ca_file;
  std::string jwt_audience;
  std::string jwt_issuer;
  std::vector<std::string> jwt_tenant_claims{"app_metadata.tenant_id", "tenant_id"};
  std::vector<std::string> jwt_role_claims{"app_metadata.user_role", "user_role"};
  std::vector<std::string> jwt_name_claims{"user_metadata.name", "name", "email"};

  transports::MediaSettings media;  // without a URL: no media server
  std::string livekit_api_secret_file;
  WebhookSettings webhooks;
  PostgresOptions postgres;
  DirectoryOptions directory;
  std::vector<std::string> cors_origins;

  engine::Settings engine;
  std::string seal_key;     // a file; empty: seals are not signed
  unsigned io_threads = 0;  // 0: cores - 1, at least 1
  double messages_per_second = 100;
  double messages_burst = 200;
  std::uint32_t message_bytes_max = 16 * 1024;
  std::size_t connections_max = 100'000;
  std::size_t log_streams_max = 64;
  std::size_t unauthenticated_max = 10'000;
  double failed_logins_per_second = 5;
  std::chrono::milliseconds ping_every{25'000};
  std::chrono::milliseconds silent_max{60'000};
  std::chrono::milliseconds poll_presence{60'000};
  std::chrono::milliseconds auth_timeout{5'000};
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds request_timeout{30'000};
  std::chrono::milliseconds drain_timeout{10'000};
  std::uint64_t disk_reserve_bytes = 256ULL << 20U;
  bool no_index = false;
  MetricsAccess metrics = MetricsAccess::loopback;

  std::string log_level = "info";
  std::string log_format = "text";
};

/// Adds the options to the subcommand, with their help, defaults and
/// environment names, and reads the settings file once they are parsed.
/// Bad values end the parse with a sentence that names the option.
void add_serve_options(CLI::App& serve, ServeSettings& settings);

}  // namespace callstate::tools
