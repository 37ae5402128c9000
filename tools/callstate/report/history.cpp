#include "tools/callstate/report/history.hpp"

#include <map>
#include <utility>
#include <variant>

#include "core/call/evolve.hpp"

namespace callstate::tools {
namespace {

bool starts_call(const call::Record& record) {
  return record.outcome == call::Outcome::applied &&
         std::holds_alternative<call::CallStarted>(record.payload);
}

/// Takes in the records of one log, in order, and keeps what was wanted of it.
class Collector {
 public:
  explicit Collector(const Wanted& wanted)
      : wanted_(wanted), call_(call::parse_call_id(wanted.name)) {}

  /// Whether the record, and hence all that follow, is beyond what is wanted.
  [[nodiscard]] bool beyond(const call::Record& record) const {
    if (!wanted_.until) return false;
    if (const auto* position = std::get_if<call::Position>(&*wanted_.until)) {
      return record.position > *position;
    }
    return record.at > std::get<call::Time>(*wanted_.until);
  }

  void take(const call::Record& record, const engine::RecordHash& hash) {
    last_ = record.position;
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
    history.as_of = last_;
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
    }
    return found->second;
  }

  static void take_in(History& history, const call::Record& record, const call::Hash& hash) {
    auto& chapters = history.chapters;
    if (chapters.empty()) {
      chapters.emplace_back();
    } else if (starts_call(record)) {
      call::Room room = chapters.back().room;
      chapters.push_back({.entries = {}, .room = std::move(room)});
    }
    Chapter& chapter = chapters.back();
    chapter.entries.push_back({.record = record, .hash = hash, .before = chapter.room.state});
    call::evolve(chapter.room, record);
    if (record.stream.kind == call::StreamKind::room) chapter.room.chain = hash;
  }

  [[nodiscard]] Trouble nothing_found() const {
    std::string text = call_ ? "There is no call or room " : "There is no room ";
    text += wanted_.name;
    if (wanted_.tenant) text += " of tenant " + std::string(wanted_.tenant->view());
    text += wanted_.until ? " in the log up to there" : " in this log";
    text += last_ == 0 ? ", which holds nothing. "
                       : " (positions 1 to " + std::to_string(last_) + "). ";
    text += wanted_.until    ? "It may have begun later: leave --at out."
            : wanted_.tenant ? "Leave --tenant out to look at every tenant's rooms."
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
  call::Position last_ = 0;
};

}  // namespace

std::expected<History, Trouble> find_history(const engine::LogReader& log, const Wanted& wanted) {
  Collector collector(wanted);
  const auto read =
      log.read(1, log.head(), [&](const call::Record& record, const engine::RecordHash& hash) {
        if (collector.beyond(record)) return false;
        collector.take(record, hash);
        return true;
      });
  if (!read) {
    return std::unexpected(Trouble{Exit::unusable, read.error().message +
                                                       "\n`callstate verify` lists all that is "
                                                       "wrong with a log."});
  }
  return std::move(collector).result();
}

}  // namespace callstate::tools
