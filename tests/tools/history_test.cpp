#include "tools/callstate/report/history.hpp"

#include <gtest/gtest.h>

#include "memory_log.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using testing::MemoryLog;
using testing::user;

std::string error_of(const MemoryLog& log, const Wanted& wanted) {
  const auto history = find_history(log, wanted);
  return history ? std::string() : history.error().message;
}

TEST(History, HoldsEveryRecordOfTheRoomWhateverItsOutcome) {
  MemoryLog log;
  log.online("bob");
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  log.ignored("bob", call::Ended{});
  log.room = "other";
  log.talk();
  const auto history = find_history(log, {.name = "demo"});
  ASSERT_TRUE(history);
  ASSERT_EQ(history->chapters.size(), 1U);
  const auto& chapter = history->chapters.front();
  EXPECT_EQ(chapter.entries.size(), 6U);
  EXPECT_EQ(chapter.room.state, call::CallState::ended);
  EXPECT_EQ(chapter.room.seq, 4U);
  EXPECT_EQ(chapter.room.position, 7U);
  EXPECT_EQ(chapter.room.chain, MemoryLog::hash_of(7));
  EXPECT_EQ(chapter.entries.back().before, call::CallState::ended);
}

TEST(History, BeginsAChapterWithEveryCall) {
  MemoryLog log;
  log.refused("mallory", call::ErrorCode::wrong_state, call::Accepted{});
  log.talk();
  log.talk();
  const auto history = find_history(log, {.name = "demo"});
  ASSERT_TRUE(history);
  ASSERT_EQ(history->chapters.size(), 3U);
  EXPECT_FALSE(history->chapters[0].has_call());
  EXPECT_TRUE(history->chapters[1].has_call());
  EXPECT_EQ(history->chapters[2].room.seq, 8U);
}

TEST(History, ARestartBelongsToTheRoomsWhoseCallIsLive) {
  MemoryLog log;
  log.server_started();
  log.talk();
  log.server_started();
  log.starts("alice", {user("bob")});
  log.server_started();
  const auto history = find_history(log, {.name = "demo"});
  ASSERT_TRUE(history);
  ASSERT_EQ(history->chapters.size(), 2U);
  EXPECT_EQ(history->chapters[0].entries.size(), 4U);
  ASSERT_EQ(history->chapters[1].entries.size(), 2U);
  const auto& room = history->chapters[1].room;
  ASSERT_NE(room.find(user("alice")), nullptr);
  EXPECT_EQ(room.find(user("alice"))->state, call::ParticipantState::disconnected);
}

TEST(History, OfACallIsThatCallAlone) {
  MemoryLog log;
  log.talk();
  const std::string first = call::to_string(log.call);
  log.talk();
  const auto history = find_history(log, {.name = first});
  ASSERT_TRUE(history);
  ASSERT_EQ(history->chapters.size(), 1U);
  EXPECT_EQ(history->chapters[0].entries.size(), 4U);
  EXPECT_EQ(history->room, "demo");
}

TEST(History, EndsAtAPositionOrATime) {
  MemoryLog log;
  log.talk();
  const auto by_position = find_history(log, {.name = "demo", .until = At(call::Position{2})});
  ASSERT_TRUE(by_position);
  EXPECT_EQ(by_position->chapters[0].room.state, call::CallState::ringing);
  EXPECT_EQ(by_position->as_of, 2U);
  const auto by_time =
      find_history(log, {.name = "demo", .until = At(testing::start_of_log + 3250ms)});
  ASSERT_TRUE(by_time);
  EXPECT_EQ(by_time->chapters[0].room.state, call::CallState::connected);
  EXPECT_NE(error_of(log, {.name = "demo", .until = At(testing::start_of_log - 1s)})
                .find("later position or time"),
            std::string::npos);
}

TEST(History, WhatIsNotThereIsSaid) {
  MemoryLog log;
  log.talk();
  const auto nothing = find_history(log, {.name = "Demo"});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().exit, Exit::found);
  EXPECT_EQ(nothing.error().message,
            "There is no room Demo in this log (positions 1 to 4). Room names are exact, capitals "
            "included.");
}

TEST(History, ARoomOfSeveralTenantsNeedsOneNamed) {
  MemoryLog log;
  log.talk();
  log.tenant = "globex";
  log.talk();
  const auto both = find_history(log, {.name = "demo"});
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().exit, Exit::unusable);
  EXPECT_EQ(both.error().message,
            "Room demo exists in several tenants: acme, globex. Say which one with --tenant.");
  const auto one = find_history(log, {.name = "demo", .tenant = call::TenantId::clipped("globex")});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->tenant.view(), "globex");
  EXPECT_EQ(one->chapters[0].entries.size(), 4U);
}

TEST(History, OfADamagedLogIsNone) {
  MemoryLog log;
  log.talk();
  log.broken[3] = "position 3 of room demo is damaged";
  EXPECT_EQ(error_of(log, {.name = "demo"}),
            "position 3 of room demo is damaged\n`callstate verify` lists all that is wrong with a "
            "log.");
}

}  // namespace
}  // namespace callstate::tools
