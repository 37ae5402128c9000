#include "tools/callstate/report/history.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "core/call/evolve.hpp"
#include "core/engine/beginning.hpp"

namespace callstate::tools {
namespace {

bool starts_call(const call::Record& record) {
  return record.outcome == call::Outcome::applied &&
         std::holds_alternative<call::CallStarted>(record.payload);
}

/// Folds a record of the room, or of a start, into its history.
void take_in(History& history, const call::Record& record, const call::Hash& hash) {
  auto& chapters = history.chapters;
  if (chapters.empty()) {
    chapters.emplace_back();
    if (record.position >= history.begins && history.base) chapters.back().room = *history.base;
  } else if (starts_call(record)) {
    call::Room room = chapters.back().room;
    chapters.push_back({.entries = {}, .room = std::move(room)});
  }
  Chapter& chapter = chapters.back();
  chapter.entries.push_back({.record = record, .hash = hash, .before = chapter.room.state});
  call::evolve(chapter.room, record);
  if (record.stream.kind == call::StreamKind::room) chapter.room.chain = hash;
}

/// Takes in the records of one log, in order, and keeps what was wanted of it.
class Collector {
 public:
  /// `end`: the last position that counts.
  Collector(const engine::LogReader& log, const Wanted& wanted, call::Position end)
      : wanted_(wanted),
        call_(call::parse_call_id(wanted.name)),
        end_(end),
        begins_(log.first()),
        beginning_(log.beginning()) {}

  void take(const call::Record& record, const engine::RecordHash& hash) {
    switch (record.stream.kind) {
      case call::StreamKind::room:
        if (concerns(record)) take_in(history_of(record), record, hash);
        return;
      case call::StreamKind::server:
        if (!std::holds_alternative<call::ServerStarted>(record.payload)) return;
        for (auto& [tenant, history] : by_tenant_) {
          if (history.chapters.back().room.live()) take_in(history, record, hash);
        }
        return;
      case call::StreamKind::user:
        return;
    }
  }

  [[nodiscard]] std::expected<History, Trouble> result() && {
    if (by_tenant_.empty()) return std::unexpected(nothing_found());
    if (by_tenant_.size() > 1) return std::unexpected(ambiguous());
    History history = std::move(by_tenant_.begin()->second);
    history.as_of = end_;
    return history;
  }

 private:
  [[nodiscard]] bool concerns(const call::Record& record) const {
    if (wanted_.tenant && *wanted_.tenant != record.stream.tenant) return false;
    if (record.stream.name.view() == wanted_.name) return true;
    return call_ && record.call == *call_;
  }

  History& history_of(const call::Record& record) {
    const auto [found, made] = by_tenant_.try_emplace(record.stream.tenant);
    if (made) {
      found->second.tenant = record.stream.tenant;
      found->second.room = record.stream.name.view();
      found->second.begins = begins_;
      const auto* kept = beginning_ ? beginning_->find(record.stream) : nullptr;
      if (kept != nullptr) found->second.base = std::get<call::Room>(kept->state);
    }
    return found->second;
  }

  [[nodiscard]] Trouble nothing_found() const {
    if (wanted_.until && end_ + 1 < begins_) return dropped(begins_);
    std::string text = call_ ? "There is no call or room " : "There is no room ";
    text += wanted_.name;
    if (wanted_.tenant) text += " of tenant " + std::string(wanted_.tenant->view());
    text += wanted_.until ? " in the log up to there" : " in this log";
    text += end_ == 0 ? ", which holds nothing. "
                      : " (positions " + std::to_string(begins_) + " to " + std::to_string(end_) +
                            (begins_ > 1 ? "; older calls were dropped). " : "). ");
    text += wanted_.until ? "It may have begun later: ask for a later position or time."
            : wanted_.tenant
                ? "Without --tenant, and with no token or one of the role SERVICE, every tenant's "
                  "rooms are looked at."
                : "Room names are exact, capitals included.";
    return {Exit::found, std::move(text)};
  }

  [[nodiscard]] Trouble ambiguous() const {
    std::string text = "Room " + wanted_.name + " exists in several tenants: ";
    for (bool first = true; const auto& [tenant, history] : by_tenant_) {
      if (!std::exchange(first, false)) text += ", ";
      text += tenant.view();
    }
    return {Exit::unusable, text + ". Say which one with --tenant."};
  }

