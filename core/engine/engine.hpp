#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/engine/past_sealer.hpp"
#include "core/engine/sequencer.hpp"

namespace callstate::engine {

/// Runs a sequencer and the log on threads of its own: the bounded inbox, the
/// group commit and the timers.
///
/// Two threads share two roles, each held by one thread at a time. Whoever
/// *decides* empties the inbox into a batch and goes on doing so while the other
/// *commits* the batch before. When the commit role is free, the decider takes
/// it with its batch and leaves deciding to the other. So a message goes from
/// the inbox to the disk without a hand-over, a lone message waits for nothing,
/// and under load a group holds what arrived during one sync.
class Engine final : public Inbox {
 public:
  /// The referenced ports must outlive the engine; `directory` may be null.
  Engine(const Settings& settings, const Clock& clock, IdSource& ids, EventLog& log,
         const LogReader& reader, SnapshotStore& snapshots, Delivery& delivery,
         Directory* directory = nullptr);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Recovers from the log, records SERVER_STARTED and starts the threads.
  /// Submissions are taken from then on. `on_failure` is called once, from an
  /// engine thread, when the log fails: nothing is acknowledged from then on
  /// and the process should say why and exit.
  std::expected<Recovery, Failure> start(std::function<void(const Failure&)> on_failure);

  [[nodiscard]] bool submit(Submission submission) override;
  [[nodiscard]] std::size_t submit_all(std::span<Submission> submissions) override;

  /// Takes no more submissions, decides and commits those it has, takes a
  /// checkpoint, ends the threads. Idempotent.
  void stop();

  /// Has what there is sealed now rather than when it is due, and waits, at most so
  /// long, until the durable log is sealed up to `position`; gives whether it is. Any
  /// thread.
  [[nodiscard]] bool seal_up_to(call::Position position, std::chrono::milliseconds at_most);

  /// Where what concerns whom is found. Any thread, once the engine has started.
  [[nodiscard]] Mailbox& mailbox() { return mailbox_; }

  /// What the engine is doing, as of now. Any thread.
  struct Stats {
    call::Position head = 0;    // last durable position
    std::uint64_t batches = 0;  // committed
    std::uint64_t records = 0;  // appended by this process
    std::size_t inbox = 0;      // submissions waiting
    std::size_t sessions = 0;
    std::size_t rooms = 0;  // in memory
    std::size_t users = 0;  // in memory
    std::size_t users_online = 0;
    LiveCalls calls;
    call::Position marked = 0;  // the last checkpoint
    call::Position sealed = 0;  // up to where the durable log is sealed
    bool failed = false;
  };
  [[nodiscard]] Stats stats() const;
  /// What it has counted and measured so far. Any thread.
  [[nodiscard]] const EngineMetrics& metrics() const { return sequencer_.metrics(); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  /// A submission and, of a message, when it came.
  struct Arrival {
    Submission what;
    SteadyTime at;
  };

  void work();
  void note_decided();
  void note_turned_away(const Submission& submission);
  /// Decides what there is, and what comes, until the commit role is free and
  /// taken. Called and returns with the lock held and the deciding role.
  void decide_until_free(std::unique_lock<std::mutex>& lock, Batch& batch);
  void commit_and_note(Batch batch, bool last);
  [[nodiscard]] bool pending() const { return !inbox_.empty() || taken_at_ < taken_.size(); }
  [[nodiscard]] bool due() const;

  const Settings settings_;
  const Clock& clock_;
  EventLog& log_;
  const LogReader& reader_;
  SnapshotStore& snapshots_;
  Delivery& delivery_;
  std::function<void(const Failure&)> on_failure_;

  Mailbox mailbox_;

  // The deciding role's.
  Sequencer sequencer_;
  std::vector<Arrival> taken_;  // from the inbox; decided from taken_at_ on
  std::size_t taken_at_ = 0;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::condition_variable work_;      // something to decide and nobody deciding
  std::condition_variable progress_;  // for the decider: more came, or the commit role is free
  std::vector<Arrival> inbox_;
  std::optional<call::Time> deadline_;
  call::Time clock_seen_{};  // before deadline_ was reckoned
  bool deciding_ = false;
  bool committing_ = false;
  bool accepting_ = false;
  bool stopping_ = false;
  bool ended_ = false;  // the last batch is committed, or the log has failed
  Stats stats_;

  std::condition_variable sealed_;  // stats_.sealed, under mutex_, or the end

  std::vector<std::thread> threads_;
  std::optional<PastSealer> past_sealer_;
};

}  // namespace callstate::engine
