#include "tools/callstate/report/verification.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

#include "core/call/evolve.hpp"
#include "core/engine/beginning.hpp"
#include "tools/callstate/report/awaited.hpp"
#include "tools/callstate/report/lost_positions.hpp"
#include "tools/callstate/report/patient_reading.hpp"
#include "tools/callstate/report/read_ahead.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/wording.hpp"

namespace callstate::tools {
namespace {

struct Track {
  call::Stream stream;
  call::Hash chain{};
  call::Seq seq = 0;
  call::Position last = 0;           // its latest record
  call::CallId call;                 // that one's
  std::unique_ptr<Awaited> awaited;  // gone once compared
};

constexpr std::size_t suspects_max = 1'000;

class Verifier {
 public:
  Verifier(engine::SnapshotStore* snapshots, const SealCheck& seals,
           std::shared_ptr<const engine::Beginning> beginning)
      : snapshots_(snapshots), log_id_(seals.log_id), beginning_(std::move(beginning)) {
    const call::Position first = beginning_ ? beginning_->first : 1;
    if (seals.hash != nullptr) seals_.emplace(seals.hash, seals.log_id, seals.signatures, first);
    result_.signatures_checked = static_cast<bool>(seals.signatures);
    if (!beginning_) return;
    result_.first = beginning_->first;
    result_.kept = beginning_->kept.size();
  }

