#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/interrupt.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/projection_source.hpp"
#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/projection_page.hpp"

namespace callstate::tools {
namespace {

struct Options {
  LogOptions log;
  PostgresOptions postgres;
  std::string name;
  std::string lag_max = "10s";
  std::string reason;
  call::Position position = 0;
  bool take_over = false;
  bool repair = false;
  bool json = false;
};

constexpr auto command = "projection";

std::expected<std::unique_ptr<ProjectionSource>, Trouble> open(const Options& options) {
  return options.log.server.empty() ? open_stopped(options.log, options.postgres)
                                    : open_served(options.log);
}

/// All of them, or the one that is named.
std::expected<std::vector<ProjectionView>, Trouble> chosen(ProjectionSource& source,
                                                           const std::string& name) {
  auto views = source.list();
  if (!views || name.empty()) return views;
  std::erase_if(*views, [&](const ProjectionView& view) { return view.status.name != name; });
  if (!views->empty()) return views;
  return std::unexpected(
      Trouble{Exit::unusable, "There is no projection " + name +
                                  " here: `callstate projection status` shows which there are. "
                                  "Without a server, --postgres names the rows in PostgreSQL."});
}

int status(const Options& options) {
  const auto lag_max = parse_duration(options.lag_max);
  if (!lag_max) return complain(command, {Exit::unusable, "--lag-max: " + lag_max.error()});
  const auto source = open(options);
  if (!source) return complain(command, source.error());
  const auto views = chosen(**source, options.name);
  if (!views) return complain(command, views.error());
  print(options.json ? projections_json(*views) + "\n"
                     : render_projections(*views, *lag_max, Paint::for_stdout()));
  const bool well =
      std::ranges::all_of(*views, [&](const auto& view) { return is_well(view, *lag_max); });
  return static_cast<int>(well ? Exit::ok : Exit::found);
}

/// Whatever is shown of it while it runs.
class Shown {
 public:
  Shown(const std::string& name, JobKind kind)
      : bar_((kind == JobKind::rebuild ? "rebuilding " : "verifying ") + name) {}

  /// False: it is to stop.
  bool operator()(const history::Progress& progress) {
    if (progress.step == history::Progress::Step::folding) {
      bar_.show(progress.done, progress.total, "event", progress.records_per_second);
    } else {
      bar_.show(std::string(name_of(progress.step)));
    }
    return !Interrupt::came();
  }

