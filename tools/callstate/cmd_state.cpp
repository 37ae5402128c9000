#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/finding.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/json_out.hpp"
#include "tools/callstate/report/state_page.hpp"
#include "tools/callstate/room_options.hpp"

namespace callstate::tools {
namespace {

struct Options {
  RoomOptions room;
  std::string at;
  bool json = false;
};

int run(const Options& options) {
  std::optional<At> until;
  if (!options.at.empty()) {
    const auto at = parse_point("--at", options.at);
    if (!at) return complain("state", at.error());
    until = *at;
  }
  auto room = open_room(options.room);
  if (!room) return complain("state", room.error());
  room->wanted.until = until;
  const auto history = find_in(*room->log, room->wanted);
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
      "any position or time.\n"
      "Exits with 0 when it is shown, 1 when there is no such room by then, 2 when it cannot be "
      "read.");
  add_room_options(*state, options->room);
  state
      ->add_option("--at", options->at,
                   "up to this position or time, included: 1234, RFC 3339, or -2h for before now; "
                   "default: the log's end")
      ->type_name("POSITION|TIME");
  state->add_flag("--json", options->json, "as ROOM_STATE on the wire, and more");
  state->footer(
      "Examples:\n"
      "  callstate state acme-call-42\n"
      "  callstate state acme-call-42 --at 1234\n"
      "  callstate state acme-call-42 --at 2026-11-23T10:15:00Z --json\n"
      "  callstate state acme-call-42 --server http://127.0.0.1:7480 --token JWT");
  state->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