  void take(const call::Record& record, const call::Hash& hash) {
    ++result_.records;
    if (seals_) take_for_seals(record, hash);
    if (record.at < last_at_) {
      report(record,
             "its time is before that of the record before it (" + write_time(last_at_) + ")");
    }
    last_at_ = record.at;

    if (record.position < result_.first) return take_kept(record, hash);
    if (beginning_) begin();
    Track& track = track_of(record);
    const bool skips = skips_lost(track, record);
    if (!skips) check_chain(track, record);
    check_seq(track, record, skips);
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
  void add_lost(call::Position first, call::Position last, std::string why) {
    lost_.add(first, last, std::move(why));
  }
  [[nodiscard]] bool full() const {
    return result_.cut_short || findings_.size() > problems_max || lost_.runs() > problems_max;
  }

  Verification finish(call::Position head) && {
    result_.head = head;
    result_.streams = tracks_.size();
    report_seals();
    for (auto& [key, track] : tracks_) {
      if (!track.awaited) continue;
      if (position_of(track.awaited->kept) > head) {
        report(track, position_of(track.awaited->kept),
               "its snapshot is beyond the log's last position " + std::to_string(head));
      } else {
        compare(track);
      }
    }
    if (snapshots_ != nullptr) check_mark(snapshots_->last_mark(), head);
    for (auto& problem : lost_.problems()) add(std::move(problem));
    std::multimap<call::Position, Problem> sorted;  // those of one position as they came
    for (auto& problem : result_.problems) sorted.emplace(problem.position, std::move(problem));
    result_.problems.clear();
    for (auto& [position, problem] : sorted) result_.problems.push_back(std::move(problem));
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
        add({.position = room->position,
             .where = describe(kept.stream),
             .what = "the state at the log's beginning does not follow the records that were kept",
             .place = Place{kept.stream, room->call}});
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

  void report(const call::Record& record, std::string what) {
    add({.position = record.position,
         .where = describe(record.stream),
         .what = std::move(what),
         .place = Place{record.stream, record.call}});
  }
  void report(const Track& track, call::Position position, std::string what) {
    add({.position = position,
         .where = describe(track.stream),
         .what = std::move(what),
         .place = Place{track.stream, track.call}});
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

  /// A seal cannot be held against what could not be read, nor against a lost seal.
  void take_for_seals(const call::Record& record, const call::Hash& hash) {
    const auto known = static_cast<std::ptrdiff_t>(findings_.size());
    seals_->take(record, hash, findings_);
    const auto* sealed = std::get_if<call::Sealed>(&record.payload);
    if (!lost_.any() || sealed == nullptr) return;
    const bool is_ours = log_id_.empty() || sealed->log_id == log_id_;
    const bool follows_lost = lost_.any_in(sealed->previous_seal, sealed->previous_seal);
    const bool covers_lost = lost_.any_in(sealed->first, sealed->last);
    if (covers_lost) ++result_.unconfirmed_seals;
    const auto excused = [&](const seal::Finding& finding) {
      using enum seal::Finding::Kind;
      return finding.kind == altered ? covers_lost
                                     : finding.kind == misplaced && is_ours && follows_lost;
    };
    findings_.erase(std::remove_if(findings_.begin() + known, findings_.end(), excused),
                    findings_.end());
  }

  /// Whether what it follows was lost. Then nothing of its stream can be folded any more.
  bool skips_lost(Track& track, const call::Record& record) {
    if (record.previous == track.chain || !lost_.any_in(track.last + 1, record.position)) {
      return false;
    }
    name_missed(track, record.position);
    lost_.missed(track.last, record.position, {track.stream, record.call});
    live_.erase(&track);
    track.awaited.reset();
    return true;
  }
  void name_missed(const Track& track, call::Position before) {
    if (track.last != 0) lost_.missed(track.last, before, {track.stream, track.call});
  }

  void check_chain(const Track& track, const call::Record& record) {
    if (record.previous == track.chain) return;
    if (track.last != 0 && suspects_.size() < suspects_max) {
      suspects_.push_back({track.stream, track.call, track.last});
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

  /// `skips`: of its stream records are lost that came before it.
  void check_seq(Track& track, const call::Record& record, bool skips) {
    const bool applied = record.outcome == call::Outcome::applied;
    const call::Seq expected = track.seq + (applied ? 1 : 0);
    if (skips ? record.seq < expected : record.seq != expected) {
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
    if (same(awaited.folded, awaited.kept)) {
      ++result_.snapshots;
    } else if (!excused(track)) {
      ++result_.snapshots;
      report(track, position_of(awaited.kept),
             "its snapshot differs from what the log folds to up to there; snapshots are derived: "
             "delete them and the server folds them anew");
    }
    live_.erase(&track);
    track.awaited.reset();
  }

  /// Whether a snapshot can differ because of what was lost: records of its stream, or a
  /// start of the server.
  bool excused(const Track& track) {
    const auto& [kept, folded] = *track.awaited;
    const auto position = position_of(kept);
    if (chain_of(kept) == chain_of(folded)) {
      const auto* room = std::get_if<call::Room>(&folded);
      return lost_.any_in(room == nullptr ? 1 : room->started_position, position);
    }
    if (!lost_.any_in(track.last + 1, position)) return false;
    name_missed(track, position + 1);
    const auto* room = std::get_if<call::Room>(&kept);
    lost_.missed(track.last, position + 1,
                 {track.stream, room == nullptr ? call::CallId{} : room->call});
    return true;
  }

  void report_seals() {
    if (!seals_) return;
    result_.seals = seals_->counts();
    for (const auto& finding : findings_) {
      Problem problem{.position = finding.seal,
                      .where = "the seal of positions " + std::to_string(finding.first) + " to " +
                               std::to_string(finding.last),
                      .what = finding.what};
      if (finding.kind == seal::Finding::Kind::altered) narrow(finding, problem);
      add(std::move(problem));
    }
  }

  /// Which of the records that a seal does not confirm it can be: those that the chain
  /// of their stream does not confirm either.
  void narrow(const seal::Finding& finding, Problem& problem) const {
    const auto is_in = [&](call::Position position) {
      return finding.first <= position && position <= finding.last;
    };
    auto& found = problem.concerns;
    for (const auto& suspect : suspects_) {
      if (is_in(suspect.position)) found.push_back(suspect);
    }
    const bool broken = !found.empty();
    for (const auto& [key, track] : tracks_) {
      if (!broken && is_in(track.last)) found.push_back({track.stream, track.call, track.last});
    }
    if (found.empty()) {
      problem.what +=
          ". The chain of every stream confirms its own, so records have changed places, or some "
          "are missing";
      return;
    }
    std::ranges::sort(found, {}, &Place::position);
    problem.what += (broken ? ". By the chains it is " : ". By the chains it can only be ") +
                    list_of(found, " or ") + (broken ? "" : ", or records have changed places");
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
  const std::string log_id_;
  std::optional<seal::Checker> seals_;
  std::vector<seal::Finding> findings_;
  std::vector<Place> suspects_;  // what the next of its stream does not follow
  LostPositions lost_;
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
  read_patiently(
      log, ReadAhead(log),
      [&](const call::Record& record, const engine::RecordHash& hash) {
        verifier.take(record, hash);
        return !verifier.full();
      },
      [&](call::Position first, call::Position last, std::string why) {
        verifier.add_lost(first, last, std::move(why));
      });
  return std::move(verifier).finish(log.head());
}

}  // namespace callstate::tools
