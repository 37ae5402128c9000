#include <flatbuffers/flatbuffers.h>

#include <cstring>
#include <utility>
#include <variant>

#include "schemas/record_generated.h"
#include "storage/detail/flat.hpp"
#include "storage/record_codec.hpp"

namespace callstate::storage {
namespace {

namespace fb = callstate::schemas;
using flat::take_enum;
using flat::take_text;
using flat::take_texts;
using flat::take_time;

static_assert(flat::same_last(fb::StreamKind::MAX, call::StreamKind::server));
static_assert(flat::same_last(fb::Role::MAX, call::Role::system));
static_assert(flat::same_last(fb::Outcome::MAX, call::Outcome::refused));
static_assert(flat::same_last(fb::ErrorCode::MAX, call::ErrorCode::directory_unavailable));
static_assert(flat::same_last(fb::EndReason::MAX, call::EndReason::media_finished));
static_assert(flat::same_last(fb::LeaveReason::MAX, call::LeaveReason::no_answer));
static_assert(static_cast<std::size_t>(fb::Payload::MAX) == std::variant_size_v<call::Payload>);

bool take_role(fb::PartyRole from, call::KnownRole& to) {
  switch (from) {
    case fb::PartyRole::unknown:
      to.reset();
      return true;
    case fb::PartyRole::crm_user:
      to = call::Role::crm_user;
      return true;
    case fb::PartyRole::portal_customer:
      to = call::Role::portal_customer;
      return true;
  }
  return false;  // of a newer version
}

bool take_roles(const flatbuffers::Vector<fb::PartyRole>* from, std::vector<call::KnownRole>& to) {
  const auto size = from == nullptr ? 0U : from->size();
  to.resize(size);
  for (flatbuffers::uoffset_t i = 0; i < size; ++i) {
    if (!take_role(from->Get(i), to[i])) return false;
  }
  return true;
}

// One overload an event: false when a value is unknown or does not fit.

bool take(const fb::CallStarted& from, call::CallStarted& to) {
  take_text(from.caller_name(), to.caller_name);
  take_text(from.callee_name(), to.callee_name);
  take_text(from.metadata(), to.metadata);
  take_text(from.media_room(), to.media_room);
  to.ring_deadline = take_time(from.ring_deadline());
  return take_text(from.caller(), to.caller) && take_texts(from.callees(), to.callees) &&
         take_roles(from.callee_roles(), to.callee_roles) &&
         take_role(from.caller_role(), to.caller_role);
}
bool take(const fb::Ringing&, call::Ringing&) {
  return true;
}
bool take(const fb::Accepted& from, call::Accepted& to) {
  to.max_deadline = take_time(from.max_deadline());
  return true;
}
bool take(const fb::Rejected& from, call::Rejected& to) {
  take_text(from.reason(), to.reason);
  return true;
}
bool take(const fb::Ended& from, call::Ended& to) {
  take_text(from.detail(), to.detail);
  to.duration_s = from.duration_s();
  return take_enum(from.reason(), to.reason);
}
bool take(const fb::TimedOut&, call::TimedOut&) {
  return true;
}
bool take(const fb::CalleeOffline& from, call::CalleeOffline& to) {
  return take_text(from.callee(), to.callee);
}
bool take(const fb::Invited& from, call::Invited& to) {
  take_text(from.media_room(), to.media_room);
  to.ring_deadline = take_time(from.ring_deadline());
  return take_texts(from.callees(), to.callees) && take_roles(from.callee_roles(), to.callee_roles);
}
bool take(const fb::Signaled& from, call::Signaled& to) {
  take_text(from.data(), to.data);
  return take_text(from.to(), to.to);
}
bool take(const fb::ParticipantJoined& from, call::ParticipantJoined& to) {
  return take_text(from.user(), to.user);
}
bool take(const fb::ParticipantLeft& from, call::ParticipantLeft& to) {
  to.grace_deadline = take_time(from.grace_deadline());
  return take_text(from.user(), to.user) && take_enum(from.reason(), to.reason);
}
bool take(const fb::UserOnline&, call::UserOnline&) {
  return true;
}
bool take(const fb::UserOffline&, call::UserOffline&) {
  return true;
}
bool take(const fb::UserInCall& from, call::UserInCall& to) {
  return take_text(from.room(), to.room);
}
bool take(const fb::ServerStarted& from, call::ServerStarted& to) {
  take_text(from.version(), to.version);
  to.grace_deadline = take_time(from.grace_deadline());
  to.presence_deadline = take_time(from.presence_deadline());
  return true;
}
bool take(const fb::MediaReported& from, call::MediaReported& to) {
  take_text(from.event(), to.event);
  take_text(from.detail(), to.detail);
  to.reported_at = take_time(from.reported_at());
  return take_text(from.user(), to.user);
}
bool take(const fb::Revoked& from, call::Revoked& to) {
  to.before = take_time(from.before());
  return true;
}

/// Stored bytes of a fixed size; left out: all zero.
template <class Stored, class Bytes>
void take_bytes(const Stored* stored, Bytes& out) {
  static_assert(sizeof(Stored) == sizeof(Bytes));
  out.fill(0);
  if (stored != nullptr) std::memcpy(out.data(), stored->bytes()->data(), out.size());
}
// Not inlined: g++ 12 would warn of writing into the smaller ones of the variant.
[[gnu::noinline]] bool take(const fb::Sealed& from, call::Sealed& to) {
  to.first = from.first();
  to.last = from.last();
  to.previous_seal = from.previous_seal();
  flat::take_hash(from.root(), to.root);
  flat::take_hash(from.previous(), to.previous);
  take_text(from.log_id(), to.log_id);
  take_bytes(from.key(), to.key);
  take_bytes(from.signature(), to.signature);
  return true;
}

template <class Table, class Fact>
bool take_fact(const fb::Record& from, call::Payload& to) {
  constexpr auto type = fb::PayloadTraits<Table>::enum_value;
  static_assert(
      std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(type) - 1, call::Payload>,
                     Fact>,
      "the union's order is the variant's");
  const auto* table = static_cast<const Table*>(from.payload());
  if (table == nullptr) return false;
  auto* fact = std::get_if<Fact>(&to);
  return take(*table, fact != nullptr ? *fact : to.emplace<Fact>());
}

bool take_payload(const fb::Record& from, call::Payload& to) {
  switch (from.payload_type()) {
    case fb::Payload::CallStarted:
      return take_fact<fb::CallStarted, call::CallStarted>(from, to);
    case fb::Payload::Ringing:
      return take_fact<fb::Ringing, call::Ringing>(from, to);
    case fb::Payload::Accepted:
      return take_fact<fb::Accepted, call::Accepted>(from, to);
    case fb::Payload::Rejected:
      return take_fact<fb::Rejected, call::Rejected>(from, to);
    case fb::Payload::Ended:
      return take_fact<fb::Ended, call::Ended>(from, to);
    case fb::Payload::TimedOut:
      return take_fact<fb::TimedOut, call::TimedOut>(from, to);
    case fb::Payload::CalleeOffline:
      return take_fact<fb::CalleeOffline, call::CalleeOffline>(from, to);
    case fb::Payload::Invited:
      return take_fact<fb::Invited, call::Invited>(from, to);
    case fb::Payload::Signaled:
      return take_fact<fb::Signaled, call::Signaled>(from, to);
    case fb::Payload::ParticipantJoined:
      return take_fact<fb::ParticipantJoined, call::ParticipantJoined>(from, to);
    case fb::Payload::ParticipantLeft:
      return take_fact<fb::ParticipantLeft, call::ParticipantLeft>(from, to);
    case fb::Payload::UserOnline:
      return take_fact<fb::UserOnline, call::UserOnline>(from, to);
    case fb::Payload::UserOffline:
      return take_fact<fb::UserOffline, call::UserOffline>(from, to);
    case fb::Payload::UserInCall:
      return take_fact<fb::UserInCall, call::UserInCall>(from, to);
    case fb::Payload::ServerStarted:
      return take_fact<fb::ServerStarted, call::ServerStarted>(from, to);
    case fb::Payload::MediaReported:
      return take_fact<fb::MediaReported, call::MediaReported>(from, to);
    case fb::Payload::Revoked:
      return take_fact<fb::Revoked, call::Revoked>(from, to);
    case fb::Payload::Sealed:
      return take_fact<fb::Sealed, call::Sealed>(from, to);
    case fb::Payload::NONE:
      break;
  }
  return false;  // none, or an event of a newer version
}

/// By the identifier behind the root's offset. The generated check of it calls
/// strncmp, which is a fiftieth of a replay.
bool is_record(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t at = sizeof(flatbuffers::uoffset_t);
  constexpr std::size_t size = flatbuffers::kFileIdentifierLength;
  return bytes.size() >= at + size &&
         std::memcmp(bytes.data() + at, fb::RecordIdentifier(), size) == 0;
}

bool take_actor(const fb::Actor* from, call::Actor& to) {
  if (from == nullptr) {
    to.user = call::UserId::clipped(call::system_actor);
    to.role = call::Role::system;
    to.device = {};
    return true;
  }
  return take_text(from->user(), to.user) && take_enum(from->role(), to.role) &&
         take_text(from->device(), to.device);
}

}  // namespace

struct RecordDecoder::Buffer {
  std::vector<std::uint64_t> scratch;
};

RecordDecoder::RecordDecoder() : buffer_(std::make_unique<Buffer>()) {}
RecordDecoder::~RecordDecoder() = default;
RecordDecoder::RecordDecoder(RecordDecoder&&) noexcept = default;
RecordDecoder& RecordDecoder::operator=(RecordDecoder&&) noexcept = default;

std::string_view RecordDecoder::decode(std::span<const std::uint8_t> bytes, call::Record& record) {
  if (bytes.size() > flat::bytes_max) return "it is larger than any record";
  const auto from_bytes = flat::aligned(bytes, buffer_->scratch);
  flatbuffers::Verifier verifier(from_bytes.data(), from_bytes.size(), 8, 8);
  if (!is_record(from_bytes) || !verifier.VerifyBuffer<fb::Record>(nullptr)) {
    return "its bytes do not verify as a record";
  }
  const auto& from = *fb::GetRecord(from_bytes.data());

  const bool known =
      take_enum(from.kind(), record.stream.kind) && take_enum(from.outcome(), record.outcome) &&
      take_enum(from.refusal(), record.refusal) && take_actor(from.actor(), record.actor);
  if (!known) return "it holds a value that this version does not know";
  const bool fits = take_text(from.tenant(), record.stream.tenant) &&
                    take_text(from.stream(), record.stream.name) &&
                    take_text(from.message_id(), record.message_id);
  if (!fits) return "it holds a text longer than its bound";
  if (!take_payload(from, record.payload)) {
    return "its payload is of a type or holds a value that this version does not know";
  }
  record.seq = from.seq();
  record.at = take_time(from.at());
  flat::take_call(from.call(), record.call);
  flat::take_hash(from.previous(), record.previous);
  return {};
}

}  // namespace callstate::storage
