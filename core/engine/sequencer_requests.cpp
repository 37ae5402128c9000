#include <algorithm>
#include <chrono>
#include <utility>

#include "core/engine/sequencer.hpp"

// Those who have no session: requests by a token alone, and the media server.

namespace callstate::engine {
namespace {

constexpr char tenant_end = '/';  // in no room's name

}  // namespace

// Tokens say when they were issued to the second: one of the second of the
// revocation may be older than it.
bool Sequencer::revoked(const UserEntry& user, call::Time issued_at) const {
  return user.user.revoked_before != call::Time{} && issued_at <= user.user.revoked_before;
}

void Sequencer::refuse(SessionId to, call::ErrorCode code, std::string_view sentence, Batch& batch,
                       const call::RoomName& room) const {
  batch.effects.emplace_back(Reply{to, Refusal{{code, std::string(sentence)}, {}, room, {}, {}}});
}

bool Sequencer::admitted(const Requester& by, Batch& batch) {
  const UserEntry& user = states_.user(by.sender.tenant, by.sender.user.view());
  if (!revoked(user, by.issued_at)) return true;
  refuse(by.reply_to, call::ErrorCode::unauthenticated, "this token has been revoked", batch);
  return false;
}

void Sequencer::on(Request& request, Batch& batch) {
  if (!admitted(*request.by, batch)) return;
  act({request.by->reply_to, true, nullptr, request.by->sender}, request.message, batch);
}

// ---- questions --------------------------------------------------------------

void Sequencer::on(Ask& ask, Batch& batch) {
  if (!admitted(*ask.by, batch)) return;
  std::visit([&](const auto& what) { answer(ask, what, batch); }, ask.what);
}

void Sequencer::answer(const Ask& ask, const Ask::Admission&, Batch& batch) {
  batch.effects.emplace_back(Reply{ask.by->reply_to, AsOf{head_}});
}

void Sequencer::answer(const Ask& ask, const Ask::LiveCalls&, Batch& batch) {
  const UserEntry& user = states_.user(ask.by->sender.tenant, ask.by->sender.user.view());
  for (const RoomEntry* room : user.rooms) {
    show_room(ask.by->reply_to, *room, batch);
    show_invitation(ask.by->reply_to, user, *room, batch);
  }
  batch.effects.emplace_back(Reply{ask.by->reply_to, AsOf{head_}});
}

void Sequencer::answer(const Ask& ask, const Ask::OneRoom& what, Batch& batch) {
  const RoomEntry& entry = states_.room(ask.by->sender.tenant, what.room.view());
  if (!may_hear(ask.by->sender.role, ask.by->sender.user, entry.room)) {
    return refuse(ask.by->reply_to, call::ErrorCode::forbidden,
                  "this room's call is of others: this user takes no part in it", batch, what.room);
  }
  // Messages that were refused have left nothing to show.
  if (entry.room.seq == 0) {
    return refuse(ask.by->reply_to, call::ErrorCode::room_not_found,
                  "there has been no call in a room of this name", batch, what.room);
  }
  show_room(ask.by->reply_to, entry, batch);
  batch.effects.emplace_back(Reply{ask.by->reply_to, AsOf{head_}});
}

void Sequencer::answer(const Ask& ask, const Ask::PresenceOf& what, Batch& batch) {
  const call::Sender& sender = ask.by->sender;
  Presence presence;
  presence.user = what.user;
  const UserEntry& user = states_.user(sender.tenant, what.user.view());
  bool together = what.user == sender.user;
  for (const RoomEntry* room : user.rooms) {
    presence.rooms.push_back(call::RoomName::clipped(room->stream.name.view()));
    together = together || room->room.find(sender.user) != nullptr;
  }
  // A customer is told of those it talks to.
  if (sender.role == call::Role::portal_customer && !together) {
    return refuse(ask.by->reply_to, call::ErrorCode::forbidden,
                  "a customer may ask for itself, and for those in a call with it", batch);
  }
  presence.online = user.user.online || !user.sessions.empty();
  for (const SessionId session : user.sessions) {
    const auto device = call::DeviceId::clipped(sessions_.at(session).device);
    if (std::ranges::find(presence.devices, device) == presence.devices.end()) {
      presence.devices.push_back(device);
    }
  }
  batch.effects.emplace_back(Reply{ask.by->reply_to, std::move(presence)});
  batch.effects.emplace_back(Reply{ask.by->reply_to, AsOf{head_}});
}

// ---- revocation -------------------------------------------------------------

void Sequencer::on(Revoke& revoke, Batch& batch) {
  const call::Sender& sender = revoke.by->sender;
  const SessionId to = revoke.by->reply_to;
  if (!admitted(*revoke.by, batch)) return;
  if (sender.role != call::Role::service) {
    return refuse(to, call::ErrorCode::forbidden, "this needs the role SERVICE", batch);
  }
  if (!log_.has_room()) {
    return refuse(to, call::ErrorCode::storage_unavailable,
                  "the server's disk is below its reserve of free space: try again later", batch);
  }
  UserEntry& user = states_.user(sender.tenant, revoke.user.view());
  const By by{.actor = {sender.user, sender.role, sender.device}, .message_id = {}, .call = {}};
  const call::Revoked revoked{.before = std::chrono::floor<std::chrono::seconds>(now_)};
  const call::Position position = append(user, by, revoked, batch);
  batch.effects.emplace_back(
      Reply{to, Ack{{}, {}, user.user.seq, position, call::Outcome::applied, false}});
  // Their connections end, and with them the sessions.
  for (const SessionId session : user.sessions) {
    batch.effects.emplace_back(CloseSession{session, {1008, "Invalid authentication token"}});
  }
}

// ---- the media server -------------------------------------------------------

// The media server knows no tenants: who has a token for a room there is in it.
// So a name belongs to the first tenant that used it, and with the others the
// tenant stands before it. Who was first is a fold of the log, kept as a room of
// no tenant.
std::string Sequencer::media_room_of(const call::TenantId& tenant, const call::RoomName& room) {
  if (!settings_.media) return {};
  const std::string& owner = states_.room(call::TenantId{}, room.view()).room.media_room;
  if (owner.empty() || owner == tenant.view()) return std::string(room.view());
  return std::string(tenant.view()).append(1, tenant_end).append(room.view());
}

void Sequencer::claim_media_room(const call::Record& record) {
  const auto* started = std::get_if<call::CallStarted>(&record.payload);
  if (started == nullptr || record.outcome != call::Outcome::applied ||
      started->media_room != record.stream.name.view()) {
    return;
  }
  RoomEntry& entry = states_.room(call::TenantId{}, started->media_room);
  if (!entry.room.media_room.empty()) return;
  entry.room.media_room = record.stream.tenant.view();
  states_.changed(entry);
}

std::optional<Sequencer::Place> Sequencer::place_of(const std::string& media_room) {
  const auto end = media_room.rfind(tenant_end);
  const auto room = call::parse_room_name(
      end == std::string::npos ? media_room : std::string_view(media_room).substr(end + 1));
  if (!room) return std::nullopt;
  const auto tenant = call::TenantId::from(
      end == std::string::npos ? states_.room(call::TenantId{}, room->view()).room.media_room
                               : media_room.substr(0, end));
  if (!tenant || tenant->empty()) return std::nullopt;
  return Place{*tenant, *room};
}

void Sequencer::on(ReportMedia& report, Batch& batch) {
  const auto place = place_of(report.media_room);
  RoomEntry* entry = place ? &states_.room(place->tenant, place->room.view()) : nullptr;
  if (entry == nullptr || entry->room.media_room != report.media_room) {
    return refuse(report.reply_to, call::ErrorCode::room_not_found,
                  "no call of this server has this media room", batch);
  }
  By by = server(entry->room.call);
  const auto before = dedup_.find(place->tenant, by.actor.user, place->room.view(), report.id);
  if (before) {
    batch.effects.emplace_back(
        Reply{report.reply_to,
              Ack{report.id, place->room, before->seq, before->position, before->outcome, true}});
    return;
  }
  if (!log_.has_room()) {
    return refuse(report.reply_to, call::ErrorCode::storage_unavailable,
                  "the server's disk is below its reserve of free space: try again later", batch);
  }
  call::Verdict verdict = call::decide_media(entry->room, std::move(report.said), context());
  by.message_id = report.id;
  by.outcome = verdict.outcome;
  const call::Position position = append(*entry, by, std::move(verdict.payload), batch);
  batch.effects.emplace_back(Reply{report.reply_to, Ack{report.id, place->room, entry->room.seq,
                                                        position, verdict.outcome, false}});
  conclude(*entry, std::move(verdict.conclusions), batch);
}

}  // namespace callstate::engine
