#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "core/engine/sequencer.hpp"
#include "simulation/hub.hpp"
#include "simulation/timeline.hpp"
#include "support/memory_log.hpp"
#include "support/memory_snapshots.hpp"
#include "support/stand_ins.hpp"

namespace callstate::simulation {

/// The server's process: does with a sequencer what the engine's two threads
/// do, in the world's time. One batch commits while the next is being decided.
/// What survives its end is in the log and the snapshots.
class Process {
 public:
  struct World {
    Timeline& timeline;
    Dice& dice;
    WrongClock& clock;
    support::MemoryLog& log;
    support::MemorySnapshots& snapshots;
    Truth& truth;
    Hub& hub;
    const engine::Settings& settings;
    /// Whether some calls are made for users who have no session.
    bool calls_without_sessions = false;
  };
  /// Recovers and begins to commit SERVER_STARTED; submissions are taken once
  /// `started` has been called.
  Process(const World& world, std::function<void()> started);
  /// Ends it, whatever it is doing: a commit under way is lost, or durable and
  /// never answered.
  void crash();
  /// Ends it in order, with a checkpoint.
  void stop();

  void submit(engine::Submission submission);
  [[nodiscard]] bool started() const { return started_; }
  /// Whether any room or user still has a deadline.
  [[nodiscard]] bool waits_for_anybody() const;
  [[nodiscard]] std::optional<call::Time> next_deadline() const {
    return sequencer_->next_deadline();
  }
  /// Nothing waits, is being decided or commits.
  [[nodiscard]] bool idle() const { return started_ && !open_ && !committing_ && inbox_.empty(); }
  /// Compares every state with the truth, and presence with the sessions. Only
  /// when idle.
  void check_states() const;

 private:
  void check_presence() const;
  void check_timers() const;
  void check_counts() const;
  void decide();
  void commit_later(engine::Batch batch);
  void committed();
  void wake_later();
  void work();
  void look();
  void later(call::Duration delay, void (Process::*what)());

  World world_;
  std::function<void()> on_started_;
  support::SeededIds ids_;
  engine::Mailbox mailbox_;
  std::unique_ptr<engine::Sequencer> sequencer_;
  std::deque<engine::Submission> inbox_;
  std::optional<engine::Batch> open_;        // being decided
  std::optional<engine::Batch> committing_;  // on its way to the disk
  std::optional<call::Time> woken_at_;
  bool started_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Every state in memory and every snapshot of the rest equals the fold of the
/// whole log; nothing is missing.
void check_equals_truth(engine::Sequencer& sequencer, support::MemorySnapshots& snapshots,
                        const Truth& truth);

}  // namespace callstate::simulation
