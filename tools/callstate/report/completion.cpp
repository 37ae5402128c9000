#include "tools/callstate/report/completion.hpp"

#include <algorithm>
#include <functional>

#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

/// Each command with the words that lead to it: `callstate projection rebuild`.
using Each = std::function<void(const std::string& path, const CompletedCommand& command)>;
void for_each(const CompletedCommand& command, const std::string& path, const Each& each) {
  each(path, command);
  for (const auto& sub : command.commands) for_each(sub, path + " " + sub.name, each);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += concat(text.empty() ? "" : " ", word);
  return text;
}

/// In single quotes, for any of the shells.
std::string quoted(std::string_view text) {
  std::string made = "'";
  for (const char c : text) {
    if (c == '\'') {
      made += "'\\''";
    } else {
      made += c;
    }
  }
  return made + "'";
}

/// `'callstate serve --listen'|'callstate serve -l'`
std::string cases_of(const std::string& path, const CompletedOption& option) {
  std::string text;
  for (const auto& name : option.names) {
    text += concat(text.empty() ? "" : "|", quoted(path + " " + name));
  }
  return text;
}

/// The lines that find out, word by word, which command is being typed: in `at`.
std::string walk(const CompletedCommand& root, std::string_view indent) {
  std::string text;
  for_each(root, root.name, [&](const std::string& path, const CompletedCommand& command) {
    for (const auto& sub : command.commands) {
      const std::string next = path + " " + sub.name;
      text += concat(indent, quoted(next), ") at=", quoted(next), " ;;\n");
    }
  });
  return text;
}

/// All that may follow a command, as plain words.
std::vector<std::string> words_after(const CompletedCommand& command) {
  std::vector<std::string> words;
  for (const auto& sub : command.commands) words.push_back(sub.name);
  for (const auto& option : command.options) {
    const auto& more = option.names.empty() ? option.values : option.names;
    words.insert(words.end(), more.begin(), more.end());
  }
  return words;
}

/// Whether a file or a directory may follow without a flag.
bool takes_path(const CompletedCommand& command) {
  return std::ranges::any_of(command.options, [](const CompletedOption& option) {
    return option.names.empty() && option.path;
  });
}

using ValueLine = std::function<std::string(const CompletedOption& option)>;
std::string value_cases(const CompletedCommand& root, std::string_view indent,
                        const ValueLine& line) {
  std::string text;
  for_each(root, root.name, [&](const std::string& path, const CompletedCommand& command) {
    for (const auto& option : command.options) {
      if (!option.takes_value || option.names.empty()) continue;
      text += concat(indent, cases_of(path, option), ") ", line(option), "return ;;\n");
    }
  });
  return text;
}

/// `name:what it is`, as _describe wants it.
std::string described(std::string_view name, std::string_view help) {
  std::string text;
  for (const char c : name) text += c == ':' ? std::string("\\:") : std::string(1, c);
  return quoted(concat(text, ":", help));
}

}  // namespace

std::string bash_completion(const CompletedCommand& root) {
  std::string words;
  for_each(root, root.name, [&](const std::string& path, const CompletedCommand& command) {
    words += concat("    ", quoted(path), ") words=", quoted(joined(words_after(command))),
                    takes_path(command) ? " path=1" : "", " ;;\n");
  });
  return concat("# Completion of ", root.name, " for bash: source <(", root.name,
                " completion bash)\n"
                "_",
                root.name,
                "() {\n"
                "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                "  local at=",
                quoted(root.name),
                " words= path= i\n"
                "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "    case \"$at ${COMP_WORDS[i]}\" in\n",
                walk(root, "      "),
                "    esac\n"
                "  done\n"
                "  COMPREPLY=()\n"
                "  case \"$at $prev\" in\n",
                value_cases(root, "    ",
                            [](const CompletedOption& option) {
                              if (option.path) {
                                return std::string(
                                    "COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames "
                                    "2>/dev/null; ");
                              }
                              if (option.values.empty()) return std::string();
                              return concat("COMPREPLY=($(compgen -W ",
                                            quoted(joined(option.values)), " -- \"$cur\")); ");
                            }),
                "  esac\n"
                "  case \"$at\" in\n",
                words,
                "  esac\n"
                "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                "  if [[ $path && $cur != -* ]]; then\n"
                "    COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                "    compopt -o filenames 2>/dev/null\n"
                "  fi\n"
                "}\n"
                "complete -F _",
                root.name, " ", root.name, "\n");
}

