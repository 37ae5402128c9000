#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "tools/callstate/carry/importing.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/carried_page.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string file;
  std::string data_dir;
  bool json = false;
};

int run(const Options& options) {
  const bool standard = options.file == "-";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(
      standard ? nullptr : std::fopen(options.file.c_str(), "re"), &std::fclose);
  if (!standard && opened == nullptr) {
    return complain("import", {Exit::unusable,
                               options.file + " cannot be read: " + std::strerror(errno) + "."});
  }
  std::error_code unknown;
  const auto bytes = standard ? 0 : std::filesystem::file_size(options.file, unknown);
  Lines lines(standard ? stdin : opened.get());
  ProgressBar bar("importing");
  const auto done = import_log(lines, options.data_dir, [&] {
    if (!bar.is_due()) return;
    bar.show(lines.bytes(), unknown ? 0 : bytes, "byte",
             static_cast<double>(lines.bytes()) / bar.seconds());
  });
  if (!done) return complain("import", done.error());
  const CarriedPage page{.what = "imported",
                         .where = options.data_dir,
                         .log_id = done->header.log_id,
                         .records = done->records,
                         .head = done->header.head,
                         .part = !done->header.whole(),
                         .anonymised = done->header.anonymised,
                         .bytes = lines.bytes()};
  print(options.json ? carried_json(page) : render_carried(page));
  return 0;
}

}  // namespace

void add_import(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("import", "Make a log of what `export` wrote");
  command->description(
      "Make a log of what `export` wrote.\n"
      "The whole log is the same log again, with its id, and a server can go on with it. A part is "
      "for the tools: its records get positions from 1 on, and their original ones are kept, so "
      "that its export has them.\n"
      "Whatever is not as it was written is refused, by line and field, and then there is no log.\n"
      "Exits with 0 when the log is made, 1 when the export is not sound, 2 when it cannot be "
      "done.");
  command->add_option("FILE", options->file, "the export; - for standard input")->required();
  command->add_option("--data-dir", options->data_dir, "the new log; must not exist, or be empty")
      ->type_name("DIR")
      ->required();
  command->add_flag("--json", options->json, "say what was made as JSON");
  command->footer(
      "Examples:\n"
      "  callstate import log.jsonl --data-dir ./copy\n"
      "  zcat problem.jsonl.gz | callstate import - --data-dir ./problem\n"
      "  callstate timeline acme-call-42 --data-dir ./copy");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
