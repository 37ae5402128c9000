#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/verification_page.hpp"

namespace callstate::tools {
namespace {

struct Options {
  bool json = false;
  bool blocks = false;
  LogOptions log;
};

Verification verify(LogSource& log, bool blocks) {
  Verification found;
  {
    const ProgressReader reader(log.reader(), "verifying");
    found = verify_log(reader, &log.snapshots());
  }
  if (!blocks) return found;
  if (const auto sound = log.verify_checksums(); !sound) {
    found.problems.push_back({0, {}, sound.error().message});
  }
  return found;
}

int run(const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  const auto log = LogSource::open(options.log);
  Verification found;
  if (log && (*log)->is_part()) {
    return complain("verify", {Exit::unusable,
                               "This is a part of a log, which `import` checked when it made it: "
                               "its streams may begin in the middle. Verify the whole log."});
  }
  if (log) {
    found = verify(**log, options.blocks);
  } else if (log.error().exit == Exit::found) {
    // So damaged that nothing can be read is a finding too.
    found.problems.push_back({0, {}, log.error().message});
  } else {
    return complain("verify", log.error());
  }
  const auto took = std::chrono::steady_clock::now() - began;
  print(options.json ? verification_json(found, took)
                     : render_verification(found, took, Paint::for_stdout()));
  return static_cast<int>(found.good() ? Exit::ok : Exit::found);
}

}  // namespace

void add_verify(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verify = app.add_subcommand("verify", "Check that a log is whole and unaltered");
  verify->description(
      "Check that a log is whole and unaltered.\n"
      "Read the whole log and check that no position is missing, that every record is well formed "
      "and follows its stream's previous one by hash and by number, and that every snapshot equals "
      "what the log folds to.\n"
      "Exits with 0 when all is well, 1 when something is wrong, 2 when it could not be checked.");
  verify->add_flag("--json", options->json, "one JSON object");
  verify->add_flag("--blocks", options->blocks,
                   "also the checksum of every block of every file, of derived data too");
  add_log_options(*verify, options->log);
  verify->footer(
      "Examples:\n"
      "  callstate verify --data-dir /var/lib/callstate\n"
      "  callstate verify --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate verify --data-dir /backup/callstate --blocks --json | jq .problems");
  verify->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
