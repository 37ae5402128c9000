#include "core/engine/dedup.hpp"

#include <bit>
#include <cstring>

namespace callstate::engine {

Dedup::Dedup(std::size_t window, HashKey key)
    : key_(key), ring_(std::bit_ceil(window)), table_(std::bit_ceil(window) * 2) {}

Fingerprint Dedup::key_of(const call::TenantId& tenant, const call::UserId& user,
                          std::string_view room, const call::MessageId& id) const {
  // Each part is preceded by its length, so that no two tuples give one text.
  char text[8 + call::TenantId::bytes_max + call::UserId::bytes_max + call::RoomName::bytes_max +
            call::MessageId::bytes_max];
  std::size_t size = 0;
  for (const std::string_view part : {tenant.view(), user.view(), room, id.view()}) {
    const auto length = static_cast<std::uint16_t>(part.size());
    std::memcpy(text + size, &length, 2);
    std::memcpy(text + size + 2, part.data(), part.size());
    size += 2 + part.size();
  }
  return fingerprint(key_, {text, size});
}

std::optional<Remembered> Dedup::find(const call::TenantId& tenant, const call::UserId& user,
                                      std::string_view room, const call::MessageId& id) const {
  const Fingerprint key = key_of(tenant, user, room, id);
  for (std::size_t slot = home(key); table_[slot] != 0; slot = (slot + 1) & (table_.size() - 1)) {
    const Entry& entry = at(table_[slot]);
    if (entry.key == key) return entry.what;
  }
  return std::nullopt;
}

void Dedup::add(const call::Record& record) {
  // Whose turn to be forgotten it will be soon: fetched before it is needed.
  constexpr call::Position ahead = 8;
  if (const Entry& soon = at(record.position + ahead); soon.what.position != 0) {
    __builtin_prefetch(&table_[home(soon.key)]);
  }
  Entry& entry = at(record.position);
  if (entry.what.position != 0) forget(entry);
  entry.what.position = 0;
  if (record.message_id.empty()) return;
  entry.key =
      key_of(record.stream.tenant, record.actor.user, record.stream.name.view(), record.message_id);
  entry.what = {record.position, record.seq, record.outcome, record.refusal};
  std::size_t slot = home(entry.key);
  while (table_[slot] != 0) slot = (slot + 1) & (table_.size() - 1);
  table_[slot] = record.position;
}

// Linear probing without tombstones: whatever follows in the run and may move
// closer to its home moves into the gap.
void Dedup::forget(Entry& entry) {
  const std::size_t mask = table_.size() - 1;
  std::size_t gap = home(entry.key);
  while (table_[gap] != entry.what.position) gap = (gap + 1) & mask;
  for (std::size_t next = (gap + 1) & mask; table_[next] != 0; next = (next + 1) & mask) {
    const std::size_t wanted = home(at(table_[next]).key);
    if (((next - wanted) & mask) >= ((next - gap) & mask)) {
      table_[gap] = table_[next];
      gap = next;
    }
  }
  table_[gap] = 0;
}

}  // namespace callstate::engine
