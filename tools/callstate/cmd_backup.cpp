#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "storage/backup.hpp"
#include "tools/callstate/carry/backup_page.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"

// `backup` and `restore`.

namespace callstate::tools {
namespace {

struct Options {
  std::string backup;
  bool verify = false;
  bool copy = false;
  bool json = false;
  std::string target;  // of `restore`
  LogOptions log;
};

storage::BackupProgress shown_by(ProgressBar& bar) {
  return [&bar](std::uint64_t done, std::uint64_t all) {
    if (!bar.is_due()) return;
    bar.show(done, all, "byte", static_cast<double>(done) / std::max(bar.seconds(), 0.001));
  };
}

int say(BackupDeed deed, const std::string& where, const storage::Backup& backup, bool json) {
  print(json ? backup_json(where, backup) : render_backup(deed, where, backup));
  return 0;
}

int verify(const Options& options) {
  std::expected<storage::Backup, engine::Failure> found;
  {
    ProgressBar bar("verifying");
    found = storage::verify_backup(options.backup, shown_by(bar));
  }
  if (!found) return complain("backup", {Exit::found, found.error().message + "."});
  return say(BackupDeed::verified, options.backup, *found, options.json);
}

int run_backup(const Options& options) {
  if (options.verify) return verify(options);
  const auto log = LogSource::open(options.log);
  if (!log) return complain("backup", log.error());
  if (const auto may = may_read_all(**log); !may) return complain("backup", may.error());
  std::expected<storage::Backup, engine::Failure> made;
  {
    ProgressBar bar("backing up");
    made = storage::make_backup((*log)->path(), options.backup, !options.copy, shown_by(bar));
  }
  if (!made) return complain("backup", {Exit::unusable, made.error().message + "."});
  return say(BackupDeed::made, options.backup, *made, options.json);
}

int run_restore(const Options& options) {
  std::expected<storage::Backup, engine::Failure> made;
  {
    ProgressBar bar("restoring");
    made = storage::restore_backup(options.backup, options.target, shown_by(bar));
  }
  if (!made) return complain("restore", {Exit::unusable, made.error().message + "."});
  return say(BackupDeed::restored, options.target, *made, options.json);
}

}  // namespace

void add_backup(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("backup", "Copy a log, verified, beside a running server");
  command->description(
      "Copy a log, verified, beside a running server.\n"
      "Copies a running server's log by a checkpoint, or a stopped one, into a new directory, "
      "reads "
      "all of the copy, and lists its files with their SHA-256 in SHA256SUMS. Tables are "
      "hard-linked "
      "where the file system allows it: that costs no room, and shares the disk's fate; --copy "
      "copies them all the same.\n"
      "Exits with 0 when the backup is there and sound, 1 when --verify finds it is not, 2 when it "
      "cannot be done.");
  command->add_option("DIR", options->backup, "the backup")->required();
  command->add_flag("--verify", options->verify, "make none, verify the one in DIR");
  command->add_flag("--copy", options->copy, "no hard links");
  command->add_flag("--json", options->json, "one JSON object");
  add_log_options(*command, options->log, "SERVICE");
  command->footer(
      "Examples:\n"
      "  callstate backup /backup/callstate-2026-11-23 --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate backup /backup/callstate --data-dir /var/lib/callstate --copy\n"
      "  callstate backup --verify /backup/callstate-2026-11-23\n"
      "  (cd /backup/callstate-2026-11-23 && sha256sum -c SHA256SUMS)");
  command->callback([options, &exit_code] { exit_code = run_backup(*options); });
}

void add_restore(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("restore", "Make a log of a backup");
  command->description(
      "Make a log of a backup.\n"
      "Verifies the backup, copies it into a new directory, and says what the log lacks that "
      "clients may have seen.\n"
      "Exits with 0 when it is restored, 2 when it cannot be done.");
  command->add_option("DIR", options->backup, "the backup")->required();
  command->add_option("--data-dir", options->target, "the new log; must not exist, or be empty")
      ->type_name("DIR")
      ->required();
  command->add_flag("--json", options->json, "one JSON object");
  command->footer(
      "Examples:\n"
      "  callstate restore /backup/callstate-2026-11-23 --data-dir /var/lib/callstate");
  command->callback([options, &exit_code] { exit_code = run_restore(*options); });
}

}  // namespace callstate::tools
