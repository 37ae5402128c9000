#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "tools/bench/beast_echo.hpp"
#include "tools/bench/figure.hpp"

int main(int argc, char** argv) {
  using namespace callstate::bench;
  Options options;
  CLI::App app(
      "Measures callstate beside what it stands on, in the same run: each figure's ceiling is "
      "measured here too, in turns with it.");
  app.add_option("--dir", options.dir, "folder on the disk to measure")->capture_default_str();
  app.add_option("--server", options.server, "the server's binary")->capture_default_str();
  app.add_option("--relays", options.relays, "folder of the relays that peers are")
      ->capture_default_str();
  app.add_flag("--json", options.json, "one JSON line a figure");
  app.add_option("--restart-events", options.restart_events, "length of the log that is restarted")
      ->capture_default_str();
  app.add_option("--timeline-events", options.timeline_events,
                 "length of the log in which a call's timeline is looked for")
      ->capture_default_str();
  app.add_option("--idle-sessions", options.idle_sessions, "idle WebSocket sessions")
      ->capture_default_str();
  app.add_option("--projection-events", options.projection_events,
                 "messages of the log that is projected to PostgreSQL")
      ->capture_default_str();
  app.add_option("figures", options.only,
                 "append, latency, replay, verify, export, recheck, hop, idle, restart, "
                 "projection, timeline; all");
  bool beast_echo = false;
  app.add_flag("--beast-echo", beast_echo, "be the bare echo server that others are held against")
      ->group("");  // started by the figures themselves
  auto* peers = app.add_subcommand(
      "peers", "callstate beside relays of the same calls on npm's ws and socket.io");
  peers->fallthrough();
  peers->add_option("figures", options.only,
                    "flat_out, paced, projected, storm, polls, reconnect; all");
  app.footer(
      "Examples:\n  callstate_bench\n  callstate_bench --json append replay\n"
      "  callstate_bench peers --json flat_out\n");
  CLI11_PARSE(app, argc, argv);
  if (beast_echo) return serve_beast_echo();

  using Measures = std::vector<
      std::pair<std::string, std::function<void(const Options&, std::vector<Figure>&)>>>;
  const Measures alone{{"append", measure_append},    {"latency", measure_latency},
                       {"replay", measure_replay},    {"verify", measure_verify},
                       {"export", measure_export},    {"recheck", measure_recheck},
                       {"hop", measure_hop},          {"idle", measure_idle},
                       {"restart", measure_restart},  {"projection", measure_projection},
                       {"timeline", measure_timeline}};
  const Measures beside_peers{{"flat_out", measure_flat_out},   {"paced", measure_paced},
                              {"projected", measure_projected}, {"storm", measure_storm},
                              {"polls", measure_polls},         {"reconnect", measure_reconnect}};
  const Measures& all = peers->parsed() ? beside_peers : alone;
  for (const auto& name : options.only) {
    if (std::ranges::none_of(all, [&](const auto& known) { return known.first == name; })) {
      std::fprintf(stderr, "there is no figure '%s'; see --help\n", name.c_str());
      return 2;
    }
  }
  print_header(options);
  bool good = true;
  for (const auto& [name, measure] : all) {
    if (!options.only.empty() && std::ranges::find(options.only, name) == options.only.end()) {
      continue;
    }
    if (!options.json) std::fprintf(stderr, "measuring %s …\n", name.c_str());
    std::vector<Figure> figures;
    try {
      measure(options, figures);
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%s could not be measured: %s\n", name.c_str(), problem.what());
      good = false;
    }
    for (const auto& figure : figures) {
      print(figure, options);
      good = good && figure.ok();
    }
  }
  return good ? 0 : 1;
}
