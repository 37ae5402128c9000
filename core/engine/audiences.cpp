#include "core/engine/audiences.hpp"

#include <algorithm>

#include "core/engine/names.hpp"

namespace callstate::engine {

Fingerprint Audiences::name_of(const call::Stream& room, const call::UserId& user) const {
  return states_.name_of(room.tenant, user.view());
}

void Audiences::restore(std::span<const SnapshotStore::Audience> audiences) {
  for (const auto& audience : audiences) {
    RoomEntry& room = states_.room(audience.room.tenant, audience.room.name.view());
    for (const auto& hearer : audience.hearers) {
      room.hearers.push_back(hearer);
      rooms_of_[hearer.user].push_back({&room, hearer.present});
    }
  }
}

std::vector<SnapshotStore::Audience> Audiences::all() {
  std::vector<SnapshotStore::Audience> audiences;
  states_.for_each_room([&](const RoomEntry& room) {
    if (!room.hearers.empty()) audiences.push_back({room.stream, room.hearers});
  });
  return audiences;
}

// Segments begin and end at the same places in every replay, besides the marks.
void Audiences::enter(call::Position position, std::vector<MailNote>& notes) {
  if (position <= segment_end_) return;
  if (segment_end_ != 0) close_segment(segment_end_, notes);
  segment_end_ = (position + segment_positions_ - 1) / segment_positions_ * segment_positions_;
}

void Audiences::take(RoomEntry& room, const call::Record& record, std::vector<MailNote>& notes) {
  enter(record.position, notes);
  const auto name_all = [&](const std::vector<call::UserId>& users) {
    for (const auto& user : users) name(room, name_of(room.stream, user), record.position, notes);
  };
  if (const auto* started = std::get_if<call::CallStarted>(&record.payload)) {
    disband(room);
    name(room, name_of(room.stream, started->caller), record.position, notes);
    name_all(started->callees);
  } else if (const auto* invited = std::get_if<call::Invited>(&record.payload)) {
    name_all(invited->callees);
  }
  post(room, record.position, notes);
  if (std::holds_alternative<call::Rejected>(record.payload)) {
    set_present(room, name_of(room.stream, record.actor.user), false);
  } else if (const auto* left = std::get_if<call::ParticipantLeft>(&record.payload)) {
    if (left->reason != call::LeaveReason::disconnected) {
      set_present(room, name_of(room.stream, left->user), false);
    }
  } else if (std::holds_alternative<call::Ended>(record.payload)) {
    disband(room);
  }
}

void Audiences::take(Fingerprint user, const call::Record& record, std::vector<MailNote>& notes) {
  enter(record.position, notes);
  notes.push_back({MailNote::Kind::single, 0, record.position, mail_of_own(user)});
  if (!concerns_others(record.payload)) return;
  for (const auto& [room, present] : rooms_of(user)) {
    if (present) post(*room, record.position, notes);
  }
}

void Audiences::take_start(call::Position position, std::vector<MailNote>& notes) {
  enter(position, notes);
  states_.for_each_room([&](RoomEntry& room) {
    if (!room.hearers.empty()) post(room, position, notes);
  });
}

std::span<const Audiences::Heard> Audiences::rooms_of(Fingerprint user) const {
  const auto found = rooms_of_.find(user);
  if (found == rooms_of_.end()) return {};
  return {found->second.data(), found->second.size()};
}

// Who is named again, after leaving, hears on as before.
void Audiences::name(RoomEntry& room, Fingerprint user, call::Position from,
                     std::vector<MailNote>& notes) {
  if (std::ranges::find(room.hearers, user, &Hearer::user) == room.hearers.end()) {
    room.hearers.push_back({user, true});
    rooms_of_[user].push_back({&room, true});
    if (room.strand_segment == segment_) {
      notes.push_back({MailNote::Kind::hearer, room.strand, from, mail_of_calls(user)});
    }
  }
  set_present(room, user, true);
}

void Audiences::set_present(RoomEntry& room, Fingerprint user, bool present) {
  const auto hearer = std::ranges::find(room.hearers, user, &Hearer::user);
  if (hearer == room.hearers.end() || hearer->present == present) return;
  hearer->present = present;
  std::ranges::find(rooms_of_.find(user)->second, &room, &Heard::room)->present = present;
}

// The first event in a segment begins the strand there.
void Audiences::post(RoomEntry& room, call::Position position, std::vector<MailNote>& notes) {
  using Kind = MailNote::Kind;
  if (room.strand_segment != segment_) {
    room.strand_segment = segment_;
    room.strand = ++last_strand_;
    notes.push_back({Kind::strand, room.strand, 0, mail_of_room(room.name)});
    for (const auto& hearer : room.hearers) {
      notes.push_back({Kind::hearer, room.strand, position, mail_of_calls(hearer.user)});
    }
  }
  notes.push_back({Kind::event, room.strand, position, {}});
}

// What follows is another call's.
void Audiences::disband(RoomEntry& room) {
  for (const auto& hearer : room.hearers) {
    const auto rooms = rooms_of_.find(hearer.user);
    rooms->second.erase(std::ranges::find(rooms->second, &room, &Heard::room));
    if (rooms->second.empty()) rooms_of_.erase(rooms);
  }
  room.hearers.clear();
  room.strand_segment = 0;
}

void Audiences::close_segment(call::Position position, std::vector<MailNote>& notes) {
  notes.push_back({MailNote::Kind::close, 0, position, {}});
  ++segment_;
  segment_end_ = 0;
}

}  // namespace callstate::engine
