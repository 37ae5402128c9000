#include "core/engine/retention.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/engine/mailbox.hpp"
#include "core/engine/sequencer.hpp"
#include "core/engine/system.hpp"

namespace callstate::engine {
namespace {

/// The log as it was when it ended with a position.
class UpTo final : public LogReader {
 public:
  UpTo(const LogReader& log, call::Position head) : log_(log), head_(head) {}
  [[nodiscard]] call::Position head() const override { return head_; }
  [[nodiscard]] call::Position first() const override { return log_.first(); }
  std::expected<void, Failure> read(call::Position from, call::Position to,
                                    const Each& each) const override {
    return log_.read(from, std::min(to, head_), each);
  }

 private:
  const LogReader& log_;
  call::Position head_;
};

/// Nothing is appended where only the past is folded.
class NoLog final : public EventLog {
 public:
  std::unique_ptr<LogBatch> begin() override { return std::make_unique<Batch>(); }
  std::expected<void, Failure> commit(std::unique_ptr<LogBatch>) override {
    return std::unexpected(Failure{"nothing is appended here"});
  }
  [[nodiscard]] bool has_room() const override { return false; }

 private:
  class Batch final : public LogBatch {
   public:
    call::Hash add(call::Record&) override { return {}; }
    [[nodiscard]] std::size_t size() const override { return 0; }
  };
};

/// What the fold begins with: a former beginning, or nothing.
class Base final : public SnapshotStore {
 public:
  explicit Base(const Beginning* beginning) : beginning_(beginning) {}
  Mark last_mark() override { return beginning_ == nullptr ? Mark{} : beginning_->mark; }
  std::optional<call::Room> find_room(const call::Stream& stream) override {
    return find<call::Room>(stream);
  }
  std::optional<call::User> find_user(const call::Stream& stream) override {
    return find<call::User>(stream);
  }
  void put(const call::Stream&, const call::Room&) override {}
  void put(const call::Stream&, const call::User&) override {}
  void put(std::shared_ptr<const MailSegment>) override {}
  std::vector<call::Position> find_mail(const Fingerprint&, call::Position, std::size_t) override {
    return {};
  }
  void mark(Mark) override {}

 private:
  template <class State>
  std::optional<State> find(const call::Stream& stream) const {
    const auto* found = beginning_ == nullptr ? nullptr : beginning_->find(stream);
    const auto* state = found == nullptr ? nullptr : std::get_if<State>(&found->state);
    return state == nullptr ? std::nullopt : std::optional(*state);
  }

  const Beginning* beginning_;
};

/// What goes and what stays of the records up to the cut.
class Sieve {
 public:
  explicit Sieve(const RetentionRequest& request) : request_(request) {}

  void take(const call::Record& record) {
    ++seen_;
    if (request_.is_kept && request_.is_kept(record)) kept_.push_back(record.position);
    if (std::holds_alternative<call::ServerStarted>(record.payload))
      starts_.push_back(record.position);
    if (record.stream.kind != call::StreamKind::room) return;
    const auto key = Beginning::key_of(record.stream);
    const bool applied = record.outcome == call::Outcome::applied;
    if (applied && std::holds_alternative<call::CallStarted>(record.payload)) {
      ++calls_;
      live_[key] = {record.position};
      return;
    }
    const auto call = live_.find(key);
    if (call == live_.end()) return;
    call->second.push_back(record.position);
    if (applied && std::holds_alternative<call::Ended>(record.payload)) live_.erase(call);
  }

  void finish(Retention& plan) && {
    call::Position oldest = ~call::Position{0};  // of the live calls
    for (const auto& [key, positions] : live_) {
      kept_.insert(kept_.end(), positions.begin(), positions.end());
      oldest = std::min(oldest, positions.front());
    }
    // What a start has changed in them, nothing else tells.
    kept_.insert(kept_.end(), std::ranges::lower_bound(starts_, oldest), starts_.end());
    std::ranges::sort(kept_);
    const auto repeated = std::ranges::unique(kept_);
    kept_.erase(repeated.begin(), repeated.end());
    plan.records = seen_ - kept_.size();
    plan.live = live_.size();
    plan.calls = calls_ - live_.size();
    plan.beginning.kept = std::move(kept_);
  }

