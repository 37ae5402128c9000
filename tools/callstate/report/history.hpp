#pragma once

#include <algorithm>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"
#include "core/call/state.hpp"
#include "core/engine/ports.hpp"
#include "core/history/ports.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// What happened in one room, or one of its calls, folded from the log.

struct Entry {
  call::Record record;
  call::Hash hash{};                               // of the record's bytes
  call::CallState before = call::CallState::idle;  // the room's, when it was appended
  bool shown = true;                               // false: not what was asked for
};

/// A call from its CALL_STARTED up to the next; the first chapter of a room may
/// be without one, when others were refused before.
struct Chapter {
  std::vector<Entry> entries;
  call::Room room;  // after the last entry

  [[nodiscard]] bool has_call() const { return room.started_position != 0; }
  [[nodiscard]] bool shows_any() const { return std::ranges::any_of(entries, &Entry::shown); }
};

struct History {
  call::TenantId tenant;
  std::string room;
  std::vector<Chapter> chapters;  // never empty
  /// Where the fold stands: the last position of the log that counted.
  call::Position as_of = 0;
  /// From here on the log holds all; before, what was kept of live calls.
  call::Position begins = 1;
  /// The room's state there, which only the log's beginning knows; nothing where there
  /// was no such room.
  std::optional<call::Room> base{};

  /// Whether the room's state after that position can be told: either all that led to it
  /// is there, or a call that was kept with all its records.
  [[nodiscard]] bool knows(call::Position position) const;
};

/// Which room: by name, or by a call that took place in it, which then is the
/// only one told of. `tenant` may be left out where it is clear.
struct Wanted {
  std::string name;
  std::optional<call::TenantId> tenant{};
  std::optional<At> until{};  // the records up to this position or time, included
};

/// Reads the log from its start. A room's SERVER_STARTED are those that came
/// while its call was live. Of what was dropped nothing is made up: a moment before the
/// log's beginning that it knows nothing of is trouble.
std::expected<History, Trouble> find_history(const engine::LogReader& log, const Wanted& wanted);

/// Where the records lie that may be wanted, of those up to a position.
struct Whereabouts {
  history::RecordFinder::Positions positions;  // rising, each once
  call::Position upto = 0;
};
std::expected<Whereabouts, history::Trouble> find_records(const history::RecordFinder& finder,
                                                          const Wanted& wanted);

/// The same history, for which only those records are read, and the log behind them.
std::expected<History, Trouble> find_history(const engine::LogReader& log, Whereabouts known,
                                             const Wanted& wanted);

/// Says that the log no longer holds what came before there.
Trouble dropped(call::Position begins);

/// The same history as it was at an earlier position: with a chapter without entries
/// where nothing had happened yet.
History as_of(const History& history, call::Position position);

/// The entry of a position; null when it is not in this history.
const Entry* find_entry(const History& history, call::Position position);

/// The last position up to `at`, within the log; 0 where all of it is later. The log's
/// time never falls, so that few records are looked at. Of the time before the log's
/// beginning it is one that was kept.
std::expected<call::Position, engine::Failure> position_at(const engine::LogReader& log,
                                                           const At& at);

}  // namespace callstate::tools
