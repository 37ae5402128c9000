#include "tools/callstate/report/verification.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

#include "core/call/evolve.hpp"
#include "core/engine/beginning.hpp"
#include "tools/callstate/report/read_ahead.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/wording.hpp"

namespace callstate::tools {
namespace {

using State = std::variant<call::Room, call::User>;

call::Position position_of(const State& state) {
  return std::visit([](const auto& each) { return each.position; }, state);
}

bool live(const State& state) {
  if (const auto* room = std::get_if<call::Room>(&state)) return room->live();
  return std::get<call::User>(state).online;
}

/// Whether the kept state is the folded one. A restart moves `position` of what
/// was in memory then, which the log does not tell.
bool same(State folded, const State& kept) {
  if (!live(folded) && position_of(folded) < position_of(kept)) {
    std::visit([&](auto& each) { each.position = position_of(kept); }, folded);
  }
  return folded == kept;
}

/// A snapshot that the fold has not reached yet.
struct Awaited {
  State kept;
  State folded;
};

struct Track {
  call::Stream stream;
  call::Hash chain{};
  call::Seq seq = 0;
  call::Position last = 0;           // its latest record
  call::CallId call;                 // that one's
  std::unique_ptr<Awaited> awaited;  // gone once compared
};

/// A record that nothing after it in its stream confirms.
struct Suspect {
  call::Position position = 0;
  call::Stream stream;
  call::CallId call;
};
constexpr std::size_t suspects_max = 1'000;
constexpr std::size_t suspects_named_max = 8;

class Verifier {
 public:
  Verifier(engine::SnapshotStore* snapshots, const SealCheck& seals,
           std::shared_ptr<const engine::Beginning> beginning)
      : snapshots_(snapshots), beginning_(std::move(beginning)) {
    const call::Position first = beginning_ ? beginning_->first : 1;
    if (seals.hash != nullptr) seals_.emplace(seals.hash, seals.log_id, seals.signatures, first);
    result_.signatures_checked = static_cast<bool>(seals.signatures);
    if (!beginning_) return;
    result_.first = beginning_->first;
    result_.kept = beginning_->kept.size();
  }

  void take(const call::Record& record, const call::Hash& hash) {
    ++result_.records;
    if (seals_) seals_->take(record, hash, findings_);
    if (record.at < last_at_) {
      report(record,
             "its time is before that of the record before it (" + write_time(last_at_) + ")");
    }
    last_at_ = record.at;

    if (record.position < result_.first) return take_kept(record, hash);
    if (beginning_) begin();
    Track& track = track_of(record);
    check_chain(track, record);
    check_seq(track, record);
    track.chain = hash;
    track.last = record.position;
    track.call = record.call;
    fold(track, record, hash);
    if (std::holds_alternative<call::ServerStarted>(record.payload)) restart(record);
  }

  void add(Problem problem) {
    if (result_.problems.size() < problems_max) {
      result_.problems.push_back(std::move(problem));
    } else {
      result_.cut_short = true;
    }
  }
  [[nodiscard]] bool full() const { return result_.cut_short || findings_.size() > problems_max; }

  Verification finish(call::Position head) && {
    result_.head = head;
    result_.streams = tracks_.size();
    report_seals();
    for (auto& [key, track] : tracks_) {
      if (!track.awaited) continue;
      if (position_of(track.awaited->kept) > head) {
        add({position_of(track.awaited->kept), describe(track.stream),
             "its snapshot is beyond the log's last position " + std::to_string(head)});
      } else {
        compare(track);
      }
    }
    if (snapshots_ != nullptr) check_mark(snapshots_->last_mark(), head);
    return std::move(result_);
  }

 private:
  /// Before the beginning: its stream's first is taken at its word.
  void take_kept(const call::Record& record, const call::Hash& hash) {
    const auto [last, is_first] =
        kept_.try_emplace(engine::Beginning::key_of(record.stream), call::Hash{});
    if (!is_first && kept_in_a_row(record) && record.previous != last->second)
      report(record, "the hash chain breaks: it does not follow the record before it");
    last->second = hash;
  }
  /// Whether nothing of its stream may lie between it and the one before.
  [[nodiscard]] static bool kept_in_a_row(const call::Record& record) {
    return record.stream.kind == call::StreamKind::room &&
           !std::holds_alternative<call::CallStarted>(record.payload);
  }

