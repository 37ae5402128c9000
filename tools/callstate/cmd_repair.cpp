#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "storage/repair.hpp"
#include "tools/callstate/carry/repair_page.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string data_dir;
  std::string out;
  bool json = false;
};

int run(const Options& options) {
  std::expected<storage::Repaired, engine::Failure> done;
  {
    ProgressBar bar("repairing");
    done = storage::repair(
        options.data_dir, options.out, [&bar](call::Position at, call::Position all) {
          if (!bar.is_due()) return;
          bar.show(at, all, "record", static_cast<double>(at) / std::max(bar.seconds(), 0.001));
        });
  }
  if (!done) return complain("repair", {Exit::unusable, done.error().message + "."});
  print(options.json ? repair_json(options.data_dir, options.out, *done)
                     : render_repair(options.data_dir, options.out, *done, Paint::for_stdout()));
  return static_cast<int>(done->sound() ? Exit::ok : Exit::found);
}

}  // namespace

void add_repair(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("repair", "Copy what is sound of a damaged log");
  command->description(
      "Copy what is sound of a damaged log.\n"
      "Makes a log of the records before the first that is missing, cannot be read or does not "
      "follow the one before, and says exactly what comes after and is not in it: positions, "
      "rooms, "
      "calls, and how many had been acknowledged. The damaged log is not changed.\n"
      "A backup loses less where it is newer than the damage.\n"
      "Exits with 0 when the log is sound and there is nothing to do, 1 when it is damaged and the "
      "copy was made, 2 when it cannot be done.");
  command->add_option("--data-dir", options->data_dir, "the damaged log, which no server is using")
      ->type_name("DIR")
      ->required();
  command->add_option("--out", options->out, "the copy; must not exist, or be empty")
      ->type_name("DIR")
      ->required();
  command->add_flag("--json", options->json, "one JSON object");
  command->footer(
      "Examples:\n"
      "  callstate repair --data-dir /var/lib/callstate --out /var/lib/callstate-repaired");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
