#include "core/seal/merkle.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace callstate::seal {
namespace {

constexpr std::uint8_t leaf_prefix = 0x00;
constexpr std::uint8_t node_prefix = 0x01;

/// The largest power of two below `size`.
std::uint64_t split_of(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

}  // namespace

call::Hash leaf_hash(HashFunction hash, call::Position position, const call::Hash& record) {
  std::array<std::uint8_t, 1 + 8 + 32> bytes{leaf_prefix};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[1 + i] = static_cast<std::uint8_t>(position >> (8 * (7 - i)));
  }
  std::ranges::copy(record, bytes.begin() + 9);
  return hash(bytes);
}

call::Hash node_hash(HashFunction hash, const call::Hash& left, const call::Hash& right) {
  std::array<std::uint8_t, 1 + 32 + 32> bytes{node_prefix};
  std::ranges::copy(left, bytes.begin() + 1);
  std::ranges::copy(right, bytes.begin() + 33);
  return hash(bytes);
}

void Tree::start(call::Position first) {
  first_ = next_ = first;
  chunks_.clear();
}

// As one counts in binary: where two trees of a size meet they become one.
void Tree::add(const call::Hash& record) {
  call::Hash node = leaf_hash(hash_, next_, record);
  const call::Position before = size() % chunk_positions;
  ++next_;
  std::size_t level = 0;
  for (; ((before >> level) & 1U) != 0; ++level) node = node_hash(hash_, peaks_[level], node);
  if (level == peaks_.size()) {
    chunks_.push_back(node);
  } else {
    peaks_[level] = node;
  }
}

call::Hash Tree::root() const {
  assert(size() > 0);
  // From the right: the small trees of the chunk under way, then whole chunks, which
  // pair up among themselves likewise.
  std::optional<call::Hash> root;
  const auto take = [&](const call::Hash& left) {
    root = root ? node_hash(hash_, left, *root) : left;
  };
  const call::Position rest = size() % chunk_positions;
  for (std::size_t level = 0; level < peaks_.size(); ++level) {
    if (((rest >> level) & 1U) != 0) take(peaks_[level]);
  }
  std::vector<call::Hash> pairs = chunks_;
  while (!pairs.empty()) {
    if (pairs.size() % 2 != 0) {
      take(pairs.back());
      pairs.pop_back();
    }
    for (std::size_t i = 0; i < pairs.size() / 2; ++i) {
      pairs[i] = node_hash(hash_, pairs[2 * i], pairs[2 * i + 1]);
    }
    pairs.resize(pairs.size() / 2);
  }
  return *root;
}

std::optional<call::Hash> Tree::take_chunk() {
  if (chunks_.empty()) return std::nullopt;
  const call::Hash root = chunks_.front();
  chunks_.erase(chunks_.begin());
  first_ += chunk_positions;
  return root;
}

// The largest power of two below a size splits it: so nodes pair up from the left, and
// one that is left over is its own parent.
Paths::Paths(HashFunction hash, std::vector<call::Hash> leaves) {
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) {
    const auto& below = levels_.back();
    std::vector<call::Hash> level;
    level.reserve((below.size() + 1) / 2);
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
      level.push_back(node_hash(hash, below[i], below[i + 1]));
    }
    if (below.size() % 2 != 0) level.push_back(below.back());
    levels_.push_back(std::move(level));
  }
}

std::vector<call::Hash> Paths::of(std::size_t index) const {
  std::vector<call::Hash> path;
  for (const auto& level : levels_) {
    const std::size_t other = index ^ 1U;
    if (other < level.size()) path.push_back(level[other]);
    index /= 2;
  }
  return path;
}

std::size_t path_length(std::uint64_t index, std::uint64_t size) {
  std::size_t length = 0;
  for (; size > 1; ++length) {
    const std::uint64_t split = split_of(size);
    size = index < split ? split : size - split;
    if (index >= split) index -= split;
  }
  return length;
}

std::optional<call::Hash> root_by(HashFunction hash, const call::Hash& leaf, std::uint64_t index,
                                  std::uint64_t size, std::span<const call::Hash> path) {
  if (index >= size || path.size() != path_length(index, size)) return std::nullopt;
  // Section 2.1.3.2.
  call::Hash root = leaf;
  std::uint64_t at = index;
  std::uint64_t last = size - 1;
  for (const auto& other : path) {
    if ((at & 1U) != 0 || at == last) {
      root = node_hash(hash, other, root);
      while ((at & 1U) == 0 && at != 0) {
        at >>= 1U;
        last >>= 1U;
      }
    } else {
      root = node_hash(hash, root, other);
    }
    at >>= 1U;
    last >>= 1U;
  }
  return root;
}

}  // namespace callstate::seal
