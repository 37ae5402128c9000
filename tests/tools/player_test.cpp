#include "tools/callstate/report/player.hpp"

#include <gtest/gtest.h>

#include "memory_log.hpp"
#include "storage/sha256.hpp"
#include "tools/callstate/report/replay_summary.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using testing::MemoryLog;
using testing::user;

/// Two rooms, users who come and go, starts of the server, and what was refused.
MemoryLog busy_log() {
  MemoryLog log;
  for (int round = 0; round < 5; ++round) {
    log.online("bob");
    log.room = "demo";
    log.starts("alice", {user("bob")});
    log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
    log.server_started();
    log.by("bob", call::Accepted{log.now + 4h}, "phone");
    log.room = "other";
    log.talk();
    log.room = "demo";
    log.by("alice", call::Ended{call::EndReason::hangup, "", 1});
  }
  return log;
}

call::Hash digest(const Player& player) {
  return digest_of(player.states(), storage::sha256);
}

/// What the states are after so many steps, folded afresh.
call::Hash expected_at(const MemoryLog& log, std::size_t step) {
  Player fresh(log, std::nullopt, Player::no_memory);
  EXPECT_TRUE(fresh.go(step));
  return digest(fresh);
}

TEST(Player, GoesBackToWhatWasThere) {
  const auto log = busy_log();
  // So little memory that all ways back are gone: undone, from a kept state, from none.
  for (const Player::Memory memory : {Player::Memory{}, Player::Memory{3, 4, 1'000},
                                      Player::Memory{1, 4, 6}, Player::Memory{2, 1'000, 1}}) {
    Player player(log, std::nullopt, memory);
    ASSERT_EQ(player.size(), log.records.size());
    for (const std::size_t step : {40UL, 39UL, 38UL, 37UL, 20UL, 21UL, 3UL, 30UL, 1UL, 0UL, 12UL}) {
      ASSERT_TRUE(player.go(step));
      EXPECT_EQ(player.at(), step);
      EXPECT_EQ(digest(player), expected_at(log, step)) << "step " << step;
      if (step == 0) {
        EXPECT_EQ(player.current(), nullptr);
      } else {
        ASSERT_NE(player.current(), nullptr);
        EXPECT_EQ(player.current()->record.position, step);
      }
    }
  }
}

TEST(Player, ShowsTheStateOfTheRecordsStreamBeforeAndAfter) {
  const auto log = busy_log();
  Player player(log, std::nullopt);
  ASSERT_TRUE(player.go(2));
  ASSERT_NE(player.room(), nullptr);
  EXPECT_EQ(player.room()->state, call::CallState::ringing);
  EXPECT_EQ(player.state_before(), nullptr);
  ASSERT_TRUE(player.go(5));
  EXPECT_EQ(player.room()->state, call::CallState::connected);
  EXPECT_EQ(player.state_before()->room.state, call::CallState::ringing);
  ASSERT_TRUE(player.go(6));
  ASSERT_TRUE(player.go(5));
  EXPECT_EQ(player.state_before()->room.state, call::CallState::ringing) << "after a step back too";
}

TEST(Player, StepsThroughSomePositionsOnly) {
  const auto log = busy_log();
  Player player(log, std::vector<call::Position>{2, 4, 5});
  EXPECT_EQ(player.size(), 3U);
  EXPECT_EQ(player.step_of(4), 2U);
  EXPECT_EQ(player.step_of(3), 1U);
  EXPECT_EQ(player.step_of(100), 3U);
  ASSERT_TRUE(player.go(2));
  EXPECT_EQ(player.current()->record.position, 4U);
  ASSERT_NE(player.room(), nullptr) << "a start of the server concerns the room";
  EXPECT_EQ(player.room()->participants.front().state, call::ParticipantState::disconnected);
}

TEST(Player, StopsWhereItIsTold) {
  const auto log = busy_log();
  Player player(log, std::nullopt);
  const auto stopped =
      player.advance(100, [](const Player& now) { return now.current()->record.position == 7; });
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(*stopped);
  EXPECT_EQ(player.at(), 7U);
  const auto to_the_end = player.advance(1'000, {});
  ASSERT_TRUE(to_the_end);
  EXPECT_FALSE(*to_the_end);
  EXPECT_EQ(player.at(), player.size());
}

TEST(Player, SaysWhatCannotBeRead) {
  auto log = busy_log();
  log.broken[3] = "position 3 is damaged";
  Player player(log, std::nullopt);
  const auto gone = player.go(5);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().message, "position 3 is damaged");
}

}  // namespace
}  // namespace callstate::tools
