#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/sha256.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/finding.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/replay_session.hpp"
#include "tools/callstate/report/replay_summary.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string name;  // empty: the whole log
  std::string tenant;
  bool summary = false;
  bool json = false;
  bool ascii = false;
  LogOptions log;
};

/// Which records are stepped through; nothing: all.
struct Selection {
  std::optional<std::vector<call::Position>> positions{};
  Player::Concerns concerns{};
  std::string title = "the whole log";
};

std::expected<Selection, Trouble> of_room(LogSource& log, const Wanted& wanted) {
  const auto history = find_in(log, wanted);
  if (!history) return std::unexpected(history.error());
  Selection selection{
      .positions = std::vector<call::Position>(),
      .concerns = [room = call::Stream{call::StreamKind::room, history->tenant,
                                       call::UserId::clipped(history->room)}](
                      const call::Stream& stream) { return stream == room; },
      .title = "room " + history->room + " of " + std::string(history->tenant.view())};
  for (const auto& chapter : history->chapters) {
    for (const auto& entry : chapter.entries) {
      selection.positions->push_back(entry.record.position);
    }
  }
  return selection;
}

/// Of one tenant, and of the server.
std::expected<Selection, Trouble> of_tenant(const engine::LogReader& log,
                                            const call::TenantId& tenant) {
  Selection selection{
      .positions = std::vector<call::Position>(),
      .concerns = [tenant](const call::Stream& stream) { return stream.tenant == tenant; },
      .title = "tenant " + std::string(tenant.view())};
  const ProgressReader reader(log, "looking for the tenant's records");
  bool found = false;
  const auto read =
      reader.read(1, log.head(), [&](const call::Record& record, const engine::RecordHash&) {
        const bool of_server = record.stream.kind == call::StreamKind::server;
        found = found || record.stream.tenant == tenant;
        if (of_server || record.stream.tenant == tenant) {
          selection.positions->push_back(record.position);
        }
        return true;
      });
  if (!read) return std::unexpected(Trouble{Exit::unusable, read.error().message});
  if (!found) {
    return std::unexpected(
        Trouble{Exit::found, "There is nothing of tenant " + std::string(tenant.view()) +
                                 " in this log. Tenants are exact, capitals included; leave "
                                 "--tenant out to go through all of them."});
  }
  return selection;
}

std::expected<Selection, Trouble> select(LogSource& log, const Options& options) {
  const auto tenant = log.tenant(options.tenant);
  if (!tenant) return std::unexpected(tenant.error());
  if (!options.name.empty()) return of_room(log, {.name = options.name, .tenant = *tenant});
  if (*tenant) return of_tenant(log.reader(), **tenant);
  return Selection{};
}

std::expected<ReplaySummary, Trouble> summarize(const engine::LogReader& log,
                                                const Selection& selection) {
  const auto began = std::chrono::steady_clock::now();
  const ProgressReader reader(log, "replaying");
  Player player(reader, selection.positions, Player::no_memory, selection.concerns);
  ReplaySummary summary;
  StatisticsCounter counter;
  const auto done = player.advance(player.size(), [&](const Player& now) {
    const auto& record = now.current()->record;
    if (summary.first == 0) summary.first = record.position;
    counter.take(record);
    return false;
  });
  if (!done) return std::unexpected(Trouble{Exit::unusable, done.error().message});
  summary.counted = std::move(counter).finish();
  summary.took =
      std::chrono::duration_cast<call::Duration>(std::chrono::steady_clock::now() - began);
  summary.state = digest_of(player.states(), storage::sha256);
  return summary;
}

int run_summary(const Options& options, const engine::LogReader& log, const Selection& selection) {
  const auto summary = summarize(log, selection);
  if (!summary) return complain("replay", summary.error());
  print(options.json ? replay_json(*summary)
                     : render_replay(*summary, selection.title, Paint::for_stdout()));
  return 0;
}

int run(const Options& options) {
  auto log = LogSource::open(options.log);
  if (!log) return complain("replay", log.error());
  const auto selection = select(**log, options);
  if (!selection) return complain("replay", selection.error());
  const auto& reader = (*log)->reader();
  if (options.summary) return run_summary(options, reader, *selection);
  Player player(reader, selection->positions, Player::Memory{}, selection->concerns);
  Replay replay(player);
  if (::isatty(STDIN_FILENO) != 1) {
    return replay_by_script(replay, std::cin) ? 0 : static_cast<int>(Exit::found);
  }
  auto terminal = Terminal::take();
  if (!terminal) {
    return complain("replay", {Exit::unusable,
                               "Standard output is no terminal: use --summary, or give commands on "
                               "standard input."});
  }
  replay_on_terminal(replay, *terminal, selection->title, options.ascii || !shows_utf8());
  return 0;
}

}  // namespace

void add_replay(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* replay = app.add_subcommand("replay", "Step through a room or a whole log");
  replay->description(
      "Step through a room or a whole log.\n"
      "Step forward and back through what happened, and see the state that each record leaves: on "
      "a terminal by keys (? lists them), with breakpoints on conditions; else by commands on "
      "standard input, one a line (next 5, back, go 17, break type=ENDED, continue, search alice, "
      "state), or in one go with --summary.\n"
      "Exits with 0 when it is done, 1 when a room or a tenant is not there or a command of a "
      "script "
      "could not be done, 2 when the log cannot be read.");
  replay->add_option("ROOM|CALLID", options->name, "which; without it the whole log");
  replay->add_option("--tenant", options->tenant, "where several tenants have such a room")
      ->type_name("ID");
  CLI::Option* summary =
      replay->add_flag("--summary", options->summary, "in one go: counts, and a hash of the state");
  replay->add_flag("--json", options->json, "the summary as one JSON object")->needs(summary);
  replay->add_flag("--ascii", options->ascii, "draw with ASCII alone");
  add_log_options(*replay, options->log);
  replay->footer(
      "Examples:\n"
      "  callstate replay acme-call-42\n"
      "  callstate replay --summary --data-dir /backup/callstate\n"
      "  printf 'break outcome=refused\\ncontinue\\nstate\\n' | callstate replay acme-call-42");
  replay->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
