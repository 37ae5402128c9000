#include <flatbuffers/flatbuffers.h>

#include "schemas/snapshot_generated.h"
#include "storage/detail/flat.hpp"
#include "storage/snapshot_codec.hpp"

namespace callstate::storage {
namespace {

namespace fb = callstate::schemas;
using flat::take_enum;
using flat::take_text;
using flat::take_texts;
using flat::take_time;

static_assert(flat::same_last(fb::CallState::MAX, call::CallState::ended));
static_assert(flat::same_last(fb::CallRole::MAX, call::CallRole::callee));
static_assert(flat::same_last(fb::ParticipantState::MAX, call::ParticipantState::rejected));

/// A mark lists every live stream, each a table of its own.
constexpr flatbuffers::uoffset_t tables_max = 16'000'000;

/// The verified root, pointing into the bytes or their aligned copy.
class Verified {
 public:
  explicit Verified(std::span<const std::uint8_t> bytes) {
    if (bytes.size() > flat::bytes_max) return;
    const auto in_place = flat::aligned(bytes, scratch_);
    flatbuffers::Verifier verifier(in_place.data(), in_place.size(), 8, tables_max);
    if (fb::VerifySnapshotBuffer(verifier)) root_ = fb::GetSnapshot(in_place.data());
  }

  template <class T>
  [[nodiscard]] const T* state() const {
    return root_ == nullptr ? nullptr : root_->state_as<T>();
  }
  [[nodiscard]] bool folded_by(const call::Hash& reducer) const {
    call::Hash stored;
    flat::take_hash(root_->reducer(), stored);
    return stored == reducer;
  }

 private:
  std::vector<std::uint64_t> scratch_;
  const fb::Snapshot* root_ = nullptr;
};

bool take(const fb::Participant& from, call::Participant& to) {
  to.grace_deadline = take_time(from.grace_deadline());
  to.ring_deadline = take_time(from.ring_deadline());
  to.invited_by = from.invited_by();
  to.invited_position = from.invited_position();
  to.invited_seq = from.invited_seq();
  to.invited_at = take_time(from.invited_at());
  return take_text(from.user(), to.user) && take_enum(from.role(), to.role) &&
         take_enum(from.state(), to.state) &&
         take_enum(from.before_disconnect(), to.before_disconnect) &&
         take_texts(from.rang_on(), to.rang_on) && take_text(from.answered_on(), to.answered_on);
}

bool take(const fb::Room& from, call::Room& to) {
  to.seq = from.seq();
  to.position = from.position();
  flat::take_hash(from.chain(), to.chain);
  flat::take_call(from.call(), to.call);
  take_text(from.caller_name(), to.caller_name);
  take_text(from.callee_name(), to.callee_name);
  take_text(from.metadata(), to.metadata);
  take_text(from.media_room(), to.media_room);
  to.started_position = from.started_position();
  to.started_seq = from.started_seq();
  to.started_at = take_time(from.started_at());
  to.answered_at = take_time(from.answered_at());
  to.ended_at = take_time(from.ended_at());
  to.ring_deadline = take_time(from.ring_deadline());
  to.max_deadline = take_time(from.max_deadline());
  to.group = from.group();
  to.participants.resize(from.participants() == nullptr ? 0 : from.participants()->size());
  for (flatbuffers::uoffset_t i = 0; i < to.participants.size(); ++i) {
    if (!take(*from.participants()->Get(i), to.participants[i])) return false;
    if (to.participants[i].invited_by >= to.participants.size()) return false;
  }
  return take_enum(from.state(), to.state) && take_enum(from.end_reason(), to.end_reason);
}

bool take(const fb::Stream& from, call::Stream& to) {
  return take_enum(from.kind(), to.kind) && take_text(from.tenant(), to.tenant) &&
         take_text(from.name(), to.name);
}

bool take(const fb::Audience& from, engine::SnapshotStore::Audience& to) {
  if (from.room() == nullptr || !take(*from.room(), to.room)) return false;
  if (from.hearers() == nullptr) return true;
  for (const auto* hearer : *from.hearers()) {
    to.hearers.push_back({{hearer->user().first(), hearer->user().second()}, hearer->present()});
  }
  return true;
}

}  // namespace

std::optional<call::Room> decode_room(std::span<const std::uint8_t> bytes,
                                      const call::Hash& reducer) {
  const Verified verified(bytes);
  const auto* from = verified.state<fb::Room>();
  std::optional<call::Room> room(std::in_place);
  if (from == nullptr || !verified.folded_by(reducer) || !take(*from, *room)) room.reset();
  return room;
}

std::optional<call::User> decode_user(std::span<const std::uint8_t> bytes,
                                      const call::Hash& reducer) {
  const Verified verified(bytes);
  const auto* from = verified.state<fb::User>();
  if (from == nullptr || !verified.folded_by(reducer)) return std::nullopt;
  call::User user;
  user.seq = from->seq();
  user.position = from->position();
  flat::take_hash(from->chain(), user.chain);
  user.online = from->online();
  user.offline_deadline = take_time(from->offline_deadline());
  user.revoked_before = take_time(from->revoked_before());
  return user;
}

std::optional<Mark> decode_mark(std::span<const std::uint8_t> bytes, const call::Hash& reducer) {
  const Verified verified(bytes);
  const auto* from = verified.state<fb::Mark>();
  if (from == nullptr || !verified.folded_by(reducer)) return std::nullopt;
  Mark mark;
  mark.position = from->position();
  mark.live.resize(from->live() == nullptr ? 0 : from->live()->size());
  for (flatbuffers::uoffset_t i = 0; i < mark.live.size(); ++i) {
    if (!take(*from->live()->Get(i), mark.live[i])) return std::nullopt;
  }
  if (from->key() == nullptr) return std::nullopt;
  mark.key = {from->key()->first(), from->key()->second()};
  mark.audiences.resize(from->audiences() == nullptr ? 0 : from->audiences()->size());
  for (flatbuffers::uoffset_t i = 0; i < mark.audiences.size(); ++i) {
    if (!take(*from->audiences()->Get(i), mark.audiences[i])) return std::nullopt;
  }
  if (const auto* seal = from->seal(); seal != nullptr) {
    mark.seal.position = seal->position();
    mark.seal.last = seal->last();
    flat::take_hash(&seal->hash(), mark.seal.hash);
  }
  return mark;
}

std::optional<call::Position> decode_mark_position(std::span<const std::uint8_t> bytes) {
  const Verified verified(bytes);
  const auto* from = verified.state<fb::Mark>();
  if (from == nullptr) return std::nullopt;
  return from->position();
}

}  // namespace callstate::storage
