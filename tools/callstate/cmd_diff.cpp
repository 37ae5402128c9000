#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/finding.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/difference.hpp"
#include "tools/callstate/room_options.hpp"

namespace callstate::tools {
namespace {

struct Options {
  RoomOptions room;
  std::string from;
  std::string to;
  bool json = false;
};

std::expected<call::Position, Trouble> position_of(const LogSource& log, const At& at) {
  const auto position = position_at(log.reader(), at);
  if (!position) return std::unexpected(Trouble{Exit::unusable, position.error().message});
  return *position;
}

int run(const Options& options) {
  const auto from = parse_point("A", options.from);
  if (!from) return complain("diff", from.error());
  const auto to = parse_point("B", options.to);
  if (!to) return complain("diff", to.error());
  auto room = open_room(options.room);
  if (!room) return complain("diff", room.error());
  const auto first = position_of(*room->log, *from);
  if (!first) return complain("diff", first.error());
  const auto last = position_of(*room->log, *to);
  if (!last) return complain("diff", last.error());
  if (*first > *last) {
    return complain("diff", {Exit::unusable, "A, position " + std::to_string(*first) +
                                                 ", comes after B, position " +
                                                 std::to_string(*last) + ": exchange them."});
  }
  room->wanted.until = *to;
  const auto history = find_in(*room->log, room->wanted);
  if (!history) return complain("diff", history.error());
  if (!history->knows(*first)) return complain("diff", dropped(history->begins));
  print(options.json ? difference_json(*history, *first, *last)
                     : render_difference(*history, *first, *last, Paint::for_stdout()));
  return 0;
}

}  // namespace

void add_diff(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* diff = app.add_subcommand("diff", "Show what changed in a room between two moments");
  diff->description(
      "Show what changed in a room between two moments.\n"
      "Show each field of the room's state that differs between A and B: positions, RFC 3339 "
      "times, or times before now as now-2h. What is at A itself counts as before.\n"
      "Exits with 0 when it is shown, whether or not anything differs, 1 when there is no such "
      "room, "
      "2 when it cannot be read.");
  add_room_options(*diff, options->room);
  diff->add_option("A", options->from, "from here")->type_name("POSITION|TIME")->required();
  diff->add_option("B", options->to, "to here")->type_name("POSITION|TIME")->required();
  diff->add_flag("--json", options->json, "one JSON object");
  diff->footer(
      "Examples:\n"
      "  callstate diff acme-call-42 1234 1240\n"
      "  callstate diff acme-call-42 2026-11-23T10:15:00Z 2026-11-23T10:16:00Z --json\n"
      "  callstate diff acme-call-42 now-2h now --server http://127.0.0.1:7480");
  diff->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
