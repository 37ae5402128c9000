#include "tools/callstate/serve_settings.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <functional>
#include <limits>

#include "tools/callstate/report/durations.hpp"
#include "transports/rate_limit.hpp"

namespace callstate::tools {
namespace {

std::string environment_name(std::string flag) {
  flag.erase(0, flag.find_first_not_of('-'));
  std::ranges::transform(flag, flag.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return "CALLSTATE_" + flag;
}

/// Adds options, each with its environment variable.
class Options {
 public:
  explicit Options(CLI::App& app) : app_(app) {}

  void group(std::string name) { group_ = std::move(name); }

  template <class T>
  CLI::Option* add(const std::string& flag, T& value, const std::string& help) {
    return finish(app_.add_option(flag, value, help)->capture_default_str(), flag);
  }
  CLI::Option* flag(const std::string& flag, bool& value, const std::string& help) {
    return finish(app_.add_flag(flag, value, help), flag);
  }
  /// A value with a text form of its own: `parse` gives false for a bad one.
  CLI::Option* text(const std::string& flag, const std::string& shown_default,
                    const std::string& form, std::function<bool(const std::string&)> parse,
                    const std::string& help) {
    auto read = [flag, form, parse = std::move(parse)](const std::string& text) {
      if (!parse(text)) {
        throw CLI::ValidationError(flag, "'" + text + "' is not " + form);
      }
    };
    auto* option = app_.add_option_function<std::string>(flag, read, help);
    return finish(option->default_str(shown_default)->type_name(""), flag);
  }
  template <class Rep, class Period>
  CLI::Option* duration(const std::string& flag, std::chrono::duration<Rep, Period>& value,
                        const std::string& help) {
    using To = std::chrono::duration<Rep, Period>;
    return text(
        flag, write_duration(std::chrono::duration_cast<call::Duration>(value)),
        "a duration such as 45s, 250ms or 4h",
        [&value](const std::string& given) {
          const auto parsed = parse_duration(given);
          if (parsed) value = std::chrono::duration_cast<To>(*parsed);
          return parsed.has_value();
        },
        help);
  }
  CLI::Option* rate(const std::string& flag, const std::string& shown_default, double& per_second,
                    double& burst, const std::string& help) {
    return text(
        flag, shown_default, "a rate such as 100/s, 10/m or 100/s:200",
        [&per_second, &burst](const std::string& given) {
          const auto parsed = transports::parse_rate_limit(given);
          if (parsed) {
            per_second = parsed->per_second;
            burst = parsed->burst;
          }
          return parsed.has_value();
        },
        help);
  }

 private:
  CLI::Option* finish(CLI::Option* option, const std::string& flag) {
    return option->envname(environment_name(flag))->group(group_);
  }

  CLI::App& app_;
  std::string group_ = "Options";
};

void add_webhook_options(Options& options, WebhookSettings& webhooks) {
  options.group("Webhooks");
  options.add("--webhook-url", webhooks.url,
              "whom to tell of calls: that a callee is offline, of missed and ended ones (https)");
  options.add("--webhook-secret", webhooks.secret,
              "secret that signs them, whsec_…, or several; better given by file or environment");
  options.add("--webhook-secret-file", webhooks.secret_file, "file with it, or with one a line");
  options.add("--webhook-ca-file", webhooks.ca_file,
              "further certificate authority for that URL (PEM)");
  options.flag("--webhook-allow-http", webhooks.allow_http,
               "an http URL may be of another machine");
  options.duration("--webhook-timeout", webhooks.timeout, "how long an answer may take");
  auto& deliveries = webhooks.deliveries;
  options.duration("--webhook-retry-min", deliveries.pause_min,
                   "pause before the second attempt; doubled from one to the next");
  options.duration("--webhook-retry-max", deliveries.pause_max, "the longest such pause");
  options.duration("--webhook-give-up", deliveries.give_up_after,
                   "how long one is tried before it is given up");
  options.add("--webhook-concurrency", deliveries.concurrency, "requests at a time, at most")
      ->check(CLI::Range(1, 256));
}

void add_directory_options(Options& options, DirectoryOptions& directory) {
  options.group("Directory of users");
  options.add("--directory-postgres", directory.connection,
              "take tenant, role and name of users from PostgreSQL, and from tokens their id "
              "alone: as --postgres");
  options.add("--directory-postgres-file", directory.file,
              "file with that; a newline at its end is dropped");
  options
      .add("--directory-query", directory.queries,
           "query of a user, $1, that gives tenant, role and name; repeatable, the first with a "
           "row counts")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  options.add("--directory-connections", directory.connections, "connections to it, at most")
      ->check(CLI::Range(1, 64));
  options.add("--directory-cache", directory.cached_max, "users that are remembered, at most")
      ->check(CLI::Range(1, 10'000'000));
  options.duration("--directory-fresh", directory.fresh,
                   "how long what is remembered is not asked for again");
  options.duration("--directory-stale", directory.stale,
                   "how long it serves while PostgreSQL cannot be asked");
}

// Flags and the environment have been read: what they left open comes from the
// settings file.
void read_settings_file(CLI::App& serve, const std::string& path) {
  for (const auto& item : CLI::ConfigTOML().from_file(path)) {
    CLI::Option* option = serve.get_option_no_throw("--" + item.fullname());
    if (option == nullptr || item.fullname() == "config" || item.fullname() == "help") {
      throw CLI::ConfigError(path + ": there is no setting '" + item.fullname() +
                             "'; callstate serve --help lists them");
    }
    if (option->count() > 0) continue;
    for (const auto& input : item.inputs) option->add_result(input);
    option->run_callback();
  }
}

}  // namespace

void add_serve_options(CLI::App& serve, ServeSettings& settings) {
  Options options(serve);
  serve.add_option("--config", settings.config, "settings file (TOML); keys are the flags' names")
      ->envname("CALLSTATE_CONFIG");
  options.add("--data-dir", settings.data_dir, "where the log lives");
  options.add("--listen", settings.listen, "address:port, repeatable; port 0 takes a free one")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',');
  options.add("--tls-cert", settings.tls_cert,
              "certificate chain (PEM): speak TLS; read anew when it changes, and on SIGHUP");
  options.add("--tls-key", settings.tls_key, "its key (PEM, without a passphrase)");
  options
      .add("--cors-origin", settings.cors_origins,
           "origin whose pages may read answers, as https://app.example.com, or *; repeatable")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',');
  options.add("--io-threads", settings.io_threads, "I/O threads; 0: cores - 1, at least 1")
      ->check(CLI::Range(0U, 256U));
  options.flag("--dev", settings.dev,
               "development: a secret that everybody knows, on loopback only");
  options.text(
      "--metrics", "loopback", "one of loopback, open and off",
      [&settings](const std::string& given) {
        const auto parsed = parse_metrics_access(given);
        if (parsed) settings.metrics = *parsed;
        return parsed.has_value();
      },
      "who may read /metrics without a token of SERVICE or AUDITOR: loopback, open (anybody) or "
      "off (nobody at all)");
  options.add("--log-level", settings.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  options.add("--log-format", settings.log_format, "text or json, on standard error")
      ->check(CLI::IsMember({"text", "json"}));

  options.group("Who may come in");
  options.add("--jwt-secret", settings.jwt_secret,
              "shared secret of HS256 tokens; better given by file or environment");
  options.add("--jwt-secret-file", settings.jwt_secret_file,
              "file with that secret; a newline at its end is dropped");
  options.add("--jwks", settings.jwks, "JWKS file or http(s) URL, for RS256 and ES256");
  options.add("--jwks-ca-file", settings.jwks_ca_file,
              "further certificate authority for the JWKS URL (PEM)");
  options.add("--jwt-audience", settings.jwt_audience, "`aud` that tokens must have");
  options.add("--jwt-issuer", settings.jwt_issuer, "`iss` that tokens must have");
  options
      .add("--jwt-tenant-claim", settings.jwt_tenant_claims,
           "claim of the tenant; the first found counts")
      ->delimiter(',');
  options.add("--jwt-role-claim", settings.jwt_role_claims, "claim of the role")->delimiter(',');
  options.add("--jwt-name-claim", settings.jwt_name_claims, "claim of the display name")
      ->delimiter(',');

  options.group("Media");
  options.add("--livekit-url", settings.media.url,
              "LiveKit server of the clients (wss://…): calls get media tokens");
  options.add("--livekit-api-key", settings.media.api_key, "its API key");
  options.add("--livekit-api-secret", settings.media.api_secret,
              "the key's secret; better given by file or environment");
  options.add("--livekit-api-secret-file", settings.livekit_api_secret_file,
              "file with that secret; a newline at its end is dropped");

  add_webhook_options(options, settings.webhooks);

  options.group("PostgreSQL");
  options.add("--postgres", settings.postgres.connection,
              "keep the history of calls there too: postgresql://USER@HOST/DATABASE or "
              "`host=… dbname=…`; with a password better given by file or environment");
  options.add("--postgres-file", settings.postgres.file,
              "file with that; a newline at its end is dropped");
  options.add("--postgres-schema", settings.postgres.schema,
              "schema of the tables, made where it is missing");

  add_directory_options(options, settings.directory);

  options.group("Calls");
  auto& rules = settings.engine.rules;
  options.duration("--ring-timeout", rules.ring_timeout, "how long a call rings");
  options.duration("--reconnect-grace", rules.reconnect_grace,
                   "how long a participant may be gone");
  options.duration("--presence-grace", rules.presence_grace,
                   "how long a user stays online after the last session");
  options.duration("--max-call-duration", rules.max_call_duration, "when a call ends by itself");

  options.group("Limits");
  options.rate("--rate-messages", "100/s:200", settings.messages_per_second,
               settings.messages_burst, "messages of one connection (rate:burst)");
  options.rate("--rate-calls", "10/m", settings.engine.calls.per_second,
               settings.engine.calls.burst, "new calls of one user");
  options.rate("--rate-sessions", "10/s:100", settings.engine.opens.per_second,
               settings.engine.opens.burst, "new sessions of one user");
  options.add("--message-bytes", settings.message_bytes_max, "bytes of one message, at most")
      ->check(CLI::Range(1024U, 1024U * 1024U));
  options
      .add("--sessions-per-user", settings.engine.sessions_per_user_max,
           "sessions of one user, at most; and polls and streams at once")
      ->check(CLI::Range(1, 10'000));
  options.add("--log-streams", settings.log_streams_max, "streams of the log at once, at most")
      ->check(CLI::Range(0, 10'000));
  options.add("--connections", settings.connections_max, "connections in all, at most")
      ->check(CLI::Range(1, 10'000'000));
  options
      .add("--unauthenticated", settings.unauthenticated_max,
           "connections waiting for their AUTH, at most")
      ->check(CLI::Range(0, 10'000'000));
  options
      .add("--failed-logins", settings.failed_logins_per_second,
           "failed authentications a second of one address, at most")
      ->check(CLI::Range(0.0, 1'000'000.0));
  options.duration("--auth-timeout", settings.auth_timeout, "for AUTH on /v1/ws");
  options.duration("--ping-every", settings.ping_every, "how often clients are pinged");
  options.duration("--silent-max", settings.silent_max, "silent clients are dropped after this");
  options.duration("--poll-presence", settings.poll_presence,
                   "how long who polls by HTTP stays online after a poll");
  options.duration("--head-timeout", settings.head_timeout,
                   "how long the head of a request may take to come, after the connection");
  options.duration("--request-timeout", settings.request_timeout,
                   "how long its body may take, and its client to take the answer");
  options.duration("--drain-timeout", settings.drain_timeout,
                   "how long a stop waits for clients to go");
  options.add("--inbox", settings.engine.inbox_max, "messages waiting to be decided, at most")
      ->check(CLI::Range(16, 1'000'000));

  options.group("Storage");
  options.flag("--no-index", settings.no_index,
               "keep no index of past calls beside the log: /v1/calls is not answered");
  options
      .add("--disk-reserve", settings.disk_reserve_bytes,
           "free bytes below which messages are refused STORAGE_UNAVAILABLE")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  options.add("--seal-key", settings.seal_key,
              "private key (PEM, Ed25519) that signs the log's seals; without one they are hashes "
              "alone");
  options
      .add("--seal-records", settings.engine.seals.records,
           "records after which they are sealed; 0: there are no seals")
      ->check(CLI::Range(0, 1'000'000));
  options.duration("--seal-every", settings.engine.seals.every,
                   "how long a record may be unsealed, where fewer come");
  options
      .add("--dedup-window", settings.engine.dedup_window,
           "positions of the log in which a repeated message id is recognised")
      ->check(CLI::Range(1'024, 16'777'216));
  options
      .add("--checkpoint-every", settings.engine.checkpoint_every,
           "records between two checkpoints")
      ->check(CLI::Range(1'000, 100'000'000));
  options
      .add("--entries-in-memory", settings.engine.entries_max,
           "rooms and users in memory, beyond which unneeded ones leave it")
      ->check(CLI::Range(1'000, 100'000'000));

  serve.parse_complete_callback([&serve, &settings] {
    if (!settings.config.empty()) read_settings_file(serve, settings.config);
  });
}

}  // namespace callstate::tools
