#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "core/engine/log_query.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/interrupt.hpp"
#include "tools/callstate/log_feed.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/log_line.hpp"
#include "tools/callstate/secret.hpp"
#include "transports/log_text.hpp"

namespace callstate::tools {
namespace {

constexpr auto command = "tail";

struct Options {
  LogOptions log;
  std::string tenant;
  bool follow = false;
  std::size_t count = 10;
  bool json = false;
  // By the names of the parameters of /v1/log.
  std::array<std::pair<const char*, std::string>, 5> filters{
      {{"room", {}}, {"user", {}}, {"call", {}}, {"type", {}}, {"outcome", {}}}};
};

/// Prints records, and says when there were none.
class Counted {
 public:
  explicit Counted(const Options& options) : options_(options) {}

  void show(std::string_view record) {
    ++count_;
    print(options_.json ? std::string(record) + "\n" : render_log_line(record, paint_));
  }

  [[nodiscard]] int exit() const {
    if (count_ > 0 || options_.count == 0) return static_cast<int>(Exit::ok);
    return complain(command, {Exit::found,
                              "The log has no record of that. Names are exact, capitals included: "
                              "leave filters out to see more, or follow with -f what comes."});
  }

 private:
  const Options& options_;
  Paint paint_ = Paint::for_stdout();
  std::size_t count_ = 0;
};

int tail_server(const Options& options) {
  auto url = parse_server_url(options.log.server, options.log.ca_file);
  if (!url) return complain(command, {Exit::unusable, "--server: " + url.error()});
  std::string token = options.log.token;
  if (token.empty() && options.tenant.empty()) {
    return complain(command, {Exit::unusable,
                              "Say whose log: with --token a token of the role AUDITOR or SERVICE, "
                              "or with --tenant a tenant's id where the server runs with --dev."});
  }
  if (!options.log.token.empty() && !options.tenant.empty()) {
    return complain(command, {Exit::unusable,
                              "--tenant: the token says whose log it reads. Leave --tenant out, or "
                              "give a token of that tenant."});
  }
  if (token.empty()) token = development_token("callstate-tools", options.tenant, "AUDITOR");
  std::string filters;
  for (const auto& [name, value] : options.filters)
    if (!value.empty()) filters.append("&").append(name).append("=").append(query_value(value));
  const LogFeed feed(std::move(*url), std::move(token), std::move(filters));
  Counted shown(options);
  const auto show = [&shown](std::string_view record) { shown.show(record); };
  std::expected<void, Trouble> done;
  if (options.follow) {
    const Interrupt interrupt;
    const auto note = [](std::string_view what) {
      std::fprintf(stderr, "callstate tail: %.*s\n", static_cast<int>(what.size()), what.data());
    };
    done = feed.follow(options.count, show, [] { return !Interrupt::came(); }, note);
  } else {
    done = feed.last(options.count, show);
  }
  if (!done) return complain(command, done.error());
  return options.follow ? static_cast<int>(Exit::ok) : shown.exit();
}

/// The same filters, as the server reads them.
std::expected<engine::LogQuery, Trouble> query_of(const Options& options) {
  transports::HttpRequest request;
  request.identity.emplace();
  for (const auto& [name, value] : options.filters)
    if (!value.empty()) request.query.emplace_back(name, value);
  auto read = transports::read_log_request(request);
  if (!read) return std::unexpected(Trouble{Exit::unusable, read.error() + "."});
  return read->query;
}

int tail_directory(const Options& options) {
  if (options.follow) {
    return complain(command, {Exit::unusable,
                              "Only a running server's log can be followed: name it with --server "
                              "(http://127.0.0.1:7480)."});
  }
  auto query = query_of(options);
  if (!query) return complain(command, query.error());
  const auto log = LogSource::open(options.log);
  if (!log) return complain(command, log.error());
  const auto tenant = (*log)->tenant(options.tenant);
  if (!tenant) return complain(command, tenant.error());
  query->tenant = *tenant;
  const auto& reader = (*log)->reader();
  const auto all = reader.head();
  Counted shown(options);
  auto done = engine::before_last(reader, *query, options.count, all, all);
  if (done) {
    done = engine::read_log(reader, *query, *done, all, all, [&](const call::Record& record) {
      shown.show(transports::record_text(record));
      return true;
    });
  }
  if (!done) return complain(command, {Exit::found, done.error().message + "."});
  return shown.exit();
}

}  // namespace

void add_tail(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* tail = app.add_subcommand("tail", "Show the end of the log, also as it grows");
  tail->description(
      "Show the end of the log, also as it grows.\n"
      "One line for each record, whatever became of it: of a running server, or of a log that no "
      "server is using. With -f it goes on until Ctrl-C, over restarts of the server too.\n"
      "Exits with 0 when it has ended, 1 when there is nothing of that or the log is damaged, 2 "
      "when it cannot be read.");
  tail->add_flag("-f,--follow", options->follow, "go on with what comes; needs --server");
  tail->add_option("-n,--lines", options->count, "how many of those that there are")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  constexpr std::array<std::pair<const char*, const char*>, 5> help{
      {{"NAME", "only what is of this room"},
       {"ID", "only what is by this user, or about it"},
       {"ID", "only what is of this call"},
       {"TYPE[,TYPE]", "only records of these types"},
       {"TEXT:{applied,ignored,refused}", "only records of which this became"}}};
  for (std::size_t i = 0; i < help.size(); ++i) {
    auto& [name, value] = options->filters[i];
    tail->add_option(std::string("--") + name, value, help[i].second)
        ->type_name(help[i].first)
        ->group("Which records");
  }
  tail->add_option("--tenant", options->tenant,
                   "only this tenant's; needed of a server that runs with --dev and no --token")
      ->type_name("ID")
      ->group("Which records");
  tail->add_flag("--json", options->json, "one JSON object a line, as GET /v1/log has it");
  add_log_options(*tail, options->log);
  tail->footer(
      "Colours are for terminals; NO_COLOR turns them off.\n"
      "\n"
      "Examples:\n"
      "  callstate tail -f --server http://127.0.0.1:7480 --tenant acme\n"
      "  callstate tail -f --server https://calls.example.com --token JWT --outcome refused\n"
      "  callstate tail -n 100 --room acme-call-42 --data-dir /var/lib/callstate\n"
      "  callstate tail -f --server URL --token JWT --type CALL_STARTED,ENDED --json | jq "
      ".roomName");
  tail->callback([options, &exit_code] {
    exit_code = options->log.server.empty() ? tail_directory(*options) : tail_server(*options);
  });
}

}  // namespace callstate::tools
