#include "storage/snapshot_codec.hpp"

#include <gtest/gtest.h>

#include "storage/sample_records.hpp"
#include "storage/sample_states.hpp"

namespace callstate::storage::testing {
namespace {

constexpr call::Hash rules{1, 2, 3};
constexpr call::Hash other_rules{1, 2, 4};

TEST(SnapshotCodec, RoomsComeBackAsTheyWere) {
  SnapshotEncoder encoder(rules);
  EXPECT_EQ(decode_room(encoder.encode(sample_room()), rules), sample_room());
  EXPECT_EQ(decode_room(encoder.encode(call::Room{}), rules), call::Room{});
}

TEST(SnapshotCodec, UsersComeBackAsTheyWere) {
  SnapshotEncoder encoder(rules);
  EXPECT_EQ(decode_user(encoder.encode(sample_user()), rules), sample_user());
  EXPECT_EQ(decode_user(encoder.encode(call::User{}), rules), call::User{});
}

TEST(SnapshotCodec, MarksComeBackAsTheyWere) {
  SnapshotEncoder encoder(rules);
  const Mark mark{42, {room_stream("standup"), user_stream("alice")}};
  const auto back = decode_mark(encoder.encode(mark), rules);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->position, 42U);
  EXPECT_EQ(back->live, mark.live);
}

TEST(SnapshotCodec, StatesOfOtherRulesAreAbsent) {
  SnapshotEncoder encoder(rules);
  EXPECT_FALSE(decode_room(encoder.encode(sample_room()), other_rules));
  EXPECT_FALSE(decode_user(encoder.encode(sample_user()), other_rules));
  EXPECT_FALSE(decode_mark(encoder.encode(Mark{9, {}}), other_rules));
  EXPECT_EQ(decode_mark_position(encoder.encode(Mark{9, {}})), 9U);
}

TEST(SnapshotCodec, OneKindIsNotTakenForAnother) {
  SnapshotEncoder encoder(rules);
  EXPECT_FALSE(decode_user(encoder.encode(sample_room()), rules));
  EXPECT_FALSE(decode_room(encoder.encode(sample_user()), rules));
  EXPECT_FALSE(decode_mark_position(encoder.encode(sample_user())));
}

TEST(SnapshotCodec, EveryFlippedBitAndTruncationDecodesOrIsAbsent) {
  SnapshotEncoder encoder(rules);
  const auto whole = encoder.encode(sample_room());
  std::vector<std::uint8_t> bytes(whole.begin(), whole.end());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    (void)decode_room(bytes, rules);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::uint8_t> cut(bytes.begin(),
                                        bytes.begin() + static_cast<std::ptrdiff_t>(size));
    (void)decode_room(cut, rules);
  }
}

}  // namespace
}  // namespace callstate::storage::testing
