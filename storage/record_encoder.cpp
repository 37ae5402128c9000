#include <flatbuffers/flatbuffers.h>

#include <variant>

#include "schemas/record_generated.h"
#include "storage/detail/flat.hpp"
#include "storage/record_codec.hpp"

namespace callstate::storage {
namespace {

namespace fb = callstate::schemas;
using flat::put_text;
using flat::put_texts;
using flat::put_time;

fb::PartyRole stored(call::KnownRole role) {
  if (role == call::Role::crm_user) return fb::PartyRole::crm_user;
  return role == call::Role::portal_customer ? fb::PartyRole::portal_customer
                                             : fb::PartyRole::unknown;
}

flatbuffers::Offset<flatbuffers::Vector<fb::PartyRole>> put_roles(
    flat::Builder& to, const std::vector<call::KnownRole>& roles) {
  if (roles.empty()) return {};
  return to.CreateVector<fb::PartyRole>(roles.size(),
                                        [&](std::size_t i) { return stored(roles[i]); });
}

/// One overload an event; each gives the offset of its table.
struct PutFact {
  flat::Builder& to;

  auto operator()(const call::CallStarted& fact) const {
    const auto caller = put_text(to, fact.caller.view());
    const auto caller_name = put_text(to, fact.caller_name);
    const auto callees = put_texts(to, fact.callees);
    const auto callee_name = put_text(to, fact.callee_name);
    const auto metadata = put_text(to, fact.metadata);
    const auto media_room = put_text(to, fact.media_room);
    const auto callee_roles = put_roles(to, fact.callee_roles);
    return fb::CreateCallStarted(to, caller, caller_name, callees, callee_name, metadata,
                                 put_time(fact.ring_deadline), media_room, callee_roles,
                                 stored(fact.caller_role));
  }
  auto operator()(const call::Ringing&) const { return fb::CreateRinging(to); }
  auto operator()(const call::Accepted& fact) const {
    return fb::CreateAccepted(to, put_time(fact.max_deadline));
  }
  auto operator()(const call::Rejected& fact) const {
    return fb::CreateRejected(to, put_text(to, fact.reason));
  }
  auto operator()(const call::Ended& fact) const {
    const auto detail = put_text(to, fact.detail);
    return fb::CreateEnded(to, static_cast<fb::EndReason>(fact.reason), detail, fact.duration_s);
  }
  auto operator()(const call::TimedOut&) const { return fb::CreateTimedOut(to); }
  auto operator()(const call::CalleeOffline& fact) const {
    return fb::CreateCalleeOffline(to, put_text(to, fact.callee.view()));
  }
  auto operator()(const call::Invited& fact) const {
    const auto callees = put_texts(to, fact.callees);
    const auto media_room = put_text(to, fact.media_room);
    const auto callee_roles = put_roles(to, fact.callee_roles);
    return fb::CreateInvited(to, callees, put_time(fact.ring_deadline), media_room, callee_roles);
  }
  auto operator()(const call::Signaled& fact) const {
    const auto addressee = put_text(to, fact.to.view());
    const auto data = put_text(to, fact.data);
    return fb::CreateSignaled(to, addressee, data);
  }
  auto operator()(const call::ParticipantJoined& fact) const {
    return fb::CreateParticipantJoined(to, put_text(to, fact.user.view()));
  }
  auto operator()(const call::ParticipantLeft& fact) const {
    const auto user = put_text(to, fact.user.view());
    return fb::CreateParticipantLeft(to, user, static_cast<fb::LeaveReason>(fact.reason),
                                     put_time(fact.grace_deadline));
  }
  auto operator()(const call::UserOnline&) const { return fb::CreateUserOnline(to); }
  auto operator()(const call::UserOffline&) const { return fb::CreateUserOffline(to); }
  auto operator()(const call::UserInCall& fact) const {
    return fb::CreateUserInCall(to, put_text(to, fact.room.view()));
  }
  auto operator()(const call::ServerStarted& fact) const {
    const auto version = put_text(to, fact.version);
    return fb::CreateServerStarted(to, put_time(fact.grace_deadline),
                                   put_time(fact.presence_deadline), version);
  }
  auto operator()(const call::MediaReported& fact) const {
    const auto event = put_text(to, fact.event);
    const auto user = put_text(to, fact.user.view());
    const auto detail = put_text(to, fact.detail);
    return fb::CreateMediaReported(to, event, user, detail, put_time(fact.reported_at));
  }
  auto operator()(const call::Revoked& fact) const {
    return fb::CreateRevoked(to, put_time(fact.before));
  }
  auto operator()(const call::Sealed& fact) const {
    const auto root = flat::put_hash(fact.root);
    const auto previous = flat::put_hash(fact.previous);
    const auto log_id = put_text(to, fact.log_id);
    const fb::KeyId key(flatbuffers::span<const std::uint8_t, 16>(fact.key.data(), 16));
    const fb::Signature signature(
        flatbuffers::span<const std::uint8_t, 64>(fact.signature.data(), 64));
    const bool is_first = fact.previous_seal == 0;
    const bool is_signed = fact.key != call::KeyId{};
    return fb::CreateSealed(to, fact.first, fact.last, &root, fact.previous_seal,
                            is_first ? nullptr : &previous, log_id, is_signed ? &key : nullptr,
                            is_signed ? &signature : nullptr);
  }
};

flatbuffers::Offset<fb::Actor> put_actor(flat::Builder& to, const call::Actor& actor) {
  const bool server_itself = actor.role == call::Role::system && actor.device.empty() &&
                             actor.user.view() == call::system_actor;
  if (server_itself) return {};
  const auto user = put_text(to, actor.user.view());
  const auto device = put_text(to, actor.device.view());
  return fb::CreateActor(to, user, static_cast<fb::Role>(actor.role), device);
}

}  // namespace

struct RecordEncoder::Buffer {
  flat::Builder builder{1024};
};

RecordEncoder::RecordEncoder() : buffer_(std::make_unique<Buffer>()) {}
RecordEncoder::~RecordEncoder() = default;
RecordEncoder::RecordEncoder(RecordEncoder&&) noexcept = default;
RecordEncoder& RecordEncoder::operator=(RecordEncoder&&) noexcept = default;

std::span<const std::uint8_t> RecordEncoder::encode(const call::Record& record) {
  auto& to = buffer_->builder;
  to.Clear();
  const auto tenant = put_text(to, record.stream.tenant.view());
  const auto stream = put_text(to, record.stream.name.view());
  const auto actor = put_actor(to, record.actor);
  const auto message_id = put_text(to, record.message_id.view());
  const auto payload =
      std::visit([&](const auto& fact) { return PutFact{to}(fact).Union(); }, record.payload);
  const auto payload_type = static_cast<fb::Payload>(record.payload.index() + 1);
  const auto call = flat::put_call(record.call);
  const auto previous = flat::put_hash(record.previous);
  const bool first = record.previous == call::Hash{};
  to.Finish(fb::CreateRecord(to, static_cast<fb::StreamKind>(record.stream.kind), tenant, stream,
                             record.seq, put_time(record.at), actor, message_id,
                             record.call.empty() ? nullptr : &call,
                             static_cast<fb::Outcome>(record.outcome),
                             static_cast<fb::ErrorCode>(record.refusal), payload_type, payload,
                             first ? nullptr : &previous),
            fb::RecordIdentifier());
  return {to.GetBufferPointer(), to.GetSize()};
}

}  // namespace callstate::storage
