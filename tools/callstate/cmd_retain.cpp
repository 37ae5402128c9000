#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/engine/retention.hpp"
#include "core/engine/system.hpp"
#include "storage/call_index_maintenance.hpp"
#include "storage/store.hpp"
#include "storage/webhook_outbox.hpp"
#include "tools/callstate/carry/exporting.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/new_file.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/times.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
using transports::concat;

constexpr auto command = "retain";

struct Options {
  std::string data_dir = "./callstate-data";
  std::string older_than;
  std::string archive;
  bool dry_run = false;
  bool json = false;
};

std::unexpected<Trouble> unusable(std::string message) {
  return std::unexpected(Trouble{Exit::unusable, std::move(message)});
}

/// What receivers of webhooks have not been told of yet stays.
std::expected<call::Position, Trouble> told_up_to(const fs::path& data_dir,
                                                  const storage::Store& store) {
  const auto path = data_dir / "webhooks";
  std::error_code error;
  if (!fs::exists(path / "CURRENT", error)) return ~call::Position{0};
  storage::WebhookOutbox outbox(path);
  const auto head = store.reader().head();
  auto opened = outbox.open(store.log_id(), head, head);
  if (!opened) return unusable("webhooks: " + opened.error().message + ".");
  return opened->standing.position;
}

fs::path archive_path(const Options& options, const storage::Store& store,
                      const engine::Retention& plan) {
  std::error_code error;
  fs::path path(options.archive);
  if (!fs::is_directory(path, error)) return path;
  return path / concat("callstate-", store.log_id(), "-", std::to_string(store.reader().first()),
                       "-", std::to_string(plan.beginning.first - 1), ".jsonl");
}

/// An export of all that lies before the log's new beginning, what is kept of it too, so
/// that no stream has a hole in it.
std::expected<void, Trouble> write_archive(const fs::path& path, const storage::Store& store,
                                           const engine::Beginning& beginning) {
  // The same again after a kill is that archive.
  auto archive = NewFile::begin(path, NewFile::Existing::same_is_fine);
  if (!archive) return unusable(archive.error() + ". Nothing was dropped.");
  const ProgressReader log(store.reader(), "archiving");
  const Exportable from{.log = log, .header = {.log_id = store.log_id(), .head = log.head()}};
  const Selection what{.from = At(log.first()), .to = At(beginning.first - 1)};
  const auto done =
      export_log(from, what, nullptr, [&](std::string_view text) { return archive->put(text); });
  if (!done) {
    return std::unexpected(Trouble{Exit::unusable, done.error().message + " Nothing was dropped."});
  }
  if (auto kept = archive->finish(); !kept)
    return unusable(kept.error() + ". Nothing was dropped.");
  return {};
}

/// What stays though it is old enough.
std::string held(const engine::Retention& plan) {
  const auto count = count_of(plan.held, "record");
  if (plan.unsealed) {
    return concat(count, " as old stay, as the log has seals and they have none yet: start the ",
                  "server, which seals them, stop it, and run this again.\n");
  }
  return concat(count, " as old stay, as they are under one seal with newer ones: they go with ",
                "these.\n");
}

std::string told(const Options& options, const engine::Retention& plan, const fs::path& archive) {
  if (options.json) {
    std::string text;
    transports::JsonWriter to(text);
    to.begin_object();
    to.boolean("dryRun", bool{options.dry_run});
    to.number("records", plan.records);
    to.number("calls", plan.calls);
    to.number("liveCallsKept", plan.live);
    to.number("heldBySeals", plan.held);
    to.number("first", plan.beginning.first);
    if (plan.records > 0) to.time("droppedUpTo", plan.cut_at);
    if (!archive.empty()) to.text("archive", archive.string());
    to.end_object();
    return text + '\n';
  }
  if (plan.records == 0 && plan.held == 0) return "Nothing is that old: the log stays as it is.\n";
  if (plan.records == 0) return concat("Nothing can go: the log stays as it is. ", held(plan));
  std::string text =
      concat(options.dry_run ? "Would drop " : "Dropped ", count_of(plan.records, "record"),
             " with ", count_of(plan.calls, "call"), ", up to ", write_time(plan.cut_at),
             " UTC. The log ", options.dry_run ? "would begin" : "begins", " with position ",
             grouped(plan.beginning.first), ".\n");
  if (plan.live > 0) {
    text +=
        concat(count_of(plan.live, "call"), " that went on then stay with all their records.\n");
  }
  if (plan.held > 0) text += held(plan);
  if (!archive.empty()) text += concat("What was dropped is in ", archive.string(), ".\n");
  return text;
}

