#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace callstate::tools {

/// What may be typed after a command.
struct CompletedOption {
  std::vector<std::string> names;  // with their dashes; none: a positional argument
  std::string help;                // one line
  bool takes_value = false;
  std::vector<std::string> values;  // all there are; empty: any
  bool path = false;                // the value is a file's or a directory's
};
struct CompletedCommand {
  std::string name;
  std::string help;  // one line
  std::vector<CompletedOption> options;
  std::vector<CompletedCommand> commands;
};

/// A script for a shell, `bash`, `zsh` or `fish`, that completes the command, its
/// subcommands, flags and values. Nothing for another shell.
std::string bash_completion(const CompletedCommand& root);
std::string zsh_completion(const CompletedCommand& root);
std::string fish_completion(const CompletedCommand& root);

}  // namespace callstate::tools
