#include "core/seal/merkle.hpp"

#include <gtest/gtest.h>

#include "support/plain_sealer.hpp"

namespace callstate::seal {
namespace {

using support::plain_hash;

call::Hash record_hash(call::Position position) {
  call::Hash hash{};
  for (std::size_t i = 0; i < 8; ++i) hash[i] = static_cast<std::uint8_t>(position >> (8 * i));
  return hash;
}

std::vector<call::Hash> leaves_of(call::Position first, std::size_t count) {
  std::vector<call::Hash> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back(leaf_hash(plain_hash, first + i, record_hash(first + i)));
  }
  return leaves;
}

/// Word for word as section 2.1.1 of RFC 9162 defines it.
call::Hash defined_root(std::span<const call::Hash> leaves) {
  if (leaves.size() == 1) return leaves[0];
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  return node_hash(plain_hash, defined_root(leaves.first(split)),
                   defined_root(leaves.subspan(split)));
}

Tree tree_of(call::Position first, std::size_t count) {
  Tree tree(plain_hash);
  tree.start(first);
  for (std::size_t i = 0; i < count; ++i) tree.add(record_hash(first + i));
  return tree;
}

TEST(Merkle, TheRootOfATreeThatGrowsIsTheDefinedOne) {
  for (std::size_t count = 1; count <= 130; ++count) {
    EXPECT_EQ(tree_of(7, count).root(), defined_root(leaves_of(7, count))) << count;
  }
}

TEST(Merkle, ATreeOfSeveralChunksHasTheDefinedRootToo) {
  for (const std::size_t count :
       {chunk_positions, chunk_positions + 1, 3 * chunk_positions, 3 * chunk_positions + 77}) {
    EXPECT_EQ(tree_of(1, count).root(), defined_root(leaves_of(1, count))) << count;
  }
}

TEST(Merkle, AChunkIsTakenOutOfTheTreeWithARootOfItsOwn) {
  auto tree = tree_of(11, 2 * chunk_positions + 5);
  EXPECT_EQ(tree.take_chunk(), defined_root(leaves_of(11, chunk_positions)));
  EXPECT_EQ(tree.first(), 11 + chunk_positions);
  EXPECT_EQ(tree.root(), defined_root(leaves_of(11 + chunk_positions, chunk_positions + 5)));
  EXPECT_TRUE(tree.take_chunk());
  EXPECT_FALSE(tree.take_chunk());
  EXPECT_EQ(tree.size(), 5U);
}

TEST(Merkle, EveryPathLeadsToTheRootAndNoOtherDoes) {
  for (std::size_t count = 1; count <= 40; ++count) {
    const auto leaves = leaves_of(1, count);
    const auto root = defined_root(leaves);
    const Paths paths(plain_hash, leaves);
    for (std::size_t index = 0; index < count; ++index) {
      auto path = paths.of(index);
      EXPECT_EQ(path.size(), path_length(index, count));
      EXPECT_EQ(root_by(plain_hash, leaves[index], index, count, path), root);
      for (auto& hash : path) {
        hash[3] ^= 1U;
        EXPECT_NE(root_by(plain_hash, leaves[index], index, count, path), root);
        hash[3] ^= 1U;
      }
      for (std::size_t other = 0; other < count; ++other) {
        if (other == index) continue;
        EXPECT_NE(root_by(plain_hash, leaves[index], other, count, path), root);
      }
      path.push_back({});
      EXPECT_EQ(root_by(plain_hash, leaves[index], index, count, path), std::nullopt);
    }
  }
}

TEST(Merkle, ThereIsNoPathOfALeafBehindTheLast) {
  EXPECT_EQ(root_by(plain_hash, {}, 3, 3, {}), std::nullopt);
  EXPECT_EQ(root_by(plain_hash, {}, 0, 0, {}), std::nullopt);
}

TEST(Merkle, AllPathsOfATreeTakeNoMoreHashesThanItHasNodes) {
  static std::size_t hashed;
  hashed = 0;
  const auto leaves = leaves_of(1, chunk_positions);
  const Paths paths(
      [](std::span<const std::uint8_t> bytes) {
        ++hashed;
        return plain_hash(bytes);
      },
      leaves);
  for (std::size_t index = 0; index < leaves.size(); ++index) {
    EXPECT_EQ(paths.of(index).size(), 12U);
  }
  EXPECT_EQ(hashed, chunk_positions - 1);
}

}  // namespace
}  // namespace callstate::seal