std::expected<void, Trouble> retain(const Options& options) {
  const auto age = parse_duration(options.older_than);
  if (!age) return unusable("--older-than: " + age.error() + ".");
  auto store = storage::Store::open({.path = options.data_dir, .create_if_missing = false});
  if (!store) {
    const auto& message = store.error().message;
    if (!message.contains(" is in use by ")) return unusable(message + ".");
    return unusable(message.substr(0, message.find("; stop ")) +
                    "; stop the server first: a log that is served is not made shorter.");
  }
  const auto told_of = told_up_to(options.data_dir, **store);
  if (!told_of) return std::unexpected(told_of.error());
  const auto& log = (*store)->reader();
  const engine::RetentionRequest request{.older_than = engine::SystemClock().now() - *age,
                                         .cut_max = *told_of,
                                         .is_kept = engine::is_kept_always};
  const ProgressReader reader(log, "looking for what is old");
  auto plan = engine::plan_retention(reader, request);
  if (!plan) return unusable(plan.error().message + ". Nothing was dropped.");
  fs::path archive;
  const bool drops = plan->records > 0 && !options.dry_run;
  if (drops && !options.archive.empty()) {
    archive = archive_path(options, **store, *plan);
    if (auto done = write_archive(archive, **store, plan->beginning); !done) return done;
  }
  if (drops) {
    if (auto done = (*store)->begin_later(plan->beginning); !done)
      return unusable(done.error().message + ". Run this again.");
    // It is another log's from now on, and holds the calls that went.
    storage::drop_index(fs::path(options.data_dir) / "index");
  }
  print(told(options, *plan, archive));
  return {};
}

}  // namespace

void add_retain(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command_line = app.add_subcommand(command, "Drop old calls from a stopped log");
  command_line->description(
      "Drop old calls from a stopped log.\n"
      "What was recorded longer ago than that is removed from the log for good: whole calls, those "
      "that were still going on then excepted. Stop the server first. It can be killed at any "
      "moment and run again. Rows in PostgreSQL, backups and checkpoints are not touched.\n"
      "Exits with 0 when it is done, also when nothing is that old, and 2 when it cannot be done.");
  command_line->add_option("--older-than", options->older_than, "how old, such as 90d or 12h")
      ->required()
      ->type_name("DURATION");
  command_line
      ->add_option("--archive", options->archive,
                   "first export what goes into this new file, or one in this directory, for "
                   "`callstate import`")
      ->type_name("FILE|DIR");
  command_line->add_flag("--dry-run", options->dry_run, "only say what would go");
  command_line->add_flag("--json", options->json, "one JSON object");
  command_line->add_option("--data-dir", options->data_dir, "the log, which no server is using")
      ->envname("CALLSTATE_DATA_DIR")
      ->capture_default_str()
      ->type_name("DIR");
  command_line->footer(
      "Examples:\n"
      "  callstate retain --older-than 90d --data-dir /var/lib/callstate --dry-run\n"
      "  callstate retain --older-than 90d --data-dir /var/lib/callstate --archive /backup/calls");
  command_line->callback([options, &exit_code] {
    const auto done = retain(*options);
    exit_code = done ? static_cast<int>(Exit::ok) : complain(command, done.error());
  });
}

}  // namespace callstate::tools
