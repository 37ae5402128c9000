#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"
#include "core/engine/keyed_hash.hpp"

namespace callstate::engine {

/// What became of a message that carried an id.
struct Remembered {
  call::Position position = 0;
  call::Seq seq = 0;
  call::Outcome outcome = call::Outcome::applied;
  call::ErrorCode refusal = call::ErrorCode::none;
};

/// The ids of the messages among the last `window` positions of the log, and
/// what became of each. A fold of the log's tail, so a restart rebuilds it by
/// reading that tail. An id is told apart by tenant, user and room: a client
/// that counts its ids anew for each room is served as it expects.
///
/// Holds fingerprints, not texts: 56 bytes a position, all at once. One thread.
class Dedup {
 public:
  /// `window` is rounded up to a power of two.
  Dedup(std::size_t window, HashKey key);

  [[nodiscard]] std::size_t window() const { return ring_.size(); }

  /// Whether (tenant, user, room, id) is in the window.
  [[nodiscard]] std::optional<Remembered> find(const call::TenantId& tenant,
                                               const call::UserId& user, std::string_view room,
                                               const call::MessageId& id) const;

  /// Takes in the next record, with or without an id. Positions must rise.
  void add(const call::Record& record);

 private:
  struct Entry {
    Fingerprint key;
    Remembered what;  // position 0: no id at this place
  };

  [[nodiscard]] Fingerprint key_of(const call::TenantId& tenant, const call::UserId& user,
                                   std::string_view room, const call::MessageId& id) const;
  [[nodiscard]] std::size_t home(const Fingerprint& key) const {
    return key.first & (table_.size() - 1);
  }
  [[nodiscard]] Entry& at(call::Position position) { return ring_[position & (ring_.size() - 1)]; }
  [[nodiscard]] const Entry& at(call::Position position) const {
    return ring_[position & (ring_.size() - 1)];
  }
  void forget(Entry& entry);

  HashKey key_;
  std::vector<Entry> ring_;            // by position modulo its size
  std::vector<call::Position> table_;  // open addressing by hash; 0 is free
};

}  // namespace callstate::engine
