#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/timeline.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string name;
  std::string tenant;
  bool json = false;
  LogOptions log;
};

int run(const Options& options) {
  const auto log = LogSource::open(options.log);
  if (!log) return complain("timeline", log.error());
  Wanted wanted{.name = options.name};
  const auto tenant = (*log)->tenant(options.tenant);
  if (!tenant) return complain("timeline", tenant.error());
  wanted.tenant = *tenant;
  const auto history = find_history(ProgressReader((*log)->reader(), "reading the log"), wanted);
  if (!history) return complain("timeline", history.error());
  print(options.json ? timeline_json(*history) : render_timeline(*history, Paint::for_stdout()));
  return 0;
}

}  // namespace

void add_timeline(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* timeline = app.add_subcommand("timeline", "Show what happened in a room or a call");
  timeline->description(
      "Show what happened in a room or a call.\n"
      "Show everything that the log holds of a room or of one call, in order: what was applied, "
      "what was ignored or refused and why, and restarts of the server.");
  timeline->add_option("ROOM|CALLID", options->name, "the room's name, or a call's id")->required();
  timeline->add_option("--tenant", options->tenant, "where several tenants have such a room")
      ->type_name("ID");
  timeline->add_flag("--json", options->json, "one JSON object a line, as on the wire and more");
  add_log_options(*timeline, options->log);
  timeline->footer(
      "Examples:\n"
      "  callstate timeline acme-call-42 --data-dir /var/lib/callstate\n"
      "  callstate timeline 0190d6a4-7c1e-7a30-9d5c-3b1f0e8a2c77 --server http://127.0.0.1:7480 "
      "--token JWT\n"
      "  callstate timeline acme-call-42 --json | jq 'select(.outcome == \"refused\")'");
  timeline->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
