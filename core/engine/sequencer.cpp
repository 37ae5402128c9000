#include "core/engine/sequencer.hpp"

#include <algorithm>
#include <utility>

namespace callstate::engine {
namespace {

constexpr std::chrono::seconds storage_retry{1};

call::RoomName room_name(const Entry& entry) {
  return call::RoomName::clipped(entry.stream.name.view());
}

bool changes_members(const call::Payload& payload) {
  return std::holds_alternative<call::CallStarted>(payload) ||
         std::holds_alternative<call::Invited>(payload) ||
         std::holds_alternative<call::Rejected>(payload) ||
         std::holds_alternative<call::ParticipantLeft>(payload) ||
         std::holds_alternative<call::Ended>(payload);
}

/// Who answers too late is told why, so that the client can say it.
void add_end_reason(Refusal& refusal, const call::Room& room) {
  if (room.state == call::CallState::ended) refusal.end_reason = room.end_reason;
}

MessageOutcome outcome_of(call::Outcome outcome) {
  if (outcome == call::Outcome::applied) return MessageOutcome::applied;
  return outcome == call::Outcome::ignored ? MessageOutcome::ignored : MessageOutcome::refused;
}

call::Error storage_full() {
  return {
      call::ErrorCode::storage_unavailable,
      "the server's disk is below its reserve of free space; nothing was done, try again later"};
}

}  // namespace

Sequencer::By Sequencer::server(const call::CallId& call) {
  return {.actor = {call::UserId::clipped(call::system_actor), call::Role::system, {}},
          .message_id = {},
          .call = call};
}

Sequencer::Sequencer(const Settings& settings, const Clock& clock, IdSource& ids, EventLog& log,
                     SnapshotStore& snapshots, Mailbox& mailbox, Directory* directory)
    : settings_(settings),
      clock_(clock),
      ids_(ids),
      log_(log),
      snapshots_(snapshots),
      mailbox_(mailbox),
      directory_(directory),
      found_(snapshots.last_mark()),
      key_(found_.position == 0 ? HashKey{ids.random(), ids.random()} : found_.key),
      states_(snapshots, key_, settings.entries_max),
      audiences_(states_, settings.mail_segment),
      dedup_(settings.dedup_window, {ids.random(), ids.random()}),
      sealing_(settings.seals) {
  server_ = &states_.user(call::TenantId{}, "");
  server_->stream.kind = call::StreamKind::server;
  is_online_ = [this](const call::UserId& user) { return online(*tenant_, user); };
  known_role_ = [this](const call::UserId& user) { return role_of(*tenant_, user); };
  find_ringing_ = [this](const call::UserId& caller, const call::UserId& callee) {
    return ringing_room(*tenant_, caller, callee);
  };
}

// The log's time never steps back, whatever the clock does, and never stands
// still: where the clock is behind it, by a step or by a log from the future, it
// goes on at half the clock's pace until the clock has caught up.
call::Time Sequencer::refresh_now() {
  const call::Time read = clock_.now();
  if (read >= now_) {
    now_ = last_read_ = read;
  } else if (read < last_read_) {
    last_read_ = read;
  } else {
    const call::Duration half = (read - last_read_) / 2;
    now_ += half;
    last_read_ += 2 * half;
  }
  return now_;
}

call::Time Sequencer::by_the_clock(call::Time time) const {
  const call::Duration behind = now_ - last_read_;
  return time - now_ < behind ? last_read_ + 2 * (time - now_) : time;
}

call::Context Sequencer::context() const {
  return {.now = now_,
          .new_call = {},
          .rules = settings_.rules,
          .online = is_online_,
          .ringing_room = find_ringing_,
          .role_of = &known_role_};
}

bool Sequencer::online(const call::TenantId& tenant, const call::UserId& user) {
  const UserEntry* known = states_.find_user(tenant, user.view());
  return known != nullptr && !known->sessions.empty();
}

std::optional<call::RoomName> Sequencer::ringing_room(const call::TenantId& tenant,
                                                      const call::UserId& caller,
                                                      const call::UserId& callee) {
  const UserEntry* known = states_.find_user(tenant, caller.view());
  if (known == nullptr) return std::nullopt;
  for (const RoomEntry* entry : known->rooms) {
    const call::Room& room = entry->room;
    if (room.state == call::CallState::ringing && !room.group && room.participants.size() == 2 &&
        room.participants[0].user == caller && room.participants[1].user == callee) {
      return room_name(*entry);
    }
  }
  return std::nullopt;
}

// ---- appending --------------------------------------------------------------

call::Record Sequencer::make_record(const Entry& entry, call::Seq seq, const call::Hash& previous,
                                    const By& by, call::Payload payload) const {
  call::Record record;
  record.stream = entry.stream;
  record.seq = by.outcome == call::Outcome::applied ? seq + 1 : seq;
  record.at = now_;
  record.actor = by.actor;
  record.message_id = by.message_id;
  record.call = by.call;
  record.outcome = by.outcome;
  record.refusal = by.refusal;
  record.payload = std::move(payload);
  record.previous = previous;
  return record;
}

call::Hash Sequencer::add(call::Record& record, Batch& batch) {
  const call::Hash hash = batch.records->add(record);
  head_ = record.position;
  dedup_.add(record);
  sealing_.take(record, hash);
  return hash;
}

call::Position Sequencer::append(RoomEntry& entry, const By& by, call::Payload payload,
                                 Batch& batch) {
  call::Record record =
      make_record(entry, entry.room.seq, entry.room.chain, by, std::move(payload));
  const call::Hash hash = add(record, batch);
  const call::CallState before = entry.room.state;
  call::evolve(entry.room, record);
  live_calls_.change(before, entry.room.state);
  entry.room.chain = hash;
  claim_media_room(record);
  states_.changed(entry);
  if (by.outcome == call::Outcome::applied) {
    if (const auto* ended = std::get_if<call::Ended>(&record.payload)) {
      metrics_.deciding.ended[static_cast<std::size_t>(ended->reason)].add();
    }
    states_.arm(entry, call::next_deadline(entry.room));
    if (changes_members(record.payload)) states_.link(entry);
    audiences_.take(entry, record, batch.mail);
    batch.effects.emplace_back(Publish{{std::move(record)}, {}});
  }
  return head_;
}

call::Position Sequencer::append(UserEntry& entry, const By& by, call::Payload payload,
                                 Batch& batch) {
  call::Record record =
      make_record(entry, entry.user.seq, entry.user.chain, by, std::move(payload));
  const call::Hash hash = add(record, batch);
  users_online_ -= entry.user.online ? 1 : 0;
  call::evolve(entry.user, record);
  users_online_ += entry.user.online ? 1 : 0;
  entry.user.chain = hash;
  states_.changed(entry);
  audiences_.take(entry.name, record, batch.mail);
  Publish publish{{std::move(record)}, {}};
  if (Audiences::concerns_others(publish.event.record.payload)) {
    for (const auto& [room, present] : audiences_.rooms_of(entry.name)) {
      if (present) publish.rooms.push_back(room->stream);
    }
  }
  batch.effects.emplace_back(std::move(publish));
  return head_;
}

void Sequencer::conclude(RoomEntry& entry, std::vector<call::Payload> payloads, Batch& batch) {
  for (auto& payload : payloads) {
    append(entry, server(entry.room.call), std::move(payload), batch);
  }
}

// ---- messages ---------------------------------------------------------------

void Sequencer::decide(Submission& submission, Batch& batch) {
  refresh_now();
  ++batch.submissions;
  std::visit([&](auto& what) { on(what, batch); }, submission);
  if (sealing_.due(now_)) seal(batch);
}

void Sequencer::on(Send& send, Batch& batch) {
  batch.effects.emplace_back(Handled{send.session});
  const auto found = sessions_.find(send.session);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  act({send.session, false, &session, sender_of(session)}, send.message, batch);
}

void Sequencer::act(const Said& said, call::Message& message, Batch& batch) {
  const auto count = [&, type = type_of(message.body)](MessageOutcome outcome) {
    metrics_.deciding.messages.add(type, outcome);
  };
  const auto refuse = [&](call::Error error, std::optional<std::uint32_t> retry_after_ms = {}) {
    batch.effects.emplace_back(Reply{
        said.reply_to, Refusal{std::move(error), message.id, message.room, {}, retry_after_ms}});
  };

  const call::Sender& sender = said.sender;
  const call::UserId& actor = call::acting_user(message, sender);
  if (!message.id.empty()) {
    if (const auto before = dedup_.find(sender.tenant, actor, message.room.view(), message.id)) {
      count(MessageOutcome::duplicate);
      return repeat(said.reply_to, message, *before, actor, sender.tenant, batch);
    }
  }
  if (!log_.has_room()) {
    count(MessageOutcome::unavailable);
    return refuse(storage_full());
  }
  UserEntry* caller = nullptr;
  if (std::holds_alternative<call::StartCall>(message.body)) {
    caller = &states_.user(sender.tenant, actor.view());
    if (const auto wait_ms = caller->calls.over(settings_.calls, now_)) {
      count(MessageOutcome::rate_limited);
      metrics_.deciding.too_many_calls.add();
      return refuse({call::ErrorCode::rate_limited, "this user starts calls too fast"}, wait_ms);
    }
  }

  RoomEntry& entry = states_.room(sender.tenant, message.room.view());
  tenant_ = &sender.tenant;
  call::Context how = context();
  if (std::holds_alternative<call::StartCall>(message.body)) {
    how.new_call = ids_.next_call(now_);
    how.media_room = media_room_of(sender.tenant, message.room);
  }
  call::Verdict verdict = call::decide(entry.room, message, sender, how);
  count(outcome_of(verdict.outcome));

  const bool accepted = verdict.outcome == call::Outcome::applied &&
                        std::holds_alternative<call::Accepted>(verdict.payload);
  const bool first_answer = accepted && entry.room.state == call::CallState::ringing;
  const By by{.actor = {actor, sender.role, sender.device},
              .message_id = message.id,
              .call = verdict.call,
              .outcome = verdict.outcome,
              .refusal = verdict.refusal.code};
  // The answer to the sender goes out before the event that it answers.
  const std::size_t answer_at = batch.effects.size();
  const bool answers =
      verdict.outcome == call::Outcome::refused || !message.id.empty() || said.wants;
  if (answers) batch.effects.emplace_back(Reply{said.reply_to, Ack{}});
  if (said.session != nullptr && !said.session->left.empty() && entry.room.live() &&
      entry.room.find(actor) != nullptr && std::erase(said.session->left, message.room) > 0) {
    batch.effects.emplace_back(Subscribe{said.reply_to, entry.stream, false});
    show_room(said.reply_to, entry, batch);
  }
  const call::Position position = append(entry, by, std::move(verdict.payload), batch);
  if (verdict.outcome == call::Outcome::refused) {
    if (caller != nullptr) caller->calls.give_back();  // it is for new calls, and this is none
    Refusal refusal{std::move(verdict.refusal), message.id, message.room, verdict.glare_room, {}};
    if (std::holds_alternative<call::Accept>(message.body)) add_end_reason(refusal, entry.room);
    std::get<Reply>(batch.effects[answer_at]).message = std::move(refusal);
    return;
  }
  if (answers) {
    std::get<Reply>(batch.effects[answer_at]).message =
        Ack{message.id, message.room, entry.room.seq, position, verdict.outcome, false};
  }
  if (accepted) tell_other_devices(sender, actor, message.room, entry.room.call, position, batch);
  conclude(entry, std::move(verdict.conclusions), batch);
  if (accepted) {
    const call::UserInCall in_call{message.room};
    append(states_.user(sender.tenant, actor.view()), server(), in_call, batch);
    if (first_answer) append(*entry.members.front(), server(), in_call, batch);
  }
}

void Sequencer::repeat(SessionId reply_to, const call::Message& message, const Remembered& before,
                       const call::UserId& actor, const call::TenantId& tenant, Batch& batch) {
  if (before.outcome != call::Outcome::refused) {
    batch.effects.emplace_back(Reply{reply_to, Ack{message.id, message.room, before.seq,
                                                   before.position, before.outcome, true}});
    return;
  }
  Refusal refusal{{before.refusal, "a message with this id was refused before, at position " +
                                       std::to_string(before.position)},
                  message.id,
                  message.room,
                  {},
                  {}};
  // What the client is to do about it, as far as it is still so.
  const auto* start = std::get_if<call::StartCall>(&message.body);
  if (before.refusal == call::ErrorCode::glare && start != nullptr && start->callees.size() == 1) {
    refusal.glare_room = ringing_room(tenant, start->callees.front(), actor);
  }
  if (std::holds_alternative<call::Accept>(message.body)) {
    add_end_reason(refusal, states_.room(tenant, message.room.view()).room);
  }
  batch.effects.emplace_back(Reply{reply_to, std::move(refusal)});
}

// ---- time -------------------------------------------------------------------

std::optional<call::Time> Sequencer::next_deadline() const {
  auto deadline = unrecorded_.empty() ? states_.next_wake() : now_;
  if (const auto seal_at = sealing_.deadline(); seal_at && (!deadline || *seal_at < *deadline)) {
    deadline = seal_at;
  }
  // Nothing can be concluded on a full disk: look again in a while.
  if (deadline && !log_.has_room()) deadline = now_ + storage_retry;
  return deadline ? std::optional(by_the_clock(*deadline)) : std::nullopt;
}

void Sequencer::decide_due(Batch& batch) {
  refresh_now();
  if (!log_.has_room()) return;
  for (UserEntry* user : std::exchange(unrecorded_, {})) {
    user->unrecorded = false;
    if (user->sessions.empty()) {
      sessions_gone(*user, batch);
    } else {
      sessions_came(*user, batch);
    }
  }
  while (Entry* entry = states_.pop_due(now_)) {
    if (states_.is_room(*entry)) {
      auto& room = static_cast<RoomEntry&>(*entry);
      tenant_ = &room.stream.tenant;
      conclude(room, call::decide_due(room.room, context()), batch);
      states_.arm(room, call::next_deadline(room.room));
    } else {
      auto& user = static_cast<UserEntry&>(*entry);
      if (user.sessions.empty() && user.user.online)
        append(user, server(), call::UserOffline{}, batch);
    }
    if (full(batch)) break;
  }
  if (sealing_.due(now_)) seal(batch);
}

// ---- batches ----------------------------------------------------------------

Batch Sequencer::begin() {
  Batch batch;
  batch.number = ++last_batch_;
  batch.records = log_.begin();
  // As many as the last one had, or moving them while they grow takes longer than
  // deciding them.
  batch.effects.reserve(last_effects_);
  batch.mail.reserve(last_mail_);
  return batch;
}

void Sequencer::finish(Batch& batch, bool everything) {
  if (everything) {
    refresh_now();
    seal(batch);
  }
  batch.head = head_;
  batch.sealed = sealing_.last().last;
  last_effects_ = batch.effects.size();
  last_mail_ = batch.mail.size();
  if (everything) {
    audiences_.close_segment(head_, batch.mail);
    batch.saves = states_.take_dirty(states_.dirty(), batch.number);
    batch.mark = {head_, states_.live(), key_, audiences_.all(), sealing_.last()};
    return;
  }
  if (mark_at_ == 0 && head_ - marked_ >= settings_.checkpoint_every) {
    mark_at_ = head_;
    mark_live_ = states_.live();
    mark_audiences_ = audiences_.all();
    mark_seal_ = sealing_.last();
    saves_left_ = states_.dirty();
    audiences_.close_segment(head_, batch.mail);
  }
  const bool crowded =
      states_.rooms_in_memory() + states_.users_in_memory() > settings_.entries_max;
  if (mark_at_ != 0 || crowded) {
    // A record changes one state: crowded, no more may change than are saved.
    const std::size_t count = settings_.saves_per_batch + (crowded ? batch.records->size() : 0);
    batch.saves = states_.take_dirty(count, batch.number);
    saves_left_ -= std::min(saves_left_, batch.saves.size());
  }
  if (mark_at_ != 0 && saves_left_ == 0) {
    // What has become live since is met when the tail is replayed, and may have
    // no snapshot yet.
    batch.mark = {mark_at_, std::move(mark_live_), key_, std::move(mark_audiences_), mark_seal_};
    marked_ = std::exchange(mark_at_, 0);
  }
  states_.evict(batch_done_.load(std::memory_order_acquire));
}

}  // namespace callstate::engine
