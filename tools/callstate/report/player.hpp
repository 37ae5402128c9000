#pragma once

#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/call/event.hpp"
#include "core/call/state.hpp"
#include "core/engine/ports.hpp"
#include "tools/callstate/report/history.hpp"

namespace callstate::tools {

/// A stream's state.
struct StreamState {
  call::Stream stream;
  call::Room room;  // of a room's stream
  call::User user;  // of a user's
};

/// Steps through records of a log, forward and back, and holds the states that they
/// fold to. Steps back are taken from what the last ones changed, larger ones from
/// states kept every so many steps: at most so many records are folded anew. One thread.
class Player {
 public:
  struct Memory {
    std::size_t undo_steps = 4'096;       // that can be taken back at once
    std::size_t steps_between = 4'096;    // of kept states, as long as there is room
    std::size_t entries_max = 4'000'000;  // states in all those kept, at most
  };
  /// One that never goes back.
  static constexpr Memory no_memory{0, 0, 0};

  /// Steps through these positions, which rise; nothing: through the whole log, what was
  /// kept of before its beginning included. From there it goes on with the states that
  /// the log has of its beginning, of the streams that `concerns` it; empty: of all.
  using Concerns = std::function<bool(const call::Stream&)>;
  Player(const engine::LogReader& log, std::optional<std::vector<call::Position>> positions,
         const Memory& memory, Concerns concerns = {});
  Player(const engine::LogReader& log, std::optional<std::vector<call::Position>> positions)
      : Player(log, std::move(positions), Memory{}) {}

  /// All steps there are, and those taken: 0 before the first record.
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t at() const { return at_; }

  /// The record that was taken last; null before the first.
  [[nodiscard]] const Entry* current() const { return at_ == 0 ? nullptr : &current_; }
  /// The state of its stream after it; null before the first, and for the server's own.
  [[nodiscard]] const StreamState* state() const { return state_.get(); }
  /// The room among those; null when it is none.
  [[nodiscard]] const call::Room* room() const;
  /// The state of its stream before it; null where there was none.
  [[nodiscard]] const StreamState* state_before() const { return before_.get(); }

  using Result = std::expected<void, engine::Failure>;
  /// Takes up to `steps` records; `stop` is asked after each. Gives whether it stopped.
  using Stop = std::function<bool(const Player&)>;
  std::expected<bool, engine::Failure> advance(std::size_t steps, const Stop& stop);
  /// So that `step` steps are taken, `size()` at most.
  Result go(std::size_t step);
  /// The steps that lead to the last record up to a position.
  [[nodiscard]] std::size_t step_of(call::Position position) const;

  /// The records of steps `from` … `to`, from 1, for looking at.
  [[nodiscard]] std::expected<std::vector<call::Record>, engine::Failure> look(
      std::size_t from, std::size_t to) const;

  using States = std::unordered_map<std::string, std::shared_ptr<const StreamState>>;
  [[nodiscard]] const States& states() const { return states_; }

 private:
  using Kept = std::shared_ptr<const StreamState>;
  struct Undo {
    std::vector<std::pair<std::string, Kept>> states;  // as they were, in order of change
    bool began = false;
  };
  struct Checkpoint {
    std::size_t at = 0;
    States states;
    bool begun = false;
  };

  void take(const call::Record& record, const call::Hash& hash);
  /// With the states at the log's beginning.
  void begin(Undo& undo);
  void change(const std::string& key, const call::Record& record, const call::Hash& hash,
              Undo& undo);
  void keep();
  void restore(const Checkpoint& checkpoint);
  void take_back();
  /// Reads the present record again after going back.
  Result look_at_present();
  [[nodiscard]] call::Position position_of(std::size_t step) const;
  /// Of those that were kept of before the beginning.
  [[nodiscard]] std::size_t kept_before() const;
  Result read(std::size_t from, std::size_t to, const engine::LogReader::Each& each) const;

  const engine::LogReader& log_;
  const std::optional<std::vector<call::Position>> positions_;
  const std::shared_ptr<const engine::Beginning> beginning_;
  const Memory memory_;
  const Concerns concerns_;
  std::size_t size_ = 0;
  std::size_t at_ = 0;
  bool begun_ = false;  // `begin` was, or need not be
  Entry current_;
  Kept state_;
  Kept before_;
  States states_;
  std::deque<Undo> undo_;  // of the last steps; the newest last
  std::deque<Checkpoint> kept_;
  std::size_t steps_between_ = 0;
  std::size_t entries_kept_ = 0;
};

}  // namespace callstate::tools
