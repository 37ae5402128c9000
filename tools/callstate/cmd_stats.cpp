#include <CLI/CLI.hpp>
#include <memory>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/statistics_page.hpp"

namespace callstate::tools {
namespace {

struct Options {
  bool json = false;
  LogOptions log;
};

int run(const Options& options) {
  const auto log = LogSource::open(options.log);
  if (!log) return complain("stats", log.error());
  const auto counted = count_log(ProgressReader((*log)->reader(), "counting"));
  if (!counted) return complain("stats", {Exit::unusable, counted.error().message});
  const LogAbout about = (*log)->about();
  print(options.json ? statistics_json(about, *counted)
                     : render_statistics(about, *counted, Paint::for_stdout()));
  return 0;
}

}  // namespace

void add_stats(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* stats = app.add_subcommand("stats", "Show a log in numbers");
  stats->description(
      "Show a log in numbers.\n"
      "Count what a log holds: records by type and outcome, refusals by code, calls by status, "
      "tenants, users and rooms; and say how large and how old it is.\n"
      "Exits with 0 when it is counted, 1 when the log is damaged, 2 when it cannot be read.");
  stats->add_flag("--json", options->json, "one JSON object");
  add_log_options(*stats, options->log);
  stats->footer(
      "Examples:\n"
      "  callstate stats --data-dir /var/lib/callstate\n"
      "  callstate stats --server http://127.0.0.1:7480 --token JWT --json | jq .callsByStatus");
  stats->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
