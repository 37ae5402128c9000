#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "tools/callstate/report/condition.hpp"
#include "tools/callstate/report/player.hpp"

namespace callstate::tools {

/// What a replay is asked to do, by a key, at its prompt or by a line of a script.
///
///   next [N], back [N]       N records on or back; 1
///   first, last, go POSITION
///   break CONDITION          stop there; see condition.hpp
///   breaks, delete N         the breakpoints, by number; take one away
///   continue                 to the next breakpoint, or to the end
///   search TEXT              to the next record that has the text, or fits the condition
///   state                    the state, in full
///   help, quit
///
/// Each may be cut short to what no other begins with, and `b` is `break`.
class Replay {
 public:
  explicit Replay(Player& player) : player_(player) {}

  /// What came of a command: what to say of it, in lines.
  struct Answer {
    bool good = true;  // false: it could not be done, and `text` says why
    bool quit = false;
    std::string text;
  };
  Answer command(std::string_view line);

  /// Asked now and then while a long way is gone; true: that is enough.
  using Interrupted = std::function<bool()>;
  void set_interrupted(Interrupted interrupted) { interrupted_ = std::move(interrupted); }

  [[nodiscard]] const Player& player() const { return player_; }
  [[nodiscard]] const std::vector<Condition>& breakpoints() const { return breakpoints_; }

 private:
  Answer next(std::string_view steps);
  Answer back(std::string_view steps);
  Answer go(std::string_view position);
  Answer add_breakpoint(std::string_view condition);
  Answer delete_breakpoint(std::string_view number);
  [[nodiscard]] Answer list_breakpoints() const;
  Answer go_on();
  Answer search(std::string_view text);
  [[nodiscard]] Answer state() const;
  /// Where it stands now.
  [[nodiscard]] Answer here() const;
  Answer move_to(std::size_t step);
  /// To the next record for which `found` gives something to say; else `nothing`, at
  /// the end.
  using Found = std::function<std::string(const Player&)>;
  Answer run_to(const Found& found, std::string_view nothing);

  Player& player_;
  Interrupted interrupted_;
  std::vector<Condition> breakpoints_;
  std::string last_search_;
};

/// A record in a line: `1234  +3.250  ACCEPTED bob  applied`.
std::string line_of(const call::Record& record);

/// What the keys and commands are, in lines of at most 76 columns.
std::string replay_help();

}  // namespace callstate::tools
