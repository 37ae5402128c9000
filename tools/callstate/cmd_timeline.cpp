#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/finding.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/filter.hpp"
#include "tools/callstate/report/ladder.hpp"
#include "tools/callstate/report/timeline.hpp"
#include "tools/callstate/room_options.hpp"
#include "tools/callstate/terminal_size.hpp"

namespace callstate::tools {
namespace {

struct Options {
  RoomOptions room;
  std::string user;
  std::string from;
  std::string to;
  std::string outcome;
  bool refused_only = false;
  bool relative = false;
  bool ladder = false;
  bool ascii = false;
  bool json = false;
};

std::expected<Filter, Trouble> filter_of(const Options& options) {
  Filter filter;
  if (!options.user.empty()) filter.user = call::UserId::clipped(options.user);
  const auto from = parse_moment("--from", options.from);
  if (!from) return std::unexpected(from.error());
  const auto to = parse_moment("--to", options.to);
  if (!to) return std::unexpected(to.error());
  filter.from = *from;
  filter.to = *to;
  for (const auto outcome :
       {call::Outcome::applied, call::Outcome::ignored, call::Outcome::refused}) {
    if (options.outcome == name_of(outcome)) filter.outcome = outcome;
  }
  if (options.refused_only) filter.outcome = call::Outcome::refused;
  if (const auto checked = check(filter); !checked) {
    return std::unexpected(Trouble{Exit::unusable, checked.error() + "."});
  }
  return filter;
}

std::string rendered(const Options& options, const History& history) {
  const Times times = options.relative ? Times::since_start : Times::both;
  if (options.json) return timeline_json(history, times);
  const Paint paint = Paint::for_stdout();
  if (!options.ladder) return render_timeline(history, paint, times);
  return render_ladder(history, paint,
                       {.width = terminal_size().columns, .ascii = options.ascii || !shows_utf8()});
}

int run(const Options& options) {
  const auto filter = filter_of(options);
  if (!filter) return complain("timeline", filter.error());
  const auto room = open_room(options.room);
  if (!room) return complain("timeline", room.error());
  auto history = find_in(*room->log, room->wanted);
  if (!history) return complain("timeline", history.error());
  if (const auto left = apply(*filter, *history); !left) return complain("timeline", left.error());
  print(rendered(options, *history));
  return 0;
}

}  // namespace

void add_timeline(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* timeline = app.add_subcommand("timeline", "Show what happened in a room or a call");
  timeline->description(
      "Show what happened in a room or a call.\n"
      "Show everything that the log holds of a room or of one call, in order: what was applied, "
      "what was ignored or refused and why, and restarts of the server. Times are RFC 3339, or "
      "before now: -90s, -2h.\n"
      "Exits with 0 when there is something to show, 1 when there is not, 2 when it cannot be "
      "read.");
  add_room_options(*timeline, options->room, "ROOM|CALLID");
  constexpr auto which = "Which records";
  timeline->add_option("--user", options->user, "what this user did, or was named in")
      ->type_name("ID")
      ->group(which);
  timeline->add_option("--from", options->from, "from this time on")
      ->type_name("TIME")
      ->group(which);
  timeline->add_option("--to", options->to, "up to this time")->type_name("TIME")->group(which);
  CLI::Option* outcome = timeline->add_option("--outcome", options->outcome, "what became of it")
                             ->check(CLI::IsMember({"applied", "ignored", "refused"}))
                             ->group(which);
  timeline->add_flag("--refused-only", options->refused_only, "short for --outcome refused")
      ->excludes(outcome)
      ->group(which);
  timeline->add_flag("--relative", options->relative, "times since the call's start alone");
  CLI::Option* ladder = timeline->add_flag(
      "--ladder", options->ladder, "a diagram: one column a device, an arrow for each event");
  timeline->add_flag("--ascii", options->ascii, "draw it with ASCII alone")->needs(ladder);
  timeline->add_flag("--json", options->json, "one JSON object a line, as on the wire and more")
      ->excludes(ladder);
  timeline->footer(
      "Examples:\n"
      "  callstate timeline acme-call-42 --data-dir /var/lib/callstate\n"
      "  callstate timeline acme-call-42 --ladder\n"
      "  callstate timeline acme-call-42 --refused-only --from -2h\n"
      "  callstate timeline 0190d6a4-7c1e-7a30-9d5c-3b1f0e8a2c77 --server http://127.0.0.1:7480 "
      "--token JWT\n"
      "  callstate timeline acme-call-42 --json | jq 'select(.outcome == \"refused\")'");
  timeline->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
