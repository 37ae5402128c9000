#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <string>
#include <system_error>

#include "core/engine/beginning.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/finding.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/why.hpp"
#include "tools/callstate/room_options.hpp"

namespace callstate::tools {
namespace {

struct Options {
  RoomOptions room;
  call::Position position = 0;
  bool json = false;
};

CLI::Validator is_position() {
  return {[](const std::string& text) {
            call::Position position = 0;
            const char* end = text.data() + text.size();
            const auto [last, error] = std::from_chars(text.data(), end, position);
            const bool good = error == std::errc() && last == end && position > 0;
            return good ? std::string()
                        : text +
                              " is no position: these are numbers from 1 on, in the first "
                              "column of `callstate timeline`.";
          },
          ""};
}

/// Where the position is instead, as far as the asker may know it.
std::string not_of_room(const OpenRoom& room, call::Position position) {
  const auto& log = room.log->reader();
  std::string place = "Position " + std::to_string(position);
  if (position > log.head()) {
    return place + " is not there: the log ends at " + std::to_string(log.head()) + ".";
  }
  if (const auto beginning = log.beginning(); beginning && !beginning->holds(position)) {
    return dropped(beginning->first).message;
  }
  std::string text;
  const auto read =
      log.read(position, position, [&](const call::Record& record, const engine::RecordHash&) {
        const auto& [kind, tenant, name] = record.stream;
        const bool may_know = !room.wanted.tenant || *room.wanted.tenant == tenant;
        if (kind == call::StreamKind::room && may_know) {
          text = place + " is of room " + std::string(name.view()) + " of tenant " +
                 std::string(tenant.view()) + ": `callstate why " + std::string(name.view()) + " " +
                 std::to_string(position) + "`.";
        } else if (kind == call::StreamKind::user && may_know) {
          text = place + " is of the presence of user " + std::string(name.view()) +
                 ", and of no room.";
        }
        return false;
      });
  if (!read) return read.error().message;
  if (!text.empty()) return text;
  return place + " is not of room " + room.wanted.name + ": `callstate timeline " +
         room.wanted.name + "` lists those that are.";
}

int run(const Options& options) {
  const auto room = open_room(options.room);
  if (!room) return complain("why", room.error());
  const auto history = find_in(*room->log, room->wanted);
  if (!history) return complain("why", history.error());
  const auto why = explain(*history, options.position);
  if (!why) return complain("why", {Exit::found, not_of_room(*room, options.position)});
  print(options.json ? explanation_json(*why) : render_explanation(*why, Paint::for_stdout()));
  return 0;
}

}  // namespace

void add_why(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* why = app.add_subcommand("why", "Show why a message was applied, ignored or refused");
  why->description(
      "Show why a message was applied, ignored or refused.\n"
      "Show a record of a room as it was received, the verdict and the rule that it rests on, the "
      "room's state before and after, and to whom it was delivered. It is judged again on the "
      "state before, by this build's rules: where they would decide otherwise, that is said.\n"
      "Exits with 0 when it is shown, 1 when there is no such room or record, 2 when it cannot be "
      "read.");
  add_room_options(*why, options->room);
  why->add_option("POSITION", options->position, "of the record, as in the timeline")
      ->required()
      ->check(is_position());
  why->add_flag("--json", options->json, "one JSON object");
  why->footer(
      "Examples:\n"
      "  callstate why acme-call-42 1234\n"
      "  callstate why acme-call-42 1234 --json | jq .rule\n"
      "  callstate why acme-call-42 1234 --server http://127.0.0.1:7480 --token JWT");
  why->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
