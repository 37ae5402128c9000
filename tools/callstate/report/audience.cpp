#include "tools/callstate/report/audience.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <variant>

#include "core/engine/audiences.hpp"
#include "core/engine/no_snapshots.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

/// Who hears the room, by the fold of the engine.
class Fold {
 public:
  void take(const call::Record& record) {
    std::vector<engine::MailNote> notes;
    if (record.outcome != call::Outcome::applied) return;
    if (record.stream.kind == call::StreamKind::server) {
      audiences_.take_start(record.position, notes);
      return;
    }
    auto& entry = states_.room(record.stream.tenant, record.stream.name.view());
    audiences_.take(entry, record, notes);
  }

  [[nodiscard]] bool hears(const History& history, const call::UserId& user) {
    const auto& hearers = states_.room(history.tenant, history.room).hearers;
    const auto name = states_.name_of(history.tenant, user.view());
    return std::ranges::find(hearers, name, &engine::Hearer::user) != hearers.end();
  }

 private:
  static constexpr std::size_t segment_positions = 16'384;
  static constexpr std::size_t entries_max = 1'024;
  engine::NoSnapshots nothing_;
  engine::States states_{nothing_, {1, 2}, entries_max};
  engine::Audiences audiences_{states_, segment_positions};
};

/// Everybody whom the history has named up to there.
void add_people(std::vector<call::UserId>& people, const call::Room& room) {
  for (const auto& participant : room.participants) {
    if (std::ranges::find(people, participant.user) == people.end()) {
      people.push_back(participant.user);
    }
  }
}

std::string note_on(const call::Record& record, const call::UserId& user, const call::Room& room) {
  std::string note;
  const auto add = [&](std::string_view more) { note += concat(note.empty() ? "" : "; ", more); };
  const bool sent = record.actor.role != call::Role::system && record.actor.user == user;
  if (sent) add("sent it");
  if (sent && std::holds_alternative<call::Accepted>(record.payload)) {
    add("its other devices are told ANSWERED_ELSEWHERE too");
  }
  if (const auto* signal = std::get_if<call::Signaled>(&record.payload)) {
    if (!sent && signal->to != user) add("without its data");
  }
  const auto* participant = room.find(user);
  if (participant != nullptr && participant->state == call::ParticipantState::disconnected) {
    add("was disconnected: gets it on its return, by its cursor");
  }
  return note;
}

}  // namespace

std::vector<Recipient> audience_of(const History& history, call::Position position) {
  const Entry* entry = find_entry(history, position);
  if (entry == nullptr) return {};
  const call::Record& record = entry->record;
  if (record.outcome != call::Outcome::applied) {
    if (record.actor.role == call::Role::system) return {};
    const bool refused = record.outcome == call::Outcome::refused;
    return {{.user = record.actor.user,
             .hears = refused ? concat("ERROR ", name_of(record.refusal)) : "ACK, ignored",
             .note = "sent it; nobody else hears of it"}};
  }
  const call::Room before = as_of(history, position - 1).chapters.back().room;
  const call::Room after = as_of(history, position).chapters.back().room;
  std::vector<call::UserId> people;
  add_people(people, after);
  add_people(people, before);

  // From the event that names them to the end itself.
  Fold fold;
  std::vector<call::UserId> hearers;
  const auto note_hearers = [&] {
    for (const auto& user : people) {
      if (fold.hears(history, user) && std::ranges::find(hearers, user) == hearers.end()) {
        hearers.push_back(user);
      }
    }
  };
  for (const Chapter& chapter : history.chapters) {
    for (const Entry& each : chapter.entries) {
      if (each.record.position > position) break;
      if (each.record.position == position) note_hearers();
      fold.take(each.record);
    }
  }
  note_hearers();
  std::vector<Recipient> recipients;
  for (const auto& user : hearers) {
    recipients.push_back({.user = user,
                          .hears = std::string(type_of(record.payload)),
                          .note = note_on(record, user, after)});
  }
  return recipients;
}

}  // namespace callstate::tools
