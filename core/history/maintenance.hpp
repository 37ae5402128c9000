#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"

// Making what is kept of the history anew from the log, and holding it against the
// log: what whoever does so says of it. Values.

namespace callstate::history {

/// How far it has come.
struct Progress {
  enum class Step : std::uint8_t {
    folding,    // `done` and `total` are positions
    comparing,  // takes as long as it takes
    replacing,  // likewise
  };
  Step step = Step::folding;
  call::Position done = 0;
  call::Position total = 0;
  double records_per_second = 0;  // since this run began
};
/// `folding`, `comparing`, `replacing`.
std::string_view name_of(Progress::Step step);
std::optional<Progress::Step> parse_step(std::string_view name);

/// False: stop here, to go on another time.
using OnProgress = std::function<bool(const Progress&)>;

struct Rebuilt {
  bool finished = false;        // false: OnProgress has stopped it, nothing was replaced
  call::Position position = 0;  // that the rows are at
  /// Rows that were wrong, one too many, or missing; nothing where nobody has looked.
  std::optional<std::uint64_t> replaced{};
};

/// One thing that is kept and the log does not say, or the other way round.
struct Drift {
  enum class Kind : std::uint8_t { missing, extra, differs };
  Kind kind = Kind::differs;
  std::string table{};          // where it is kept, such as `CallLog` or `CallEvent`
  call::CallId call{};          // empty: of none
  call::Position position = 0;  // of the event; 0: it is a call's
  std::string column{};         // of what differs; else empty
  std::string expected{};       // by the log, as text; empty for NULL
  std::string found{};
};
/// `missing`, `extra`, `differs`.
std::string_view name_of(Drift::Kind kind);
std::optional<Drift::Kind> parse_drift_kind(std::string_view name);

struct Verified {
  bool finished = false;        // false: OnProgress has stopped it
  call::Position position = 0;  // that was compared
  std::uint64_t calls = 0;      // that the log has
  std::uint64_t events = 0;
  std::vector<Drift> drift{};  // calls first, then events by position; a row may have several
  bool more = false;           // there is more drift than was listed
  std::uint64_t repaired = 0;  // rows that were wrong, one too many, or missing
};

}  // namespace callstate::history