std::string zsh_completion(const CompletedCommand& root) {
  std::string lists;
  for_each(root, root.name, [&](const std::string& path, const CompletedCommand& command) {
    std::string subs;
    for (const auto& sub : command.commands) {
      subs += concat(subs.empty() ? "" : " ", described(sub.name, sub.help));
    }
    std::string options;
    for (const auto& option : command.options) {
      for (const auto& name : option.names.empty() ? option.values : option.names) {
        options += concat(options.empty() ? "" : " ", described(name, option.help));
      }
    }
    lists += concat("    ", quoted(path), ") commands=(", subs, ") options=(", options, ")",
                    takes_path(command) ? " path=1" : "", " ;;\n");
  });
  return concat("#compdef ", root.name,
                "\n"
                "# Completion of ",
                root.name, " for zsh: source <(", root.name,
                " completion zsh)\n"
                "_",
                root.name,
                "() {\n"
                "  local at=",
                quoted(root.name),
                " path= i\n"
                "  local -a commands options\n"
                "  for ((i = 2; i < CURRENT; i++)); do\n"
                "    case \"$at ${words[i]}\" in\n",
                walk(root, "      "),
                "    esac\n"
                "  done\n"
                "  case \"$at ${words[CURRENT-1]}\" in\n",
                value_cases(root, "    ",
                            [](const CompletedOption& option) {
                              if (option.path) return std::string("_files; ");
                              if (option.values.empty()) return std::string();
                              return concat("compadd -- ", joined(option.values), "; ");
                            }),
                "  esac\n"
                "  case \"$at\" in\n",
                lists,
                "  esac\n"
                "  (( $#commands )) && _describe command commands\n"
                "  [[ -n $path && $PREFIX != -* ]] && { _files; return }\n"
                "  _describe option options\n"
                "}\n"
                "compdef _",
                root.name, " ", root.name, "\n");
}

std::string fish_completion(const CompletedCommand& root) {
  std::string cases;
  for_each(root, root.name, [&](const std::string& path, const CompletedCommand& command) {
    for (const auto& sub : command.commands) {
      const auto next = quoted(path + " " + sub.name);
      cases += concat("      case ", next, "\n        set at ", next, "\n");
    }
  });
  std::string lines;
  for_each(root, root.name, [&](const std::string& path, const CompletedCommand& command) {
    const auto begin =
        concat("complete -c ", root.name, " -n \"__", root.name, "_at ", quoted(path), "\" ");
    for (const auto& sub : command.commands) {
      lines += concat(begin, "-f -a ", sub.name, " -d ", quoted(sub.help), "\n");
    }
    for (const auto& option : command.options) {
      std::string line = begin;
      for (const auto& name : option.names) {
        const bool is_long = name.starts_with("--");
        line += concat(is_long ? "-l " : "-s ", name.substr(is_long ? 2 : 1), " ");
      }
      if (option.names.empty() && option.values.empty() && !option.path) continue;
      if (option.names.empty() && option.path) line += "-F ";
      if (!option.path) line += "-f ";
      if (option.takes_value && !option.names.empty()) line += "-r ";
      if (!option.values.empty()) line += concat("-a ", quoted(joined(option.values)), " ");
      lines += concat(line, "-d ", quoted(option.help), "\n");
    }
  });
  return concat("# Completion of ", root.name, " for fish: ", root.name,
                " completion fish | source\n"
                "function __",
                root.name,
                "_at\n"
                "  set -l at ",
                quoted(root.name),
                "\n"
                "  for word in (commandline -opc)[2..]\n"
                "    switch \"$at $word\"\n",
                cases,
                "    end\n"
                "  end\n"
                "  test \"$at\" = $argv[1]\n"
                "end\n",
                lines);
}

}  // namespace callstate::tools
