#include "core/engine/dedup.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace callstate::engine {
namespace {

call::Record record(call::Position position, std::string_view id, std::string_view user = "ann",
                    std::string_view room = "r1", std::string_view tenant = "acme") {
  call::Record made;
  made.position = position;
  made.seq = position * 10;
  made.stream = {call::StreamKind::room, call::TenantId::clipped(tenant),
                 call::UserId::clipped(room)};
  made.actor.user = call::UserId::clipped(user);
  made.message_id = call::MessageId::clipped(id);
  return made;
}

std::optional<Remembered> find(const Dedup& dedup, std::string_view id,
                               std::string_view user = "ann", std::string_view room = "r1",
                               std::string_view tenant = "acme") {
  return dedup.find(call::TenantId::clipped(tenant), call::UserId::clipped(user), room,
                    call::MessageId::clipped(id));
}

Dedup some(std::size_t window) {
  return {window, {1, 2}};
}

TEST(DedupTest, RemembersWhatBecameOfAMessage) {
  Dedup dedup = some(8);
  auto refused = record(1, "one");
  refused.outcome = call::Outcome::refused;
  refused.refusal = call::ErrorCode::wrong_state;
  dedup.add(refused);
  const auto found = find(dedup, "one");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->position, 1U);
  EXPECT_EQ(found->seq, 10U);
  EXPECT_EQ(found->outcome, call::Outcome::refused);
  EXPECT_EQ(found->refusal, call::ErrorCode::wrong_state);
}

TEST(DedupTest, TellsTenantsUsersAndRoomsApart) {
  Dedup dedup = some(8);
  dedup.add(record(1, "one"));
  EXPECT_FALSE(find(dedup, "two"));
  EXPECT_FALSE(find(dedup, "one", "bob"));
  EXPECT_FALSE(find(dedup, "one", "ann", "r2"));
  EXPECT_FALSE(find(dedup, "one", "ann", "r1", "other"));
  // The parts do not run into one another.
  dedup.add(record(2, "c", "ab", "r"));
  EXPECT_FALSE(find(dedup, "c", "a", "br"));
  EXPECT_FALSE(find(dedup, "bc", "a", "r"));
}

TEST(DedupTest, ForgetsWhatHasLeftTheWindow) {
  Dedup dedup = some(4);
  ASSERT_EQ(dedup.window(), 4U);
  dedup.add(record(1, "one"));
  for (call::Position position = 2; position <= 4; ++position) dedup.add(record(position, ""));
  EXPECT_TRUE(find(dedup, "one"));
  dedup.add(record(5, ""));
  EXPECT_FALSE(find(dedup, "one"));
}

TEST(DedupTest, RoundsTheWindowUpToAPowerOfTwo) {
  EXPECT_EQ(some(5).window(), 8U);
  EXPECT_EQ(some(1).window(), 1U);
}

TEST(DedupTest, AgreesWithANaiveMap) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    constexpr std::size_t window = 64;
    Dedup dedup = some(window);
    std::map<std::string, call::Position> naive;
    for (call::Position position = 1; position <= 3'000; ++position) {
      const std::string id = random() % 4 == 0 ? std::string() : std::to_string(random() % 150);
      const auto known = naive.find(id);
      const bool within = known != naive.end() && known->second + window >= position;
      if (!id.empty()) {
        const auto found = find(dedup, id);
        ASSERT_EQ(found.has_value(), within) << "seed " << seed << ", position " << position;
        if (found) {
          ASSERT_EQ(found->position, known->second);
        }
      }
      // As the sequencer does: a message whose id is known is not added.
      const std::string added = within ? std::string() : id;
      dedup.add(record(position, added));
      if (!added.empty()) naive[added] = position;
    }
  }
}

TEST(DedupTest, IsTheSameWhenRebuiltFromTheTail) {
  std::mt19937_64 random(7);
  constexpr std::size_t window = 32;
  Dedup live = some(window);
  std::vector<call::Record> log;
  for (call::Position position = 1; position <= 500; ++position) {
    std::string id = std::to_string(random() % 80);
    if (find(live, id)) id.clear();
    log.push_back(record(position, id));
    live.add(log.back());
  }
  // Another process has other keys.
  Dedup rebuilt(window, {5, 6});
  for (std::size_t i = log.size() - window; i < log.size(); ++i) rebuilt.add(log[i]);
  for (int i = 0; i < 80; ++i) {
    const auto id = std::to_string(i);
    const auto one = find(live, id);
    const auto other = find(rebuilt, id);
    ASSERT_EQ(one.has_value(), other.has_value()) << id;
    if (one) {
      EXPECT_EQ(one->position, other->position);
    }
  }
}

}  // namespace
}  // namespace callstate::engine
