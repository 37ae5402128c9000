#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/call/state.hpp"
#include "core/engine/ports.hpp"

namespace callstate::storage {

using Mark = engine::SnapshotStore::Mark;

/// States to bytes (schemas/snapshot.fbs), under the version of the rules that
/// folded them. The bytes are valid until the next call. One thread at a time.
class SnapshotEncoder {
 public:
  explicit SnapshotEncoder(const call::Hash& reducer);
  ~SnapshotEncoder();

  std::span<const std::uint8_t> encode(const call::Room& room);
  std::span<const std::uint8_t> encode(const call::User& user);
  std::span<const std::uint8_t> encode(const Mark& mark);

 private:
  struct Buffer;
  std::unique_ptr<Buffer> buffer_;
  call::Hash reducer_;
};

// Bytes to states. Nothing when the bytes do not verify, hold something else or
// were folded by other rules than `reducer`: a state can always be folded anew.
// Any thread.

std::optional<call::Room> decode_room(std::span<const std::uint8_t> bytes,
                                      const call::Hash& reducer);
std::optional<call::User> decode_user(std::span<const std::uint8_t> bytes,
                                      const call::Hash& reducer);
std::optional<Mark> decode_mark(std::span<const std::uint8_t> bytes, const call::Hash& reducer);

/// The mark's position whatever rules it was made under: the log has reached it.
std::optional<call::Position> decode_mark_position(std::span<const std::uint8_t> bytes);

}  // namespace callstate::storage