  /// From the states at the beginning on.
  void begin() {
    const auto beginning = std::exchange(beginning_, nullptr);
    for (const auto& [key, kept] : beginning->states) {
      const auto* room = std::get_if<call::Room>(&kept.state);
      const bool claim = room != nullptr && kept.stream.tenant.empty();
      if (claim) continue;  // of no stream
      if (const auto last = kept_.find(key);
          last != kept_.end() && room != nullptr && room->live() && last->second != room->chain) {
        add({room->position, describe(kept.stream),
             "the state at the log's beginning does not follow the records that were kept"});
      }
      Track& track = track_of(kept.stream);
      std::visit(
          [&](const auto& state) {
            track.chain = state.chain;
            track.seq = state.seq;
          },
          kept.state);
      if (!track.awaited) continue;
      // Nothing has changed since, or it goes on from there.
      if (position_of(track.awaited->kept) <= position_of(kept.state)) {
        track.awaited->folded = kept.state;
        compare(track);
        continue;
      }
      track.awaited->folded = kept.state;
      if (live(kept.state)) live_.insert(&track);
    }
    kept_.clear();
  }

  static std::string describe(const call::Stream& stream) {
    const std::string of_tenant = " of tenant " + std::string(stream.tenant.view());
    switch (stream.kind) {
      case call::StreamKind::room:
        return "room " + std::string(stream.name.view()) + of_tenant;
      case call::StreamKind::user:
        return "user " + std::string(stream.name.view()) + of_tenant;
      case call::StreamKind::server:
        return "the server's stream";
    }
    return {};
  }

  void report(const call::Record& record, std::string what) {
    add({record.position, describe(record.stream), std::move(what)});
  }

  Track& track_of(const call::Record& record) { return track_of(record.stream); }
  Track& track_of(const call::Stream& stream) {
    key_.assign(1, static_cast<char>('0' + static_cast<int>(stream.kind)));
    key_.append(stream.tenant.view()).append(1, '\0').append(stream.name.view());
    const auto [found, made] = tracks_.try_emplace(key_);
    if (made) {
      found->second.stream = stream;
      await(found->second);
    }
    return found->second;
  }

  void await(Track& track) {
    if (snapshots_ == nullptr) return;
    if (track.stream.kind == call::StreamKind::room) {
      if (auto kept = snapshots_->find_room(track.stream)) {
        track.awaited = std::make_unique<Awaited>(Awaited{std::move(*kept), call::Room()});
      }
    } else if (auto kept = snapshots_->find_user(track.stream)) {
      track.awaited = std::make_unique<Awaited>(Awaited{*kept, call::User()});
    }
  }

  void check_chain(const Track& track, const call::Record& record) {
    if (record.previous == track.chain) return;
    if (track.last != 0 && suspects_.size() < suspects_max) {
      suspects_.push_back({track.last, track.stream, track.call});
    }
    if (track.chain == call::Hash{}) {
      report(record, "it names a record before it in its stream (" + short_hash(record.previous) +
                         "…), and there is none: records are missing or were altered");
    } else {
      report(record, "the hash chain breaks: it follows " + short_hash(record.previous) +
                         "…, and the record before it in its stream is " + short_hash(track.chain) +
                         "…: one of them was altered, or one between them is missing");
    }
  }

  void check_seq(Track& track, const call::Record& record) {
    const bool applied = record.outcome == call::Outcome::applied;
    const call::Seq expected = track.seq + (applied ? 1 : 0);
    if (record.seq != expected) {
      report(record, "its seq is " + std::to_string(record.seq) + ", where " +
                         std::to_string(expected) + " follows");
    }
    track.seq = record.seq;
  }

  void fold(Track& track, const call::Record& record, const call::Hash& hash) {
    if (!track.awaited) return;
    Awaited& awaited = *track.awaited;
    // A snapshot between two records of its stream was moved there by a restart.
    if (record.position > position_of(awaited.kept)) {
      compare(track);
      return;
    }
    const bool was_live = live(awaited.folded);
    if (track.stream.kind == call::StreamKind::server) {
      // The server keeps no more of its own stream than where it stands.
      auto& server = std::get<call::User>(awaited.folded);
      server.position = record.position;
      server.seq = record.seq;
    } else {
      std::visit([&](auto& state) { call::evolve(state, record); }, awaited.folded);
    }
    std::visit([&](auto& state) { state.chain = hash; }, awaited.folded);
    if (live(awaited.folded) && !was_live) live_.insert(&track);
    if (!live(awaited.folded) && was_live) live_.erase(&track);
    if (record.position == position_of(awaited.kept)) compare(track);
  }

