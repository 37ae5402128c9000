#include "storage/detail/index_codec.hpp"

#include "schemas/index_generated.h"
#include "storage/detail/flat.hpp"

namespace callstate::storage::index {
namespace {

namespace fb = callstate::schemas;
using flat::put_text;
using flat::put_time;
using flat::take_enum;
using flat::take_text;
using flat::take_time;

static_assert(flat::same_last(fb::CallStatus::MAX, history::Status::failed));
static_assert(flat::same_last(fb::EndReason::MAX, call::EndReason::media_finished));
static_assert(flat::same_last(fb::Role::MAX, call::Role::system));

template <class Table>
std::span<const std::uint8_t> finish(flat::Builder& to, fb::Indexed kind,
                                     flatbuffers::Offset<Table> what) {
  to.Finish(fb::CreateIndexEntry(to, kind, what.Union()), fb::IndexEntryIdentifier());
  return {to.GetBufferPointer(), to.GetSize()};
}

/// Verifies the bytes and gives `use` what is in them, if it is of this kind.
template <class Table, class Made, class Use>
std::optional<Made> read(std::span<const std::uint8_t> bytes, const Use& use) {
  std::optional<Made> made;
  if (bytes.size() > flat::bytes_max) return made;
  std::vector<std::uint64_t> scratch;
  const auto in_place = flat::aligned(bytes, scratch);
  flatbuffers::Verifier verifier(in_place.data(), in_place.size());
  if (!fb::VerifyIndexEntryBuffer(verifier)) return made;
  const auto* from = fb::GetIndexEntry(in_place.data())->what_as<Table>();
  if (from == nullptr) return made;
  if (!use(*from, made.emplace())) made.reset();
  return made;
}

bool take(const fb::Party& from, history::Party& to) {
  if (const auto role = from.role()) {
    if (!take_enum(*role, to.role.emplace())) return false;
  }
  return take_text(from.user(), to.user);
}

bool take(const fb::CallRow& from, history::CallRow& to) {
  flat::take_call(from.id(), to.id);
  take_text(from.caller_name(), to.caller_name);
  take_text(from.callee_name(), to.callee_name);
  take_text(from.metadata(), to.metadata);
  take_text(from.end_detail(), to.end_detail);
  to.started_at = take_time(from.started_at());
  to.answered_at = take_time(from.answered_at());
  to.ended_at = take_time(from.ended_at());
  to.ring_deadline = take_time(from.ring_deadline());
  to.duration_s = from.duration_s();
  to.started_position = from.started_position();
  to.changed_position = from.changed_position();
  to.parties.resize(from.parties() == nullptr ? 0 : from.parties()->size());
  for (flatbuffers::uoffset_t i = 0; i < to.parties.size(); ++i) {
    if (!take(*from.parties()->Get(i), to.parties[i])) return false;
  }
  return take_text(from.tenant(), to.tenant) && take_text(from.room(), to.room) &&
         take_enum(from.status(), to.status) && take_enum(from.end_reason(), to.end_reason);
}

}  // namespace

std::span<const std::uint8_t> Encoder::encode(const history::CallRow& row) {
  auto& to = builder_;
  to.Clear();
  std::vector<flatbuffers::Offset<fb::Party>> parties;
  parties.reserve(row.parties.size());
  for (const auto& party : row.parties) {
    flatbuffers::Optional<fb::Role> role;
    if (party.role) role = static_cast<fb::Role>(*party.role);
    parties.push_back(fb::CreateParty(to, put_text(to, party.user.view()), role));
  }
  const auto id = flat::put_call(row.id);
  const auto tenant = put_text(to, row.tenant.view());
  const auto room = put_text(to, row.room.view());
  const auto people = to.CreateVector(parties);
  const auto caller_name = put_text(to, row.caller_name);
  const auto callee_name = put_text(to, row.callee_name);
  const auto metadata = put_text(to, row.metadata);
  const auto end_detail = put_text(to, row.end_detail);
  return finish(to, fb::Indexed::CallRow,
                fb::CreateCallRow(to, &id, tenant, room, people, caller_name, callee_name, metadata,
                                  static_cast<fb::CallStatus>(row.status), put_time(row.started_at),
                                  put_time(row.answered_at), put_time(row.ended_at),
                                  put_time(row.ring_deadline), row.duration_s,
                                  static_cast<fb::EndReason>(row.end_reason), end_detail,
                                  row.started_position, row.changed_position));
}

std::span<const std::uint8_t> Encoder::encode(const Checkpoint& checkpoint) {
  builder_.Clear();
  const auto version = flat::put_hash(checkpoint.version);
  const auto log_id = put_text(builder_, checkpoint.log_id);
  return finish(builder_, fb::Indexed::Checkpoint,
                fb::CreateCheckpoint(builder_, &version, log_id, checkpoint.position));
}

std::span<const std::uint8_t> Encoder::encode(const Skipped& skipped) {
  builder_.Clear();
  const auto reason = put_text(builder_, skipped.reason);
  return finish(builder_, fb::Indexed::Skipped,
                fb::CreateSkipped(builder_, reason, put_time(skipped.at)));
}

std::optional<history::CallRow> decode_call(std::span<const std::uint8_t> bytes) {
  return read<fb::CallRow, history::CallRow>(
      bytes, [](const fb::CallRow& from, history::CallRow& to) { return take(from, to); });
}

std::optional<Checkpoint> decode_checkpoint(std::span<const std::uint8_t> bytes) {
  return read<fb::Checkpoint, Checkpoint>(bytes, [](const fb::Checkpoint& from, Checkpoint& to) {
    flat::take_hash(from.version(), to.version);
    take_text(from.log_id(), to.log_id);
    to.position = from.position();
    return true;
  });
}

std::optional<Skipped> decode_skipped(std::span<const std::uint8_t> bytes) {
  return read<fb::Skipped, Skipped>(bytes, [](const fb::Skipped& from, Skipped& to) {
    take_text(from.reason(), to.reason);
    to.at = take_time(from.at());
    return true;
  });
}

}  // namespace callstate::storage::index
