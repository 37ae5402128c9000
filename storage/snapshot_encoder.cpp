#include <flatbuffers/flatbuffers.h>

#include "schemas/snapshot_generated.h"
#include "storage/detail/flat.hpp"
#include "storage/snapshot_codec.hpp"

namespace callstate::storage {
namespace {

namespace fb = callstate::schemas;
using flat::put_text;
using flat::put_time;

flatbuffers::Offset<fb::Participant> put_participant(flat::Builder& to,
                                                     const call::Participant& participant) {
  const auto user = put_text(to, participant.user.view());
  const auto rang_on = flat::put_texts(to, participant.rang_on);
  const auto answered_on = put_text(to, participant.answered_on.view());
  return fb::CreateParticipant(to, user, static_cast<fb::CallRole>(participant.role),
                               static_cast<fb::ParticipantState>(participant.state),
                               static_cast<fb::ParticipantState>(participant.before_disconnect),
                               put_time(participant.grace_deadline),
                               put_time(participant.ring_deadline), rang_on, answered_on,
                               participant.invited_by, participant.invited_position,
                               participant.invited_seq, put_time(participant.invited_at));
}

flatbuffers::Offset<fb::Stream> put_stream(flat::Builder& to, const call::Stream& stream) {
  const auto tenant = put_text(to, stream.tenant.view());
  const auto name = put_text(to, stream.name.view());
  return fb::CreateStream(to, static_cast<fb::StreamKind>(stream.kind), tenant, name);
}

template <class T>
std::span<const std::uint8_t> finish(flat::Builder& to, const call::Hash& reducer,
                                     flatbuffers::Offset<T> state) {
  const auto version = flat::put_hash(reducer);
  to.Finish(fb::CreateSnapshot(to, &version, fb::StateTraits<T>::enum_value, state.Union()),
            fb::SnapshotIdentifier());
  return {to.GetBufferPointer(), to.GetSize()};
}

}  // namespace

struct SnapshotEncoder::Buffer {
  flat::Builder builder{1024};
};

SnapshotEncoder::SnapshotEncoder(const call::Hash& reducer)
    : buffer_(std::make_unique<Buffer>()), reducer_(reducer) {}
SnapshotEncoder::~SnapshotEncoder() = default;

std::span<const std::uint8_t> SnapshotEncoder::encode(const call::Room& room) {
  auto& to = buffer_->builder;
  to.Clear();
  std::vector<flatbuffers::Offset<fb::Participant>> made;
  made.reserve(room.participants.size());
  for (const auto& participant : room.participants) {
    made.push_back(put_participant(to, participant));
  }
  const auto participants = made.empty() ? 0 : to.CreateVector(made);
  const auto caller_name = put_text(to, room.caller_name);
  const auto callee_name = put_text(to, room.callee_name);
  const auto metadata = put_text(to, room.metadata);
  const auto media_room = put_text(to, room.media_room);
  const auto chain = flat::put_hash(room.chain);
  const auto call = flat::put_call(room.call);
  return finish(
      to, reducer_,
      fb::CreateRoom(to, room.seq, room.position, &chain, static_cast<fb::CallState>(room.state),
                     room.call.empty() ? nullptr : &call, participants, caller_name, callee_name,
                     metadata, room.started_position, room.started_seq, put_time(room.started_at),
                     put_time(room.answered_at), put_time(room.ended_at),
                     put_time(room.ring_deadline), put_time(room.max_deadline),
                     static_cast<fb::EndReason>(room.end_reason), room.group, media_room));
}

std::span<const std::uint8_t> SnapshotEncoder::encode(const call::User& user) {
  auto& to = buffer_->builder;
  to.Clear();
  const auto chain = flat::put_hash(user.chain);
  return finish(to, reducer_,
                fb::CreateUser(to, user.seq, user.position, &chain, user.online,
                               put_time(user.offline_deadline), put_time(user.revoked_before)));
}

std::span<const std::uint8_t> SnapshotEncoder::encode(const Mark& mark) {
  auto& to = buffer_->builder;
  to.Clear();
  std::vector<flatbuffers::Offset<fb::Stream>> made;
  made.reserve(mark.live.size());
  for (const auto& stream : mark.live) made.push_back(put_stream(to, stream));
  const auto live = made.empty() ? 0 : to.CreateVector(made);
  std::vector<flatbuffers::Offset<fb::Audience>> heard;
  heard.reserve(mark.audiences.size());
  for (const auto& audience : mark.audiences) {
    const auto room = put_stream(to, audience.room);
    std::vector<fb::Hearer> hearers;
    for (const auto& [user, present] : audience.hearers) {
      hearers.emplace_back(fb::Fingerprint(user.first, user.second), present);
    }
    heard.push_back(fb::CreateAudience(to, room, to.CreateVectorOfStructs(hearers)));
  }
  const auto audiences = heard.empty() ? 0 : to.CreateVector(heard);
  const fb::Fingerprint key(mark.key.k0, mark.key.k1);
  const fb::SealPoint seal(mark.seal.position, mark.seal.last, flat::put_hash(mark.seal.hash));
  const bool sealed = mark.seal.position != 0;
  return finish(to, reducer_,
                fb::CreateMark(to, mark.position, live, &key, audiences, sealed ? &seal : nullptr));
}

}  // namespace callstate::storage