  void restart(const call::Record& record) {
    const auto live_now = live_;  // comparing takes them out
    for (Track* track : live_now) {
      Awaited& awaited = *track->awaited;
      if (record.position > position_of(awaited.kept)) continue;
      std::visit([&](auto& state) { call::evolve(state, record); }, awaited.folded);
      if (record.position == position_of(awaited.kept)) compare(*track);
    }
  }

  void compare(Track& track) {
    const Awaited& awaited = *track.awaited;
    ++result_.snapshots;
    if (!same(awaited.folded, awaited.kept)) {
      add({position_of(awaited.kept), describe(track.stream),
           "its snapshot differs from what the log folds to up to there; snapshots are derived: "
           "delete them and the server folds them anew"});
    }
    live_.erase(&track);
    track.awaited.reset();
  }

  void report_seals() {
    if (!seals_) return;
    result_.seals = seals_->counts();
    for (const auto& finding : findings_) {
      const bool altered = finding.kind == seal::Finding::Kind::altered;
      add({finding.seal,
           "the seal of positions " + std::to_string(finding.first) + " to " +
               std::to_string(finding.last),
           finding.what + (altered ? narrowed(finding) : std::string())});
    }
  }

  /// Which of the records that a seal does not confirm it can be: those that the chain
  /// of their stream does not confirm either.
  [[nodiscard]] std::string narrowed(const seal::Finding& finding) const {
    const auto is_in = [&](call::Position position) {
      return finding.first <= position && position <= finding.last;
    };
    std::vector<Suspect> found;
    for (const auto& suspect : suspects_) {
      if (is_in(suspect.position)) found.push_back(suspect);
    }
    const bool broken = !found.empty();
    for (const auto& [key, track] : tracks_) {
      if (!broken && is_in(track.last)) found.push_back({track.last, track.stream, track.call});
    }
    if (found.empty()) {
      return ". The chain of every stream confirms its own, so records have changed places, or "
             "some are missing";
    }
    std::ranges::sort(found, {}, &Suspect::position);
    std::string text = broken ? ". By the chains it is" : ". By the chains it can only be";
    const std::size_t named = std::min(found.size(), suspects_named_max);
    for (std::size_t i = 0; i < named; ++i) {
      text += (i == 0 ? " position " : ", position ") + std::to_string(found[i].position) + " (" +
              describe(found[i].stream);
      if (!found[i].call.empty()) text += ", call " + to_string(found[i].call);
      text += ")";
    }
    if (found.size() > named)
      text += " or one of " + std::to_string(found.size() - named) + " more";
    return text + (broken ? "" : ", or records have changed places");
  }

  void check_mark(const engine::SnapshotStore::Mark& mark, call::Position head) {
    result_.mark = mark.position;
    if (mark.position > head) {
      add({mark.position,
           {},
           "a checkpoint was taken here, and the log ends at position " + std::to_string(head) +
               ": positions " + std::to_string(head + 1) + " to " + std::to_string(mark.position) +
               " are missing"});
    }
  }

  engine::SnapshotStore* snapshots_;
  std::optional<seal::Checker> seals_;
  std::vector<seal::Finding> findings_;
  std::vector<Suspect> suspects_;  // what the next of its stream does not follow
  std::shared_ptr<const engine::Beginning> beginning_;  // until it has been reached
  std::unordered_map<std::string, call::Hash> kept_;    // hashes of what lies before it
  Verification result_;
  call::Time last_at_ = call::Time::min();
  std::unordered_map<std::string, Track> tracks_;
  std::unordered_set<Track*> live_;  // of those awaited
  std::string key_;
};

}  // namespace

Verification verify_log(const engine::LogReader& log, engine::SnapshotStore* snapshots,
                        const SealCheck& seals) {
  Verifier verifier(snapshots, seals, log.beginning());
  const ReadAhead ahead(log);
  const call::Position head = log.head();
  const call::Position first = log.first();
  call::Position last = 0;
  bool behind_problem = false;  // one sentence for a run of positions that cannot be read
  while (last < head && !verifier.full()) {
    const auto read =
        ahead.read(last + 1, head, [&](const call::Record& record, const engine::RecordHash& hash) {
          behind_problem = false;
          last = record.position;
          verifier.take(record, hash);
          return !verifier.full();
        });
    if (read) break;
    // The reader stops at the first that it cannot give: on behind it.
    last = std::max(last + 1, first - 1);
    if (!std::exchange(behind_problem, true)) verifier.add({last, {}, read.error().message});
  }
  return std::move(verifier).finish(head);
}

}  // namespace callstate::tools