 private:
  ProgressBar bar_;
};

std::expected<Job, Trouble> run_one(ProjectionSource& source, const std::string& name, JobKind kind,
                                    bool option) {
  std::expected<Job, Trouble> job;
  {
    Shown shown(name, kind);
    job = source.run(name, kind, option, std::ref(shown));
  }
  if (!job) return job;
  if (job->state == Job::State::failed)
    return std::unexpected(Trouble{Exit::unusable, name + ": " + job->error + "."});
  if (job->state == Job::State::stopped) {
    return std::unexpected(
        Trouble{Exit::unusable, "stopped: " + name +
                                    " is as it was. Run this again to go on from position " +
                                    std::to_string(job->progress.done) + "."});
  }
  return job;
}

/// Those that are chosen, one after the other.
int run(const Options& options, JobKind kind) {
  const auto source = open(options);
  if (!source) return complain(command, source.error());
  auto views = chosen(**source, options.name);
  if (!views) return complain(command, views.error());
  // Nobody has asked for these by name, and they cannot be.
  if (options.name.empty())
    std::erase_if(*views, [](const auto& view) { return view.status.name == "webhooks"; });
  const Interrupt interrupt;
  const bool option = kind == JobKind::rebuild ? options.take_over : options.repair;
  const auto paint = Paint::for_stdout();
  Exit exit = Exit::ok;
  for (auto& view : *views) {
    const auto job = run_one(**source, view.status.name, kind, option);
    if (!job) return complain(command, job.error());
    if (job->verified && !is_well(*job->verified)) exit = Exit::found;
    if (!options.json && job->rebuilt)
      print(render_rebuilt(view.status.name, *job->rebuilt, paint));
    if (!options.json && job->verified)
      print(render_verified(view.status.name, *job->verified, paint));
    (kind == JobKind::rebuild ? view.rebuild : view.verify) = *job;
  }
  if (options.json) print(projections_json(*views) + "\n");
  return static_cast<int>(exit);
}

int skip(const Options& options) {
  const auto source = open(options);
  if (!source) return complain(command, source.error());
  if (const auto views = chosen(**source, options.name); !views)
    return complain(command, views.error());
  if (auto skipped = (*source)->skip(options.name, options.position, options.reason); !skipped)
    return complain(command, skipped.error());
  print("Record " + std::to_string(options.position) + " is skipped by " + options.name +
        ", and that is kept.\n");
  return 0;
}

CLI::App* add(CLI::App& projection, Options& options, const char* name, const char* what) {
  CLI::App* made = projection.add_subcommand(name, what);
  add_log_options(*made, options.log, "SERVICE");
  constexpr auto group = "Where the rows are, without a server";
  made->add_option("--postgres", options.postgres.connection,
                   "postgresql://USER@HOST/DATABASE, as the server's; better given by file or "
                   "environment")
      ->envname("CALLSTATE_POSTGRES")
      ->type_name("URL")
      ->group(group);
  made->add_option("--postgres-file", options.postgres.file, "file with that")
      ->envname("CALLSTATE_POSTGRES_FILE")
      ->type_name("FILE")
      ->group(group);
  made->add_option("--postgres-schema", options.postgres.schema, "schema of the tables")
      ->envname("CALLSTATE_POSTGRES_SCHEMA")
      ->capture_default_str()
      ->type_name("NAME")
      ->group(group);
  return made;
}

void add_name(CLI::App& app, Options& options, const char* what) {
  app.add_option("NAME", options.name, what)
      ->check(CLI::IsMember({"index", "postgres", "webhooks"}));
  app.add_flag("--json", options.json, "one JSON object, as GET /v1/projections answers");
}

void add_status(CLI::App& projection, const std::shared_ptr<Options>& options, int& exit_code) {
  CLI::App* app = add(projection, *options, "status", "Show how far each has come");
  add_name(*app, *options, "index, postgres or webhooks; all of them when left out");
  app->add_option("--lag-max", options->lag_max, "how long a record may wait before that is bad")
      ->capture_default_str();
  app->footer(
      "Examples:\n"
      "  callstate projection status --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate projection status postgres --server … --lag-max 1s --json | jq .\n"
      "  callstate projection status --data-dir /var/lib/callstate --postgres-file db-url");
  app->callback([options, &exit_code] { exit_code = status(*options); });
}

void add_rebuild(CLI::App& projection, const std::shared_ptr<Options>& options, int& exit_code) {
  CLI::App* app = add(projection, *options, "rebuild", "Make it anew from the log");
  add_name(*app, *options, "index or postgres; both when left out");
  app->add_flag("--take-over", options->take_over, "replace rows that are of another log, too");
  app->footer(
      "Readers see all of the old until they see all of the new. Ctrl-C stops it, and the next "
      "run goes on from there.\n\n"
      "Examples:\n"
      "  callstate projection rebuild postgres --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate projection rebuild index --data-dir /var/lib/callstate");
  app->callback([options, &exit_code] { exit_code = run(*options, JobKind::rebuild); });
}

void add_verify_of(CLI::App& projection, const std::shared_ptr<Options>& options, int& exit_code) {
  CLI::App* app = add(projection, *options, "verify", "Hold it against the log");
  add_name(*app, *options, "index or postgres; both when left out");
  app->add_flag("--repair", options->repair,
                "mend what has drifted; exits with 0 once all of it is mended");
  app->footer(
      "Examples:\n"
      "  callstate projection verify postgres --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate projection verify --repair --server …\n"
      "  callstate projection verify postgres --data-dir DIR --postgres-file db-url --json");
  app->callback([options, &exit_code] { exit_code = run(*options, JobKind::verify); });
}

void add_skip(CLI::App& projection, const std::shared_ptr<Options>& options, int& exit_code) {
  CLI::App* app = add(projection, *options, "skip", "Go beyond the one record that has stopped it");
  app->add_option("NAME", options->name, "index, postgres or webhooks")
      ->required()
      ->check(CLI::IsMember({"index", "postgres", "webhooks"}));
  app->add_option("POSITION", options->position, "the record's, as `status` shows it")->required();
  app->add_option("--reason", options->reason, "why, which is kept")->required();
  app->footer(
      "Example:\n"
      "  callstate projection skip postgres 4711 --reason 'metadata that no column holds' "
      "--server …");
  app->callback([options, &exit_code] { exit_code = skip(*options); });
}

}  // namespace

void add_projection(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* projection = app.add_subcommand("projection", "Look after what is made from the log");
  projection->description(
      "Look after what is made from the log: the index of past calls, the rows in PostgreSQL, the "
      "webhooks.\n"
      "Of a running server (--server), which goes on meanwhile; or beside a log that no server "
      "uses (--data-dir, --postgres).\n"
      "Exits with 0 when all is well, 1 when something differs from the log, is behind or is "
      "stopped, 2 when it could not be done or was interrupted.");
  projection->require_subcommand(1);
  projection->footer(
      "Examples:\n"
      "  callstate projection status --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate projection rebuild postgres --server …\n"
      "  callstate projection verify postgres --repair --server …");
  add_status(*projection, options, exit_code);
  add_rebuild(*projection, options, exit_code);
  add_verify_of(*projection, options, exit_code);
  add_skip(*projection, options, exit_code);
}

}  // namespace callstate::tools