  const Wanted& wanted_;
  std::optional<call::CallId> call_;
  std::map<call::TenantId, History> by_tenant_;
  const call::Position end_;
  const call::Position begins_;
  const std::shared_ptr<const engine::Beginning> beginning_;
};

std::unexpected<Trouble> unreadable(const engine::Failure& failure) {
  return std::unexpected(
      Trouble{Exit::unusable,
              failure.message + "\n`callstate verify` lists all that is wrong with a log."});
}

/// The last of those that were kept of before the beginning, up to `time`.
std::expected<call::Position, engine::Failure> kept_at(const engine::LogReader& log,
                                                       call::Time time) {
  call::Position last = 0;
  const auto read =
      log.read(1, log.first() - 1, [&](const call::Record& record, const engine::RecordHash&) {
        if (record.at > time) return false;
        last = record.position;
        return true;
      });
  if (!read) return std::unexpected(read.error());
  return last;
}

std::expected<call::Position, Trouble> end_of(const engine::LogReader& log, const Wanted& wanted) {
  if (!wanted.until) return log.head();
  const auto end = position_at(log, *wanted.until);
  if (!end) return unreadable(end.error());
  return *end;
}

}  // namespace

std::expected<call::Position, engine::Failure> position_at(const engine::LogReader& log,
                                                           const At& at) {
  if (const auto* position = std::get_if<call::Position>(&at)) {
    return std::min(*position, log.head());
  }
  call::Position before = log.first() - 1;  // not later than `at`
  call::Position after = log.head() + 1;    // later
  while (after - before > 1) {
    const call::Position middle = before + (after - before) / 2;
    bool later = false;
    const auto read =
        log.read(middle, middle, [&](const call::Record& record, const engine::RecordHash&) {
          later = record.at > std::get<call::Time>(at);
          return false;
        });
    if (!read) return std::unexpected(read.error());
    (later ? after : before) = middle;
  }
  if (before >= log.first() || before == 0) return before;
  return kept_at(log, std::get<call::Time>(at));
}

bool History::knows(call::Position position) const {
  if (position + 1 >= begins) return true;
  return !chapters.empty() && !chapters.front().entries.empty() &&
         chapters.front().entries.front().record.position <= position;
}

Trouble dropped(call::Position begins) {
  return {Exit::found, "The log begins with position " + std::to_string(begins) +
                           ": what was there before was dropped with `callstate retain`."};
}

History as_of(const History& history, call::Position position) {
  History past{.tenant = history.tenant,
               .room = history.room,
               .chapters = {},
               .as_of = std::min(history.as_of, position),
               .begins = history.begins,
               .base = history.base};
  for (const Chapter& chapter : history.chapters) {
    for (const Entry& entry : chapter.entries) {
      if (entry.record.position <= position) take_in(past, entry.record, entry.hash);
    }
  }
  if (past.chapters.empty()) {
    past.chapters.emplace_back();
    if (position + 1 >= past.begins && past.base) past.chapters.back().room = *past.base;
  }
  return past;
}

const Entry* find_entry(const History& history, call::Position position) {
  for (const Chapter& chapter : history.chapters) {
    const auto entry = std::ranges::find(chapter.entries, position,
                                         [](const Entry& each) { return each.record.position; });
    if (entry != chapter.entries.end()) return &*entry;
  }
  return nullptr;
}

std::expected<History, Trouble> find_history(const engine::LogReader& log, const Wanted& wanted) {
  const auto end = end_of(log, wanted);
  if (!end) return std::unexpected(end.error());
  Collector collector(log, wanted, *end);
  const auto read =
      log.read(1, *end, [&](const call::Record& record, const engine::RecordHash& hash) {
        collector.take(record, hash);
        return true;
      });
  if (!read) return unreadable(read.error());
  return std::move(collector).result();
}

std::expected<Whereabouts, history::Trouble> find_records(const history::RecordFinder& finder,
                                                          const Wanted& wanted) {
  history::RecordFinder::Positions positions;
  const auto add = [&](const auto& found) {
    if (found) positions.insert(positions.end(), found->begin(), found->end());
    return found.has_value();
  };
  if (const auto room = call::RoomName::from(wanted.name)) {
    const auto found = finder.of_room(wanted.tenant, *room);
    if (!add(found)) return std::unexpected(found.error());
  }
  if (const auto id = call::parse_call_id(wanted.name)) {
    const auto found = finder.of_call(*id);
    if (!add(found)) return std::unexpected(found.error());
  }
  const auto starts = finder.of_starts();
  if (!add(starts)) return std::unexpected(starts.error());
  std::ranges::sort(positions);
  const auto repeated = std::ranges::unique(positions);
  positions.erase(repeated.begin(), repeated.end());
  return Whereabouts{std::move(positions), finder.position()};
}

std::expected<History, Trouble> find_history(const engine::LogReader& log, Whereabouts known,
                                             const Wanted& wanted) {
  const auto end = end_of(log, wanted);
  if (!end) return std::unexpected(end.error());
  std::erase_if(known.positions, [&](call::Position position) { return position > *end; });

  Collector collector(log, wanted, *end);
  const auto take = [&](const call::Record& record, const engine::RecordHash& hash) {
    collector.take(record, hash);
    return true;
  };
  auto read = log.read_at(known.positions, take);
  if (read && known.upto < *end) read = log.read(known.upto + 1, *end, take);
  if (!read) return unreadable(read.error());
  return std::move(collector).result();
}

}  // namespace callstate::tools
