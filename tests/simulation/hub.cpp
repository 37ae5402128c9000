#include "simulation/hub.hpp"

#include <algorithm>

#include "core/engine/mail.hpp"
#include "simulation/timeline.hpp"

namespace callstate::simulation {
namespace {

bool concerns(const std::vector<call::UserId>& users, const call::UserId& user) {
  return std::ranges::find(users, user) != users.end();
}

// Whom an event invites, the caller included.
std::vector<call::UserId> invited_by(const call::Record& record) {
  if (const auto* started = std::get_if<call::CallStarted>(&record.payload)) {
    auto users = started->callees;
    users.push_back(started->caller);
    return users;
  }
  if (const auto* invited = std::get_if<call::Invited>(&record.payload)) return invited->callees;
  return {};
}

}  // namespace

// Ids are `tenant:user:…`; those of JOIN and LEAVE `tenant:user:~…`.
call::UserId user_in_id(const call::MessageId& id) {
  const auto text = id.view();
  const auto from = text.find(':') + 1;
  return call::UserId::clipped(text.substr(from, text.find(':', from) - from));
}

bool is_unlogged(const call::MessageId& id) {
  return id.view().find('~') != std::string_view::npos;
}

void Hub::accept(engine::SessionId session, Peer peer) {
  sessions_[session].peer = std::move(peer);
}

void Hub::restart(call::Position head, const engine::Mailbox& mailbox) {
  mailbox_ = &mailbox;
  sessions_.clear();
  published_ = head;
}

void Hub::deliver(const engine::Effects& effects) {
  before_ = truth_.head();
  truth_.follow(log_);
  should_ring_.clear();
  rings_.clear();
  for (const auto& effect : *effects) {
    std::visit([&](const auto& what) { carry_out(what); }, effect);
  }
  check_nothing_skipped(truth_.head() + 1);
  if (should_ring_ != rings_) violated("a session that opened was not rung as it should be");
}

// Every applied event is published, in order.
void Hub::check_nothing_skipped(call::Position to) {
  for (call::Position position = published_ + 1; position < to; ++position) {
    const call::Record& record = truth_.at(position);
    if (record.outcome == call::Outcome::applied &&
        record.stream.kind != call::StreamKind::server) {
      violated("an applied event was not published: position " + std::to_string(position));
    }
  }
  published_ = to - 1;
}

void Hub::carry_out(const engine::Reply& reply) {
  const auto found = sessions_.find(reply.to);
  if (found == sessions_.end()) return;
  std::visit([&](const auto& message) { check(reply.to, found->second, message); }, reply.message);
  found->second.peer.send(reply.message);
}

void Hub::carry_out(const engine::Attach& attach) {
  const auto found = sessions_.find(attach.session);
  if (found == sessions_.end()) return;
  auto& [peer, attached, inbox, rooms] = found->second;
  require(!attached, "a session was attached twice");
  attached = true;
  inbox = attach.inbox;
  for (const auto& room : truth_.ringing_for(peer.tenant, peer.user, published_)) {
    should_ring_[attach.session].insert(room);
  }
}

void Hub::carry_out(const engine::Subscribe& subscribe) {
  const auto found = sessions_.find(subscribe.session);
  if (found == sessions_.end()) return;
  require(found->second.peer.tenant == subscribe.room.tenant, "a session hears another tenant");
  bool& lasting = found->second.rooms[std::string(subscribe.room.name.view())];
  lasting = lasting || subscribe.lasting;
}

void Hub::carry_out(const engine::Unsubscribe& unsubscribe) {
  const auto found = sessions_.find(unsubscribe.session);
  if (found != sessions_.end()) {
    found->second.rooms.erase(std::string(unsubscribe.room.name.view()));
  }
}

void Hub::carry_out(const engine::Publish& publish) {
  const call::Record& record = publish.event.record;
  require(record.position <= truth_.head(), "an event was published before it was durable");
  require(record.outcome == call::Outcome::applied, "what was not applied was published");
  require(record.position > published_, "events are not published in order, once each");
  require(support::hash_of(record) == support::hash_of(truth_.at(record.position)),
          "what was published is not what the log says");
  check_nothing_skipped(record.position);
  published_ = record.position;
  if (record.stream.kind == call::StreamKind::room) {
    publish_to_room(record, publish.event);
  } else {
    publish_to_user(record, publish);
  }
}

void Hub::publish_to_room(const call::Record& record, const engine::Event& event) {
  const std::string name(record.stream.name.view());
  const auto invited = invited_by(record);
  const bool ended = std::holds_alternative<call::Ended>(record.payload);
  for (auto& [id, session] : sessions_) {
    if (!session.attached || session.peer.tenant != record.stream.tenant) continue;
    if (concerns(invited, session.peer.user)) session.rooms.try_emplace(name, false);
    const auto heard = session.rooms.find(name);
    if (heard == session.rooms.end()) continue;
    session.peer.send(engine::ServerMessage(event));
    if (ended && !heard->second) session.rooms.erase(heard);
  }
}

void Hub::publish_to_user(const call::Record& record, const engine::Publish& publish) {
  for (const auto& room : publish.rooms) {
    require(room.tenant == record.stream.tenant, "presence was told to another tenant");
  }
  for (auto& [id, session] : sessions_) {
    if (!session.attached || session.peer.tenant != record.stream.tenant) continue;
    const bool own = session.inbox && session.peer.user == record.stream.name;
    const bool shares = std::ranges::any_of(publish.rooms, [&](const call::Stream& room) {
      return session.rooms.contains(std::string(room.name.view()));
    });
    if (own || shares) session.peer.send(engine::ServerMessage(publish.event));
  }
}

// The cursor's promise: what the client missed, up to what follows live.
void Hub::carry_out(const engine::Resume& resume) {
  const auto found = sessions_.find(resume.session);
  if (found == sessions_.end()) return;
  const Peer& peer = found->second.peer;
  require(found->second.attached, "a session resumes before it is attached");
  require(resume.query->tenant == peer.tenant && resume.query->user == peer.user,
          "a session is sent another's mail");
  require(resume.upto <= truth_.head(), "what was missed reaches beyond what is durable");
  // It has seen the invitations, or is sent them now.
  should_ring_.erase(resume.session);
  std::set<call::Position> sent;
  for (call::Position after = resume.after; after < resume.upto;) {
    const auto mail =
        engine::read_mail(*mailbox_, log_, *resume.query, after, resume.upto, 1 + dice_.below(5));
    if (!mail) violated("what was missed cannot be read: " + mail.error().message);
    require(mail->cursor > after, "reading what was missed comes to no end");
    after = mail->cursor;
    for (const auto& message : mail->messages) {
      if (const auto* event = std::get_if<engine::Event>(&message)) {
        sent.insert(event->record.position);
        peer.send(Missed{event->record});
      } else {
        peer.send(message);
      }
    }
  }
  for (const auto position : truth_.mailbox(peer.tenant, peer.user, resume.after, resume.upto)) {
    if (!sent.contains(position)) {
      violated("who comes back is not sent position " + std::to_string(position));
    }
  }
}

void Hub::carry_out(const engine::CloseSession& close) {
  const auto found = sessions_.find(close.session);
  if (found != sessions_.end()) found->second.peer.send(close.close);
}

// An event for one session alone is the invitation of a call that rings already.
void Hub::check(engine::SessionId to, const Session& session, const engine::Event& event) {
  const call::Record& record = event.record;
  require(record.position <= truth_.head(), "an invitation was told before it was durable");
  require(record.stream.tenant == session.peer.tenant, "an invitation crossed tenants");
  const call::Record& logged = truth_.at(record.position);
  require(logged.payload.index() == record.payload.index() && logged.stream == record.stream &&
              logged.seq == record.seq && logged.call == record.call && logged.at == record.at &&
              logged.actor.user == record.actor.user,
          "an invitation is not the log's");
  const auto names = [&](const call::Record& in) {
    return std::ranges::count(invited_by(in), session.peer.user);
  };
  require(names(record) == 1 && names(logged) == 1, "an invitation is another's");
  rings_[to].insert(std::string(record.stream.name.view()));
}

void Hub::check(engine::SessionId, const Session& session, const engine::RoomState& state) {
  require(state.room.position <= truth_.head(), "a room was shown before it was durable");
  const auto* room = truth_.find_room(
      {call::StreamKind::room, session.peer.tenant, call::UserId::clipped(state.name.view())});
  if (state.room.position == 0) return;
  require(room != nullptr, "a room was shown that the log does not know");
  const call::Room* then = room->as_of(state.room.position);
  require(then != nullptr && *then == state.room, "a room was shown other than the log says");
}

void Hub::check(engine::SessionId, const Session& session, const engine::Ack& ack) {
  require(ack.position <= truth_.head(), "an ACK went out before its record was durable");
  if (is_unlogged(ack.id)) return;
  require(ack.position != 0, "an ACK names no position");
  const call::Record& record = truth_.at(ack.position);
  require(record.message_id == ack.id && record.stream.tenant == session.peer.tenant &&
              record.stream.name.view() == ack.room.view() &&
              record.actor.user == user_in_id(ack.id),
          "an ACK names another message's record");
  require(record.seq == ack.seq && record.outcome == ack.outcome,
          "an ACK says other than its record");
  if (ack.duplicate) {
    require(acknowledged_.contains(ack.position) || ack.position <= truth_.head(),
            "an ACK is a duplicate of nothing");
  } else {
    require(ack.position > before_, "a first ACK names an old record");
    require(acknowledged_.insert(ack.position).second, "a repeated ACK is not marked");
  }
}

void Hub::check(engine::SessionId, const Session& session, const engine::Refusal& refusal) {
  switch (refusal.error.code) {
    case call::ErrorCode::storage_unavailable:
    case call::ErrorCode::rate_limited:
      return;
    case call::ErrorCode::none:
      violated("a refusal has no code");
    default:
      break;
  }
  if (refusal.id.empty() || is_unlogged(refusal.id)) return;
  const auto position =
      truth_.find(session.peer.tenant, user_in_id(refusal.id), refusal.room, refusal.id);
  require(position != 0, "a refusal went out before its record was durable");
  require(truth_.at(position).refusal == refusal.error.code,
          "a refusal says other than its record");
}

void Hub::check(engine::SessionId, const Session&, const engine::AnsweredElsewhere& told) {
  require(told.position <= truth_.head(), "an answer was told before it was durable");
}

}  // namespace callstate::simulation