 private:
  const RetentionRequest& request_;
  std::vector<call::Position> kept_;
  std::vector<call::Position> starts_;                                 // of the server
  std::unordered_map<std::string, std::vector<call::Position>> live_;  // by room
  std::uint64_t seen_ = 0;
  std::uint64_t calls_ = 0;
};

using Streams = std::unordered_set<std::string>;

/// Whose name at the media server it says; nothing where it is a room as others are.
std::optional<call::Stream> media_claim(const Beginning::State& state) {
  const auto* room = std::get_if<call::Room>(&state.state);
  const auto& stream = state.stream;
  if (room == nullptr || stream.kind != call::StreamKind::room || !stream.tenant.empty())
    return std::nullopt;
  return call::Stream{call::StreamKind::room, call::TenantId::clipped(room->media_room),
                      stream.name};
}

/// What the kept log needs of a state at the cut; nothing where it has never been.
/// `goes_on`: there are records of its stream after the cut.
std::optional<Beginning::State> needed(const Beginning::State& state, bool goes_on) {
  const auto& stream = state.stream;
  if (stream.kind == call::StreamKind::server) return state;
  if (const auto* user = std::get_if<call::User>(&state.state)) {
    const bool stays = goes_on || user->online || user->revoked_before != call::Time{};
    return stays ? std::optional(state) : std::nullopt;
  }
  const auto& room = std::get<call::Room>(state.state);
  if (room.live()) return state;
  if (!goes_on) return std::nullopt;
  // Of a call that is over and goes, nothing.
  call::Room bare;
  bare.seq = room.seq;
  bare.position = room.position;
  bare.chain = room.chain;
  return Beginning::State{stream, std::move(bare)};
}

/// The states at the cut, by the fold that a start does.
std::expected<void, Failure> fold_to(const LogReader& log, call::Position cut, const Streams& after,
                                     Beginning& beginning) {
  const auto former = log.beginning();
  Base base(former.get());
  Mailbox mailbox(base);
  SystemClock clock;
  SystemIds ids;
  NoLog no_log;
  Settings settings;
  settings.entries_max = std::numeric_limits<std::size_t>::max();
  Sequencer sequencer(settings, clock, ids, no_log, base, mailbox);
  if (auto recovered = sequencer.recover(UpTo(log, cut)); !recovered)
    return std::unexpected(std::move(recovered.error()));
  auto batch = sequencer.begin();
  sequencer.finish(batch, true);

  // What has not changed since the former beginning is as it was there.
  Beginning all;
  if (former) all.states = former->states;
  for (auto& save : batch.saves) all.add({save.stream, std::move(save.state)});
  std::vector<Beginning::State> claims;
  for (const auto& [key, state] : all.states) {
    if (media_claim(state)) {
      claims.push_back(state);
    } else if (auto some = needed(state, after.contains(key))) {
      beginning.add(std::move(*some));
    }
  }
  for (auto& claim : claims)
    if (beginning.find(*media_claim(claim)) != nullptr) beginning.add(std::move(claim));
  beginning.mark = std::move(*batch.mark);
  return {};
}

/// Where the log's seals let it be cut.
class Seals {
 public:
  void take(const call::Record& record) {
    const auto* sealed = std::get_if<call::Sealed>(&record.payload);
    if (sealed == nullptr) return;
    if (ends_.empty() || sealed->first < first_) first_ = sealed->first;
    ends_.insert(sealed->last);
  }
  /// The last such position up to `cut`.
  [[nodiscard]] call::Position allowed(call::Position cut) const {
    if (ends_.empty()) return cut;
    const auto beyond = ends_.upper_bound(cut);
    return beyond == ends_.begin() ? first_ - 1 : *std::prev(beyond);
  }
  /// Whether anything up to there waits for a seal.
  [[nodiscard]] bool lack(call::Position cut) const {
    return !ends_.empty() && *ends_.rbegin() < cut;
  }

 private:
  std::set<call::Position> ends_;
  call::Position first_ = 0;  // position that is sealed
};

/// The last position that goes; less than the log's first: none.
std::expected<call::Position, Failure> find_cut(const LogReader& log,
                                                const RetentionRequest& request, Retention& plan) {
  const auto first = log.first();
  const auto head = log.head();
  const auto last = std::min(request.cut_max, head == 0 ? 0 : head - 1);
  call::Position old = first - 1;
  Seals seals;
  auto read = log.read(1, head, [&](const call::Record& record, const RecordHash&) {
    seals.take(record);
    const bool goes = record.at < request.older_than && record.position <= last;
    if (goes) old = std::max(old, record.position);
    return true;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  const auto cut = std::clamp(seals.allowed(old), first - 1, old);
  plan.held = old - cut;
  plan.unsealed = plan.held > 0 && seals.lack(old);
  return cut;
}

}  // namespace

bool is_kept_always(const call::Record& record) {
  return record.stream.kind == call::StreamKind::server &&
         !std::holds_alternative<call::ServerStarted>(record.payload);
}

std::expected<Retention, Failure> plan_retention(const LogReader& log,
                                                 const RetentionRequest& request) {
  Retention plan;
  if (const auto former = log.beginning()) plan.beginning = *former;
  const auto cut = find_cut(log, request, plan);
  if (!cut) return std::unexpected(cut.error());
  if (*cut < log.first()) return plan;
  Sieve sieve(request);
  auto read = log.read(1, *cut, [&](const call::Record& record, const RecordHash&) {
    plan.cut_at = record.at;
    sieve.take(record);
    return true;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  plan.beginning = {};
  std::move(sieve).finish(plan);
  Streams after;
  read = log.read(*cut + 1, log.head(), [&](const call::Record& record, const RecordHash&) {
    after.insert(Beginning::key_of(record.stream));
    return true;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  plan.beginning.first = *cut + 1;
  if (auto folded = fold_to(log, *cut, after, plan.beginning); !folded)
    return std::unexpected(std::move(folded.error()));
  return plan;
}

}  // namespace callstate::engine
