#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/call/ids.hpp"

// The Merkle tree of RFC 9162 (section 2.1) over the records of an interval of
// positions. An entry is a record's position and the SHA-256 of its bytes, which is
// what the chain of its stream has of it too, so that no record is hashed twice:
//
//   leaf = SHA-256(0x00 ‖ position, 8 bytes big-endian ‖ SHA-256(record))
//   node = SHA-256(0x01 ‖ left ‖ right)

namespace callstate::seal {

/// SHA-256. Any thread.
using HashFunction = call::Hash (*)(std::span<const std::uint8_t> bytes);

[[nodiscard]] call::Hash leaf_hash(HashFunction hash, call::Position position,
                                   const call::Hash& record);
[[nodiscard]] call::Hash node_hash(HashFunction hash, const call::Hash& left,
                                   const call::Hash& right);

/// Positions whose tree is kept as one hash, and that are sealed together when they
/// are sealed later than the records behind them: a power of two.
constexpr call::Position chunk_positions = 4'096;

/// The tree over consecutive positions as they come. Memory: a hash for each chunk.
class Tree {
 public:
  explicit Tree(HashFunction hash) : hash_(hash) {}

  /// Forgets all; the next position to come is `first`.
  void start(call::Position first);
  /// The next position's record, by the hash of its bytes.
  void add(const call::Hash& record);

  [[nodiscard]] call::Position first() const { return first_; }
  [[nodiscard]] call::Position next() const { return next_; }
  [[nodiscard]] call::Position size() const { return next_ - first_; }

  /// Of all that came. Not of an empty tree.
  [[nodiscard]] call::Hash root() const;
  /// The root of the first chunk alone, which is taken out of the tree. Nothing when
  /// there is no whole one.
  [[nodiscard]] std::optional<call::Hash> take_chunk();

 private:
  HashFunction hash_;
  call::Position first_ = 1;
  call::Position next_ = 1;
  std::vector<call::Hash> chunks_;      // of whole chunks
  std::array<call::Hash, 12> peaks_{};  // of the one under way: peaks_[i] of 2^i positions
};
static_assert(chunk_positions == 1U << 12U);

/// The audit paths of section 2.1.3, of all leaves of one tree. Memory: a hash for each
/// leaf and node.
class Paths {
 public:
  Paths(HashFunction hash, std::vector<call::Hash> leaves);

  /// The hashes that lead from the leaf `index` (from 0) to the root.
  [[nodiscard]] std::vector<call::Hash> of(std::size_t index) const;

 private:
  std::vector<std::vector<call::Hash>> levels_;  // the leaves, …, the root
};
/// How many hashes such a path has.
[[nodiscard]] std::size_t path_length(std::uint64_t index, std::uint64_t size);
/// The root that they lead to; nothing when there is no such path.
[[nodiscard]] std::optional<call::Hash> root_by(HashFunction hash, const call::Hash& leaf,
                                                std::uint64_t index, std::uint64_t size,
                                                std::span<const call::Hash> path);

}  // namespace callstate::seal
