#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/ids.hpp"

// Positions as keys, and runs of them.

namespace callstate::storage {

/// A position as the log's key: 8 bytes, big-endian, so that keys sort alike.
struct PositionKey {
  explicit PositionKey(call::Position position);
  [[nodiscard]] std::string_view view() const { return {bytes.data(), bytes.size()}; }

  std::array<char, 8> bytes;
};
/// Before a position as a key: which one the record had in the log that it is a
/// part of.
constexpr char original_prefix = 'p';
/// Of the family `meta`: under which a part of a log keeps the record's original
/// position.
std::string original_key(call::Position position);
/// Nothing for a key of another length, or 0.
std::optional<call::Position> parse_position(std::string_view key);

/// Positions `first` … `last`, both included.
struct Extent {
  call::Position first = 0;
  call::Position last = 0;

  friend bool operator==(const Extent&, const Extent&) = default;
};

/// Sorts; joins those that touch or overlap.
std::vector<Extent> joined(std::vector<Extent> extents);

/// What `held` lacks of 1 … its last position.
std::vector<Extent> gaps(std::vector<Extent> held);

/// `position 7`, `positions 101 to 173`, `positions 1 to 3, 7 and 9 to 12`; of
/// very many only the first are listed.
std::string describe(const std::vector<Extent>& extents);

}  // namespace callstate::storage
