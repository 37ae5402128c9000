#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/completion.hpp"

namespace callstate::tools {
namespace {

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

/// What the type of an option lists: `TEXT:{index,postgres}`.
std::vector<std::string> values_in(std::string_view type) {
  std::vector<std::string> values;
  const auto begin = type.find('{');
  const auto end = type.find('}', begin);
  if (begin == type.npos || end == type.npos) return values;
  for (auto rest = type.substr(begin + 1, end - begin - 1); !rest.empty();) {
    const auto value = rest.substr(0, rest.find(','));
    values.emplace_back(value.substr(0, value.find("->")));
    rest.remove_prefix(std::min(rest.size(), value.size() + 1));
  }
  return values;
}

CompletedOption completed(const CLI::Option& option) {
  CompletedOption made{.names = {},
                       .help = first_line(option.get_description()),
                       .takes_value = option.get_items_expected_max() > 0,
                       .values = values_in(option.get_type_name())};
  for (const auto& name : option.get_lnames()) made.names.push_back("--" + name);
  for (const auto& name : option.get_snames()) made.names.push_back("-" + name);
  const auto type = option.get_type_name();
  // A positional argument's own name says it.
  const auto& what = made.names.empty() ? option.get_name() : type;
  made.path = what.starts_with("DIR") || what.starts_with("FILE");
  return made;
}

CompletedCommand completed(const CLI::App& app) {
  CompletedCommand made{.name = app.get_name(),
                        .help = first_line(app.get_description()),
                        .options = {},
                        .commands = {}};
  for (const auto* option : app.get_options()) {
    if (!option->get_group().empty()) made.options.push_back(completed(*option));
  }
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_name().empty() && !sub->get_group().empty()) {
      made.commands.push_back(completed(*sub));
    }
  }
  return made;
}

}  // namespace

void add_completion(CLI::App& app, int& exit_code) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "Print a shell's completion script");
  completion->description(
      "Print a shell's completion script.\n"
      "Print what makes a shell complete the commands of callstate, their flags and values.");
  completion->add_option("SHELL", *shell, "which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(
      "Examples:\n"
      "  source <(callstate completion bash)\n"
      "  callstate completion zsh > ~/.zfunc/_callstate\n"
      "  callstate completion fish > ~/.config/fish/completions/callstate.fish");
  completion->callback([&app, shell, &exit_code] {
    const auto root = completed(app);
    print(*shell == "bash"  ? bash_completion(root)
          : *shell == "zsh" ? zsh_completion(root)
                            : fish_completion(root));
    exit_code = 0;
  });
}

}  // namespace callstate::tools
