#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/serve.hpp"

namespace {

constexpr int exit_usage = 2;

/// What went wrong with the command line, and where to look.
std::string complaint(const CLI::App* app, const CLI::Error& error) {
  std::string command = app->get_name();
  if (error.get_name() == "RequiredError" && !app->remaining().empty()) {
    return command + ": there is no command " + app->remaining().front() + "\n`" + command +
           " --help` lists them.\n";
  }
  if (const auto called = app->get_subcommands(); !called.empty()) {
    command.append(" ").append(called.front()->get_name());
  }
  return command + ": " + error.what() + "\n`" + command + " --help` says how it is used.\n";
}

/// In the list of commands each has one line: the first of its description.
class Help final : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* command) const override {
    std::string text = command->get_description();
    text = text.substr(0, text.find_first_of(".:\n"));
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_name(), text, get_column_width());
    return out.str();
  }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A call-state engine: every message of every call in one durable log.", "callstate");
  auto help = std::make_shared<Help>();
  help->column_width(34);
  app.formatter(help);
  app.set_version_flag("--version", "callstate " CALLSTATE_VERSION);
  app.failure_message(complaint);
  app.require_subcommand(1);
  app.footer(
      "Try it:\n"
      "  callstate serve --dev        in one terminal\n"
      "  callstate demo               in another: plays a call and says how to look at it\n"
      "\n"
      "`callstate COMMAND --help` shows a command's options and examples.");

  int exit_code = 0;
  callstate::tools::add_serve(app, exit_code);
  callstate::tools::add_demo(app, exit_code);
  callstate::tools::add_token(app, exit_code);
  callstate::tools::add_timeline(app, exit_code);
  callstate::tools::add_tail(app, exit_code);
  callstate::tools::add_state(app, exit_code);
  callstate::tools::add_diff(app, exit_code);
  callstate::tools::add_why(app, exit_code);
  callstate::tools::add_replay(app, exit_code);
  callstate::tools::add_stats(app, exit_code);
  callstate::tools::add_verify(app, exit_code);
  callstate::tools::add_evidence(app, exit_code);
  callstate::tools::add_export(app, exit_code);
  callstate::tools::add_import(app, exit_code);
  callstate::tools::add_recheck(app, exit_code);
  callstate::tools::add_backup(app, exit_code);
  callstate::tools::add_restore(app, exit_code);
  callstate::tools::add_repair(app, exit_code);
  callstate::tools::add_projection(app, exit_code);
  callstate::tools::add_retain(app, exit_code);
  callstate::tools::add_webhooks(app, exit_code);
  callstate::tools::add_completion(app, exit_code);

  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return exit_usage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  return callstate::tools::after_printing(exit_code);
}
