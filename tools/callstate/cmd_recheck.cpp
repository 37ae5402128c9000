#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "tools/callstate/carry/recheck.hpp"
#include "tools/callstate/carry/recheck_page.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"

namespace callstate::tools {
namespace {

struct Options {
  bool json = false;
  LogOptions log;
};

int run(const Options& options) {
  const auto log = LogSource::open(options.log);
  if (!log) return complain("recheck", log.error());
  if (const auto may = may_read_all(**log); !may) return complain("recheck", may.error());
  const auto began = std::chrono::steady_clock::now();
  auto found = recheck(ProgressReader((*log)->reader(), "rechecking"), {});
  if (!found) return complain("recheck", {Exit::unusable, found.error().message + "."});
  const auto took = std::chrono::steady_clock::now() - began;
  for (auto& each : found->differences) each.first = (*log)->original(each.first);
  print(options.json ? recheck_json(*found, took)
                     : render_recheck(*found, took, Paint::for_stdout()));
  return static_cast<int>(found->good() ? Exit::ok : Exit::found);
}

}  // namespace

void add_recheck(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("recheck", "Decide a log's history anew by the rules of this build");
  command->description(
      "Decide a log's history anew by the rules of this build.\n"
      "Every message of every call is decided again, on what the log folds to before it and with "
      "the times and ids of then, and what the server concluded likewise. Lists where that differs "
      "from what was recorded: what a change of the rules would have done to real calls.\n"
      "Exits with 0 when nothing differs, 1 when something does, 2 when it cannot be done.");
  command->add_flag("--json", options->json, "one JSON object");
  add_log_options(*command, options->log, "SERVICE");
  command->footer(
      "Examples:\n"
      "  callstate recheck\n"
      "  callstate recheck --data-dir /backup/callstate --json\n"
      "  callstate recheck --server http://127.0.0.1:7480 --token JWT");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
