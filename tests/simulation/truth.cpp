#include "simulation/truth.hpp"

#include <algorithm>
#include <variant>

#include "core/call/evolve.hpp"
#include "core/call/standing.hpp"
#include "simulation/timeline.hpp"

namespace callstate::simulation {
namespace {

std::string describe(const call::Record& record) {
  return std::string(call::type_of(record.payload)) + " at position " +
         std::to_string(record.position) + " of " + name_of(record.stream);
}

bool takes_part(const call::Participant& participant) {
  return participant.state != call::ParticipantState::left &&
         participant.state != call::ParticipantState::rejected;
}

void add_participants(std::vector<call::UserId>& users, const call::Room& room) {
  for (const auto& participant : room.participants) {
    if (takes_part(participant) && std::ranges::find(users, participant.user) == users.end()) {
      users.push_back(participant.user);
    }
  }
}

}  // namespace

std::string name_of(const call::Stream& stream) {
  return std::string(stream.tenant.view()) + "/" + std::string(stream.name.view());
}

const call::Room* Truth::KeyedRoom::as_of(call::Position position) const {
  const auto later = std::ranges::upper_bound(versions, position, {}, &call::Room::position);
  return later == versions.begin() ? nullptr : &*std::prev(later);
}

void Truth::follow(const support::MemoryLog& log) {
  if (log.head() < head()) violated("durable records are gone from the log");
  (void)log.read(head() + 1, log.head(), [&](const call::Record& record, const call::Hash& hash) {
    take(record, hash);
    return true;
  });
}

template <class State>
void Truth::check_follows(const State& before, const call::Record& record) const {
  if (record.previous != before.chain) violated("the hash chain breaks: " + describe(record));
  const call::Seq expected = record.outcome == call::Outcome::applied ? before.seq + 1 : before.seq;
  if (record.seq != expected) violated("seq has a hole or a repeat: " + describe(record));
}

void Truth::take(const call::Record& record, const call::Hash& hash) {
  if (record.position != head() + 1) violated("positions have a hole: " + describe(record));
  if (!records_.empty() && record.at < records_.back().record.at) {
    violated("the log's time steps back: " + describe(record));
  }
  std::vector<seal::Finding> wrong;
  seals_.take(record, hash, wrong);
  if (!wrong.empty()) violated("a seal is wrong: " + describe(record) + ": " + wrong[0].what);
  if (!record.message_id.empty()) {
    // Clients of this simulation put their tenant into their ids.
    if (!record.message_id.view().starts_with(record.stream.tenant.view())) {
      violated("a record crossed tenants: " + describe(record));
    }
    auto& position = messages_[{record.stream.tenant, record.actor.user,
                                std::string(record.stream.name.view()), record.message_id}];
    if (position != 0 && record.position - position <= dedup_window_) {
      violated("a message id took effect twice: " + describe(record) + " and position " +
               std::to_string(position));
    }
    position = record.position;
  }
  auto& known = records_.emplace_back(record, hash, std::vector<call::UserId>{});
  switch (record.stream.kind) {
    case call::StreamKind::room:
      fold_room(known);
      break;
    case call::StreamKind::user:
    case call::StreamKind::server: {
      auto& keyed = users_[name_of(record.stream)];
      keyed.stream = record.stream;
      check_follows(keyed.user, record);
      call::evolve(keyed.user, record);
      keyed.user.seq = record.seq;
      keyed.user.chain = hash;
      if (std::holds_alternative<call::ServerStarted>(record.payload)) fold_start(record);
      break;
    }
  }
}

void Truth::fold_room(Known& known) {
  const call::Record& record = known.record;
  auto& keyed = rooms_[name_of(record.stream)];
  keyed.stream = record.stream;
  call::Room room = keyed.versions.empty() ? call::Room{} : keyed.versions.back();
  check_follows(room, record);
  const call::Room before = room;
  call::evolve(room, record);
  room.chain = known.hash;
  if (record.outcome == call::Outcome::applied) {
    if (before.live()) add_participants(known.concerns, before);
    if (room.live()) add_participants(known.concerns, room);
  } else {
    call::Room same = before;
    same.position = room.position;
    same.chain = room.chain;
    if (same != room) violated("a record that was not applied changed the room");
  }
  keyed.versions.push_back(std::move(room));
}

void Truth::fold_start(const call::Record& record) {
  for (auto& [name, keyed] : rooms_) {
    if (keyed.versions.empty() || !keyed.now().live()) continue;
    call::Room room = keyed.now();
    call::evolve(room, record);
    keyed.versions.push_back(std::move(room));
  }
  for (auto& [name, keyed] : users_) {
    if (keyed.stream.kind == call::StreamKind::user && keyed.user.online) {
      call::evolve(keyed.user, record);
    }
  }
}

call::Position Truth::find(const call::TenantId& tenant, const call::UserId& user,
                           const call::RoomName& room, const call::MessageId& id) const {
  const auto found = messages_.find({tenant, user, std::string(room.view()), id});
  return found == messages_.end() ? 0 : found->second;
}

const Truth::KeyedRoom* Truth::find_room(const call::Stream& stream) const {
  const auto found = rooms_.find(name_of(stream));
  return found == rooms_.end() ? nullptr : &found->second;
}

std::vector<std::string> Truth::ringing_for(const call::TenantId& tenant, const call::UserId& user,
                                            call::Position position) const {
  std::vector<std::string> ringing;
  for (const auto& [name, keyed] : rooms_) {
    if (keyed.stream.tenant != tenant) continue;
    const call::Room* room = keyed.as_of(position);
    if (room == nullptr || !room->live()) continue;
    const call::Participant* self = room->find(user);
    if (self != nullptr && call::awaited(*self)) {
      ringing.emplace_back(keyed.stream.name.view());
    }
  }
  return ringing;
}

std::vector<call::Position> Truth::mailbox(const call::TenantId& tenant, const call::UserId& user,
                                           call::Position from, call::Position to) const {
  std::vector<call::Position> positions;
  for (call::Position position = from + 1; position <= to; ++position) {
    const Known& known = records_[position - 1];
    if (known.record.stream.tenant == tenant &&
        std::ranges::find(known.concerns, user) != known.concerns.end()) {
      positions.push_back(position);
    }
  }
  return positions;
}

}  // namespace callstate::simulation
