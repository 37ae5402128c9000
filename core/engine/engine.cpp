#include "core/engine/engine.hpp"

#include <algorithm>
#include <utility>

namespace callstate::engine {
namespace {

// How often whoever waits for a deadline looks whether the clock has stepped.
constexpr std::chrono::seconds clock_check_interval{1};

}  // namespace

Engine::Engine(const Settings& settings, const Clock& clock, IdSource& ids, EventLog& log,
               const LogReader& reader, SnapshotStore& snapshots, Delivery& delivery,
               Directory* directory)
    : settings_(settings),
      clock_(clock),
      log_(log),
      reader_(reader),
      snapshots_(snapshots),
      delivery_(delivery),
      mailbox_(snapshots),
      sequencer_(settings, clock, ids, log, snapshots, mailbox_, directory) {}

Engine::~Engine() {
  stop();
}

std::expected<Recovery, Failure> Engine::start(std::function<void(const Failure&)> on_failure) {
  on_failure_ = std::move(on_failure);
  auto recovered = sequencer_.recover(reader_);
  if (!recovered) return recovered;
  clock_seen_ = clock_.now();
  Batch first = sequencer_.start();
  const std::uint64_t number = first.number;
  stats_.sealed = first.sealed;
  if (auto written = commit(std::move(first), log_, snapshots_, mailbox_, delivery_); !written) {
    return std::unexpected(written.error());
  }
  sequencer_.done(number);
  stats_.head = sequencer_.head();
  note_decided();
  deadline_ = sequencer_.next_deadline();
  accepting_ = true;
  const auto past = sequencer_.sealing().past();
  for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { work(); });
  if (past) past_sealer_.emplace(reader_, *this, settings_.seals.by->hash(), *past);
  return recovered;
}

// A deadline is reckoned from the clock; where that has stepped back since, it has
// to be reckoned anew.
bool Engine::due() const {
  const call::Time now = clock_.now();
  return deadline_ && (*deadline_ <= now || now < clock_seen_);
}

bool Engine::submit(Submission submission) {
  return submit_all({&submission, 1}) == 1;
}

std::size_t Engine::submit_all(std::span<Submission> submissions) {
  std::size_t taken = 0;
  const SteadyTime now = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  if (!accepting_) {
    for (const auto& submission : submissions) note_turned_away(submission);
    return 0;
  }
  // Beyond the first, whoever is concerned has been woken already.
  const bool wakes = inbox_.empty();
  for (auto& submission : submissions) {
    const bool full = inbox_.size() >= settings_.inbox_max;
    if (full && !std::holds_alternative<CloseNotice>(submission)) break;
    // Messages alone are timed.
    const auto at = std::holds_alternative<Send>(submission) ? now : SteadyTime{};
    inbox_.push_back({std::move(submission), at});
    ++taken;
  }
  for (auto& submission : submissions.subspan(taken)) {
    if (std::holds_alternative<CloseNotice>(submission)) {
      inbox_.push_back({std::move(submission), SteadyTime{}});
    } else {
      note_turned_away(submission);
    }
  }
  if (!wakes || inbox_.empty()) return taken;
  std::condition_variable& concerned = deciding_ ? progress_ : work_;
  lock.unlock();
  concerned.notify_one();
  return taken;
}

// Under the lock.
void Engine::note_turned_away(const Submission& submission) {
  auto& turned_away = sequencer_.metrics().submitting;
  const auto message = [&](MessageType type) {
    turned_away.messages.add(type, MessageOutcome::overloaded);
  };
  if (const auto* send = std::get_if<Send>(&submission)) message(type_of(send->message.body));
  if (std::holds_alternative<Join>(submission)) message(MessageType::join);
  if (std::holds_alternative<Leave>(submission)) message(MessageType::leave);
}

// Under the lock, by whoever decides.
void Engine::note_decided() {
  stats_.sessions = sequencer_.sessions();
  stats_.rooms = sequencer_.states().rooms_in_memory();
  stats_.users = sequencer_.states().users_in_memory();
  stats_.users_online = sequencer_.users_online();
  stats_.calls = sequencer_.live_calls();
  stats_.marked = sequencer_.marked();
}

