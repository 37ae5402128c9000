#include "core/engine/retention.hpp"

#include <algorithm>
#include <limits>
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
    for (const auto& [key, positions] : live_)
      kept_.insert(kept_.end(), positions.begin(), positions.end());
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

}  // namespace

bool is_kept_always(const call::Record& record) {
  return record.stream.kind == call::StreamKind::server &&
         !std::holds_alternative<call::ServerStarted>(record.payload);
}

namespace {

/// What the log's seals leave to be cut.
struct Seals {
  call::Position sealed_up_to = 0;  // by those that were read; 0: there are none
  call::Position crossing = 0;      // where one begins that reaches over the cut

  void take(const call::Record& record, call::Position cut) {
    const auto* sealed = std::get_if<call::Sealed>(&record.payload);
    if (sealed == nullptr) return;
    sealed_up_to = std::max(sealed_up_to, sealed->last);
    if (sealed->first <= cut && cut < sealed->last) crossing = sealed->first;
  }
  /// The highest position up to which all is sealed, and by seals that end there; `cut`
  /// itself where nothing is sealed at all.
  [[nodiscard]] call::Position allowed(call::Position cut) const {
    if (sealed_up_to == 0) return cut;
    return crossing > 0 ? crossing - 1 : std::min(cut, sealed_up_to);
  }
};

/// Nothing: the seals do not let it be cut there, but at `allowed`.
std::expected<std::optional<Retention>, Failure> plan(const LogReader& log,
                                                      const RetentionRequest& request,
                                                      call::Position& allowed) {
  Retention plan;
  const auto head = log.head();
  const auto first = log.first();
  plan.beginning.first = first;
  const auto last = std::min(allowed, head == 0 ? 0 : head - 1);
  call::Position cut = 0;
  Sieve sieve(request);
  Seals seals;
  auto read = log.read(1, last, [&](const call::Record& record, const RecordHash&) {
    // What was kept by a former retain is older than all that follows.
    if (record.at >= request.older_than) return false;
    cut = std::max(record.position, first - 1);
    plan.cut_at = record.at;
    sieve.take(record);
    seals.take(record, ~call::Position{0});
    return true;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  if (cut < first) return plan;
  std::move(sieve).finish(plan);
  Streams after;
  read = log.read(cut + 1, head, [&](const call::Record& record, const RecordHash&) {
    seals.take(record, cut);
    after.insert(Beginning::key_of(record.stream));
    return true;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  allowed = seals.allowed(cut);
  if (allowed < cut) return std::nullopt;
  plan.beginning.first = cut + 1;
  if (auto folded = fold_to(log, cut, after, plan.beginning); !folded)
    return std::unexpected(std::move(folded.error()));
  return plan;
}

}  // namespace

std::expected<Retention, Failure> plan_retention(const LogReader& log,
                                                 const RetentionRequest& request) {
  for (auto allowed = request.cut_max;;) {
    auto planned = plan(log, request, allowed);
    if (!planned) return std::unexpected(std::move(planned.error()));
    if (*planned) return **std::move(planned);
  }
}

}  // namespace callstate::engine
