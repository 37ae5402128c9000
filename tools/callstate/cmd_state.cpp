#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/json_out.hpp"
#include "tools/callstate/report/state_page.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string room;
  std::string tenant;
  std::string at;
  bool json = false;
  LogOptions log;
};

int run(const Options& options) {
  Wanted wanted{.name = options.room};
  if (!options.at.empty()) {
    const auto at = parse_at(options.at);
    if (!at) return complain("state", {Exit::unusable, "--at: " + at.error() + "."});
    wanted.until = *at;
  }
  const auto log = LogSource::open(options.log);
  if (!log) return complain("state", log.error());
  const auto tenant = (*log)->tenant(options.tenant);
  if (!tenant) return complain("state", tenant.error());
  wanted.tenant = *tenant;
  const auto history = find_history(ProgressReader((*log)->reader(), "reading the log"), wanted);
  if (!history) return complain("state", history.error());
  print(options.json ? state_json(*history) + "\n" : render_state(*history, Paint::for_stdout()));
  return 0;
}

}  // namespace

void add_state(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* state = app.add_subcommand("state", "Show a room's state, now or as of any moment");
  state->description(
      "Show a room's state, now or as of any moment.\n"
      "Rebuild a room's state from the log, by the same rules as the server, up to its end or to "
      "any position or time.");
  state->add_option("ROOM", options->room, "the room's name, or the id of a call in it")
      ->required();
  state->add_option("--tenant", options->tenant, "where several tenants have such a room")
      ->type_name("ID");
  state
      ->add_option("--at", options->at,
                   "up to this position, or RFC 3339 time, included; default: the log's end")
      ->type_name("POSITION|TIME");
  state->add_flag("--json", options->json, "as ROOM_STATE on the wire, and more");
  add_log_options(*state, options->log);
  state->footer(
      "Examples:\n"
      "  callstate state acme-call-42\n"
      "  callstate state acme-call-42 --at 1234\n"
      "  callstate state acme-call-42 --at 2026-11-23T10:15:00Z --json\n"
      "  callstate state acme-call-42 --server http://127.0.0.1:7480 --token JWT");
  state->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