void Engine::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (!ended_ && (deciding_ || !(stopping_ || pending() || due()))) {
      // Whoever ends a commit comes by here, so the latest deadline is waited for.
      if (deadline_ && !deciding_) {
        const auto away = std::max(*deadline_ - clock_.now(), call::Duration(0));
        work_.wait_for(lock, std::min<call::Duration>(away, clock_check_interval));
      } else {
        work_.wait(lock);
      }
    }
    if (ended_) return;
    deciding_ = true;
    Batch batch = sequencer_.begin();
    decide_until_free(lock, batch);
    if (ended_) return;
    const bool last = stopping_ && !pending();
    committing_ = true;
    lock.unlock();
    sequencer_.finish(batch, last);
    lock.lock();
    deadline_ = sequencer_.next_deadline();
    note_decided();
    deciding_ = last;  // after the last batch nobody decides any more
    const bool more = pending();
    // Whoever is woken wants the lock first thing.
    lock.unlock();
    if (more) work_.notify_one();
    commit_and_note(std::move(batch), last);
    lock.lock();
  }
}

void Engine::decide_until_free(std::unique_lock<std::mutex>& lock, Batch& batch) {
  while (!ended_) {
    if (!sequencer_.full(batch) && (pending() || due())) {
      if (taken_at_ == taken_.size()) {
        taken_.clear();
        taken_at_ = 0;
        taken_.swap(inbox_);
      }
      lock.unlock();
      const call::Time seen = clock_.now();
      sequencer_.decide_due(batch);
      while (taken_at_ < taken_.size() && !sequencer_.full(batch)) {
        auto& [submission, came] = taken_[taken_at_++];
        if (came != SteadyTime{}) batch.came.push_back(came);
        sequencer_.decide(submission, batch);
      }
      lock.lock();
      deadline_ = sequencer_.next_deadline();
      clock_seen_ = seen;
      if (!committing_) return;
      continue;
    }
    if (!committing_) return;
    progress_.wait(lock);
  }
}

void Engine::commit_and_note(Batch batch, bool last) {
  const std::uint64_t records = batch.records->size();
  const std::uint64_t number = batch.number;
  const call::Position sealed = batch.sealed;
  auto written = commit(std::move(batch), log_, snapshots_, mailbox_, delivery_,
                        &sequencer_.metrics().committing);
  if (written) {
    sequencer_.done(number);
  } else {
    on_failure_(written.error());
  }
  std::unique_lock lock(mutex_);
  committing_ = false;
  if (written) {
    stats_.head += records;
    stats_.sealed = sealed;
    stats_.records += records;
    ++stats_.batches;
  } else {
    stats_.failed = true;
  }
  if (last || !written) {
    accepting_ = false;
    ended_ = true;
  }
  const bool ended = ended_;
  lock.unlock();
  sealed_.notify_all();
  if (ended) work_.notify_all();
  progress_.notify_one();
}

bool Engine::seal_up_to(call::Position position, std::chrono::milliseconds at_most) {
  {
    const std::scoped_lock lock(mutex_);
    if (stats_.sealed >= position) return true;
  }
  if (!submit(SealNow{})) return false;
  std::unique_lock lock(mutex_);
  sealed_.wait_for(lock, at_most, [&] { return stats_.sealed >= position || ended_; });
  return stats_.sealed >= position;
}

void Engine::stop() {
  past_sealer_.reset();
  {
    const std::scoped_lock lock(mutex_);
    if (threads_.empty()) return;
    accepting_ = false;
    stopping_ = true;
  }
  work_.notify_all();
  progress_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

Engine::Stats Engine::stats() const {
  const std::scoped_lock lock(mutex_);
  Stats now = stats_;
  now.inbox = inbox_.size();
  return now;
}

}  // namespace callstate::engine
