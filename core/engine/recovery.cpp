#include <algorithm>
#include <string>

#include "core/engine/sequencer.hpp"

// From the log to the state, and the record that says so.

namespace callstate::engine {
namespace {

// How often a long replay lets entries that nobody needs leave memory.
constexpr std::size_t records_between_evictions = 1'024;

std::string describe(const call::Stream& stream) {
  switch (stream.kind) {
    case call::StreamKind::room:
      return "room " + std::string(stream.name.view()) + " of tenant " +
             std::string(stream.tenant.view());
    case call::StreamKind::user:
      return "a user's stream of tenant " + std::string(stream.tenant.view());
    case call::StreamKind::server:
      return "the server's own stream";
  }
  return {};
}

bool starts_server(const call::Record& record) {
  return std::holds_alternative<call::ServerStarted>(record.payload);
}

}  // namespace

std::optional<Failure> Sequencer::load_live(const SnapshotStore::Mark& mark, call::Position head) {
  if (auto kept = snapshots_.find_user(server_->stream)) server_->user = *kept;
  for (const auto& stream : mark.live) {
    const call::Position position =
        stream.kind == call::StreamKind::room
            ? states_.room(stream.tenant, stream.name.view()).room.position
            : states_.user(stream.tenant, stream.name.view()).user.position;
    if (position == 0 || position > head) {
      const std::string found = position == 0
                                    ? " is missing"
                                    : " is of position " + std::to_string(position) +
                                          ", beyond the log's head " + std::to_string(head);
      return Failure{"the checkpoint at position " + std::to_string(mark.position) + " names " +
                     describe(stream) + ", whose snapshot" + found +
                     ": the log has lost its end, or the snapshots are of another log"};
    }
  }
  return std::nullopt;
}

std::optional<Failure> Sequencer::fold(const call::Record& record, const call::Hash& hash) {
  const auto take = [&](auto& state, Entry& entry) -> std::optional<Failure> {
    if (record.position <= state.position) return std::nullopt;
    if (record.previous != state.chain) {
      return Failure{"the hash chain breaks at position " + std::to_string(record.position) + " (" +
                     describe(record.stream) +
                     "): the record does not follow the one before it in its stream; the log was "
                     "altered or is damaged"};
    }
    call::evolve(state, record);
    state.chain = hash;
    states_.changed(entry);
    return std::nullopt;
  };
  switch (record.stream.kind) {
    case call::StreamKind::room: {
      RoomEntry& entry = states_.room(record.stream.tenant, record.stream.name.view());
      return take(entry.room, entry);
    }
    case call::StreamKind::user: {
      UserEntry& entry = states_.user(record.stream.tenant, record.stream.name.view());
      return take(entry.user, entry);
    }
    case call::StreamKind::server: {
      if (auto failure = take(server_->user, *server_)) return failure;
      server_->user.seq = record.seq;
      if (starts_server(record)) fold_start(record);
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// SERVER_STARTED concerns everybody who was connected.
void Sequencer::fold_start(const call::Record& record) {
  states_.for_each_room([&](RoomEntry& entry) {
    if (!entry.room.live()) return;
    call::evolve(entry.room, record);
    states_.changed(entry);
  });
  states_.for_each_user([&](UserEntry& entry) {
    if (!entry.user.online) return;
    call::evolve(entry.user, record);
    states_.changed(entry);
  });
}

std::expected<Recovery, Failure> Sequencer::recover(const LogReader& reader) {
  const SnapshotStore::Mark& mark = found_;
  Recovery found{
      .head = reader.head(), .checkpoint = mark.position, .replayed = 0, .live_rooms = 0};
  if (mark.position > found.head) {
    return std::unexpected(Failure{
        "the log ends at position " + std::to_string(found.head) +
        ", but a checkpoint was taken at " + std::to_string(mark.position) + ": positions " +
        std::to_string(found.head + 1) + " to " + std::to_string(mark.position) + " are missing"});
  }
  if (auto failure = load_live(mark, found.head)) return std::unexpected(*failure);
  audiences_.restore(mark.audiences);
  mailbox_.restore(key_, mark.position);
  std::vector<MailNote> notes;

  const call::Position window_from =
      found.head > dedup_.window() ? found.head - dedup_.window() : 0;
  const auto first = reader.first();
  call::Position expected = std::max(std::min(mark.position, window_from) + 1, first);
  expected = sealing_.begin(mark.seal, found.head, expected, first);
  if (expected > mark.position + 1) {
    return std::unexpected(Failure{
        "the log begins with position " + std::to_string(reader.first()) +
        ", and the states at its beginning are not there: put a copy of the directory back"});
  }
  std::optional<Failure> broken;
  const auto read =
      reader.read(expected, found.head, [&](const call::Record& record, const RecordHash& hash) {
        if (record.position != expected) return false;
        ++expected;
        now_ = std::max(now_, record.at);
        if (record.position > window_from) dedup_.add(record);
        sealing_.replay(record, hash);
        if (record.position <= mark.position) return true;
        broken = fold(record, hash);
        fold_audience(record, notes);
        if (++found.replayed % records_between_evictions == 0) {
          mailbox_.take(notes, record.position);
          notes.clear();
          make_room();
        }
        return !broken;
      });
  if (!read) return std::unexpected(read.error());
  if (broken) return std::unexpected(*broken);
  if (expected <= found.head) {
    return std::unexpected(Failure{"position " + std::to_string(expected) +
                                   " is missing from the log, which ends at " +
                                   std::to_string(found.head)});
  }

  mailbox_.take(notes, found.head);
  last_read_ = clock_.now();
  head_ = found.head;
  first_ = reader.first();
  marked_ = mark.position;
  found.live_rooms = states_.link_all();
  states_.for_each_room(
      [&](RoomEntry& entry) { states_.arm(entry, call::next_deadline(entry.room)); });
  return found;
}

void Sequencer::fold_audience(const call::Record& record, std::vector<MailNote>& notes) {
  claim_media_room(record);
  const call::Stream& stream = record.stream;
  if (record.outcome == call::Outcome::applied && stream.kind == call::StreamKind::room) {
    audiences_.take(states_.room(stream.tenant, stream.name.view()), record, notes);
  } else if (record.outcome == call::Outcome::applied && stream.kind == call::StreamKind::user) {
    audiences_.take(states_.name_of(stream.tenant, stream.name.view()), record, notes);
  } else if (starts_server(record)) {
    audiences_.take_start(record.position, notes);
  }
}

// While replaying everything is durable already, so states can be put at once.
void Sequencer::make_room() {
  if (states_.rooms_in_memory() + states_.users_in_memory() <= settings_.entries_max) return;
  for (const auto& save : states_.take_dirty(records_between_evictions, 0)) {
    std::visit([&](const auto& state) { snapshots_.put(save.stream, state); }, save.state);
  }
  states_.evict(0);
}

Batch Sequencer::start() {
  Batch batch = begin();
  refresh_now();
  call::ServerStarted started{.grace_deadline = now_ + settings_.rules.reconnect_grace,
                              .presence_deadline = now_ + settings_.rules.presence_grace,
                              .version = settings_.version};
  call::Record record =
      make_record(*server_, server_->user.seq, server_->user.chain, server(), std::move(started));
  const call::Hash hash = add(record, batch);
  audiences_.take_start(record.position, batch.mail);
  (void)fold(record, hash);  // follows the server's own chain by construction
  states_.for_each_room(
      [&](RoomEntry& entry) { states_.arm(entry, call::next_deadline(entry.room)); });
  states_.for_each_user([&](UserEntry& entry) {
    if (entry.user.online) states_.arm(entry, entry.user.offline_deadline);
  });
  count_live();
  finish(batch);
  return batch;
}

// From here on they are counted as they change: none that lives leaves memory.
void Sequencer::count_live() {
  live_calls_ = {};
  users_online_ = 0;
  states_.for_each_room(
      [&](RoomEntry& entry) { live_calls_.change(call::CallState::idle, entry.room.state); });
  states_.for_each_user([&](UserEntry& entry) { users_online_ += entry.user.online ? 1 : 0; });
}

}  // namespace callstate::engine
