#include "core/engine/keyed_hash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <utility>

namespace callstate::engine {
namespace {

// The reference implementation's vectors: key 00 … 0f, input 00, 01, … of
// growing length.
TEST(KeyedHash, GivesTheReferenceVectorsOfSipHash24) {
  constexpr HashKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
  constexpr std::array<std::uint64_t, 10> expected{
      0x726fdb47dd0e0e31ULL, 0x74f839c593dc67fdULL, 0x0d6c8009d9a94f5aULL, 0x85676696d7fb7e2dULL,
      0xcf2794e0277187b7ULL, 0x18765564cd99a68dULL, 0xcbc9466e58fee3ceULL, 0xab0200f58b01d137ULL,
      0x93f5f5799a932462ULL, 0x9e0082df0ba9e4b0ULL};
  std::string input;
  for (std::size_t length = 0; length < expected.size(); ++length) {
    EXPECT_EQ(keyed_hash(key, input), expected[length]) << length << " bytes";
    input.push_back(static_cast<char>(length));
  }
  // The example of the paper's appendix: 15 bytes.
  while (input.size() < 15) input.push_back(static_cast<char>(input.size()));
  EXPECT_EQ(keyed_hash(key, input), 0xa129ca6149be45e5ULL);
}

TEST(KeyedHash, DependsOnBothHalvesOfTheKey) {
  EXPECT_NE(keyed_hash({1, 2}, "room"), keyed_hash({1, 3}, "room"));
  EXPECT_NE(keyed_hash({1, 2}, "room"), keyed_hash({2, 2}, "room"));
}

TEST(Fingerprint, TellsTextsAndKeysApart) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  std::string input;
  for (int length = 0; length < 300; ++length) {
    for (const HashKey key : {HashKey{1, 2}, HashKey{1, 3}, HashKey{2, 2}}) {
      const Fingerprint made = fingerprint(key, input);
      EXPECT_EQ(made, fingerprint(key, input));
      EXPECT_NE(made.first, made.second);
      EXPECT_TRUE(seen.emplace(made.first, made.second).second) << length << " bytes";
    }
    input.push_back('a');
  }
}

}  // namespace
}  // namespace callstate::engine
