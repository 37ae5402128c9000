#include "tools/callstate/report/replay.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "tools/callstate/report/json_out.hpp"
#include "tools/callstate/report/state_fields.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/json_concat.hpp"
#include "transports/text_values.hpp"

namespace callstate::tools {
namespace {

using transports::concat;
using Answer = Replay::Answer;

constexpr std::size_t looks_apart = 1'024;  // records between two questions whether to go on

Answer failed(std::string why) {
  return {.good = false, .quit = false, .text = std::move(why)};
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

constexpr std::array<std::string_view, 13> commands{
    "next",   "back",     "first",  "last",  "go",   "break", "breaks",
    "delete", "continue", "search", "state", "help", "quit"};

/// The command that the word stands for; empty: none, or several.
std::string_view command_of(std::string_view word) {
  if (word == "b") return "break";
  if (word == "p") return "back";
  std::string_view found;
  for (const auto command : commands) {
    if (command == word) return command;
    if (!command.starts_with(word)) continue;
    if (!found.empty()) return {};
    found = command;
  }
  return found;
}

std::optional<std::size_t> steps_of(std::string_view text) {
  if (text.empty()) return 1;
  return transports::parse_number(text);
}

}  // namespace

std::string line_of(const call::Record& record) {
  std::string text =
      concat(record.position, "  ", write_time(record.at), "  ", type_of(record.payload), " ");
  const auto& [kind, tenant, name] = record.stream;
  text += record.actor.role == call::Role::system && kind == call::StreamKind::user
              ? name.view()
              : record.actor.user.view();
  text += concat("  ", name_of(record.outcome));
  if (record.outcome == call::Outcome::refused) text += concat(" ", name_of(record.refusal));
  return text;
}

std::string replay_help() {
  return "n, space, right    the next record     p, left        the one before\n"
         "page down, up      ten on, ten back    home, end      the first, the last\n"
         "g POSITION         go there            c              on to a breakpoint\n"
         "b CONDITION        stop there          d NUMBER       take one away\n"
         "/ TEXT             search on           N              the same again\n"
         ":                  a command in words: next 5, go 17, breaks, state …\n"
         "?                  this                q              quit\n"
         "\n"
         "Conditions: type=ACCEPTED user=alice outcome=refused status=active, all of which\n"
         "must hold; a|b for either; != for not; by, device, role, code, room, tenant,\n"
         "call, state, pos and seq (these with < and > too). A type alone will do.\n";
}

Answer Replay::command(std::string_view line) {
  line = trimmed(line);
  if (line.empty() || line.starts_with('#')) return {};
  if (line.starts_with('/')) return search(trimmed(line.substr(1)));
  const auto word = line.substr(0, line.find(' '));
  const auto rest = trimmed(line.substr(word.size()));
  const auto name = command_of(word);
  if (name == "next") return next(rest);
  if (name == "back") return back(rest);
  if (name == "first") return move_to(std::min<std::size_t>(1, player_.size()));
  if (name == "last") return move_to(player_.size());
  if (name == "go") return go(rest);
  if (name == "break") return add_breakpoint(rest);
  if (name == "breaks") return list_breakpoints();
  if (name == "delete") return delete_breakpoint(rest);
  if (name == "continue") return go_on();
  if (name == "search") return search(rest);
  if (name == "state") return state();
  if (name == "help") return {.good = true, .quit = false, .text = replay_help()};
  if (name == "quit") return {.good = true, .quit = true, .text = {}};
  return failed(concat("There is no command ", word, ": help lists them."));
}

Answer Replay::here() const {
  const Entry* entry = player_.current();
  if (entry == nullptr) return {.good = true, .quit = false, .text = "before the first record"};
  return {.good = true, .quit = false, .text = line_of(entry->record)};
}

Answer Replay::move_to(std::size_t step) {
  if (const auto done = player_.go(step); !done) return failed(done.error().message);
  return here();
}

Answer Replay::next(std::string_view steps) {
  const auto count = steps_of(steps);
  if (!count) return failed(concat("\"", steps, "\" is no number of records."));
  if (player_.at() == player_.size()) return failed("This is the last record.");
  return move_to(player_.at() + std::min(*count, player_.size() - player_.at()));
}

Answer Replay::back(std::string_view steps) {
  const auto count = steps_of(steps);
  if (!count) return failed(concat("\"", steps, "\" is no number of records."));
  if (player_.at() == 0) return failed("This is before the first record.");
  return move_to(player_.at() - std::min(*count, player_.at()));
}

Answer Replay::go(std::string_view position) {
  const auto number = transports::parse_number(position);
  if (!number) return failed(concat("\"", position, "\" is no position: go 17."));
  return move_to(player_.step_of(*number));
}

Answer Replay::add_breakpoint(std::string_view condition) {
  auto parsed = Condition::parse(condition);
  if (!parsed) return failed(parsed.error() + ".");
  breakpoints_.push_back(*std::move(parsed));
  return {.good = true,
          .quit = false,
          .text = concat("breakpoint ", breakpoints_.size(), ": ", breakpoints_.back().text())};
}

Answer Replay::delete_breakpoint(std::string_view number) {
  const auto which = transports::parse_number(number);
  if (!which || *which == 0 || *which > breakpoints_.size()) {
    return failed(concat("There is no breakpoint ", number, ": breaks lists them."));
  }
  breakpoints_.erase(breakpoints_.begin() + static_cast<std::ptrdiff_t>(*which - 1));
  return list_breakpoints();
}

Answer Replay::list_breakpoints() const {
  std::string text;
  for (std::size_t i = 0; i < breakpoints_.size(); ++i) {
    text += concat(text.empty() ? "" : "\n", "breakpoint ", i + 1, ": ", breakpoints_[i].text());
  }
  return {.good = true, .quit = false, .text = text.empty() ? "no breakpoints" : text};
}

Answer Replay::run_to(const Found& found, std::string_view nothing) {
  std::string why;
  std::size_t steps = 0;
  bool interrupted = false;
  const auto stopped = player_.advance(player_.size() - player_.at(), [&](const Player& player) {
    why = found(player);
    if (!why.empty()) return true;
    interrupted = ++steps % looks_apart == 0 && interrupted_ && interrupted_();
    return interrupted;
  });
  if (!stopped) return failed(stopped.error().message);
  Answer answer = here();
  if (interrupted) {
    answer.text += "\ninterrupted";
  } else if (*stopped) {
    answer.text += concat("\n", why);
  } else {
    answer.good = false;
    answer.text += concat("\n", nothing);
  }
  return answer;
}

Answer Replay::go_on() {
  if (player_.at() == player_.size()) return failed("This is the last record.");
  auto answer = run_to(
      [this](const Player& player) {
        for (std::size_t i = 0; i < breakpoints_.size(); ++i) {
          if (breakpoints_[i].holds(player.current()->record, player.room())) {
            return concat("at breakpoint ", i + 1, ": ", breakpoints_[i].text());
          }
        }
        return std::string();
      },
      "at the end");
  // Without a breakpoint the end is what was asked for.
  answer.good = true;
  return answer;
}

Answer Replay::search(std::string_view text) {
  if (!text.empty()) last_search_ = text;
  if (last_search_.empty()) return failed("Search for what? /alice, or /type=ENDED.");
  const auto condition = Condition::parse(last_search_);
  const std::size_t from = player_.at();
  auto answer = run_to(
      [&](const Player& player) {
        const auto& record = player.current()->record;
        const bool fits = condition
                              ? condition->holds(record, player.room())
                              : record_json(record, {}).find(last_search_) != std::string::npos;
        return fits ? concat("found ", last_search_) : std::string();
      },
      "");
  if (answer.good) return answer;
  if (const auto done = player_.go(from); !done) return failed(done.error().message);
  return failed(concat("Nothing that follows has ", last_search_, "."));
}

Answer Replay::state() const {
  const StreamState* state = player_.state();
  if (state == nullptr) return failed("There is no state yet: next.");
  const bool of_room = state->stream.kind == call::StreamKind::room;
  std::string text = concat(of_room ? "room " : "user ", state->stream.name.view());
  for (const auto& [name, value] : of_room ? fields_of(state->room) : fields_of(state->user)) {
    if (!value.empty()) text += concat("\n  ", name, "  ", value);
  }
  return {.good = true, .quit = false, .text = std::move(text)};
}

}  // namespace callstate::tools
