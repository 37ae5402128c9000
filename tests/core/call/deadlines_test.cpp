// What the server concludes by itself: lost connections, restarts, deadlines.

#include <gtest/gtest.h>

#include "core/call/world.hpp"

namespace callstate::call {
namespace {

using namespace std::chrono_literals;

EndReason end_of(const std::vector<Payload>& events) {
  if (events.empty() || !std::holds_alternative<Ended>(events.back())) return EndReason::none;
  return std::get<Ended>(events.back()).reason;
}

TEST(RingDeadline, EndsTheCallUnanswered) {
  auto world = World::ringing();
  EXPECT_EQ(next_deadline(world.room), world.now + 45s);
  EXPECT_EQ(types_of(world.wait(45s - 1us)), "");
  const auto events = world.wait(1us);
  EXPECT_EQ(types_of(events), "TIMED_OUT ENDED");
  EXPECT_EQ(end_of(events), EndReason::no_answer);
  EXPECT_EQ(world.room.state, CallState::ended);
  EXPECT_EQ(next_deadline(world.room), std::nullopt);
}

TEST(RingDeadline, OfOneCalleeOfAnAnsweredGroupTakesOnlyThatOneOut) {
  auto world = World::group_connected();
  const auto events = world.wait(45s);
  ASSERT_EQ(types_of(events), "PARTICIPANT_LEFT");
  EXPECT_EQ(std::get<ParticipantLeft>(events[0]).reason, LeaveReason::no_answer);
  EXPECT_EQ(world.at("carol").state, ParticipantState::left);
  EXPECT_EQ(world.room.state, CallState::connected);
}

TEST(RingDeadline, HoldsForACalleeWhoseConnectionIsLost) {
  auto world = World::group_ringing();
  world.send("carol", Ring{});
  world.send("bob", Accept{});
  world.now += 20s;
  world.lose("carol");
  EXPECT_EQ(types_of(world.wait(25s)), "PARTICIPANT_LEFT");
  EXPECT_EQ(world.at("carol").state, ParticipantState::left);
}

TEST(LongestDuration, EndsTheCall) {
  auto world = World::connected();
  EXPECT_EQ(next_deadline(world.room), world.now + 4h);
  const auto events = world.wait(4h);
  EXPECT_EQ(end_of(events), EndReason::max_duration);
  EXPECT_EQ(std::get<Ended>(events[0]).duration_s, 4U * 3600U);
}

TEST(LostConnection, IsToldAtOnceAndMendedByAReturnWithinTheGrace) {
  auto world = World::connected();
  const auto lost = world.lose("bob");
  ASSERT_EQ(types_of(lost), "PARTICIPANT_LEFT");
  EXPECT_EQ(std::get<ParticipantLeft>(lost[0]).reason, LeaveReason::disconnected);
  EXPECT_EQ(std::get<ParticipantLeft>(lost[0]).grace_deadline, world.now + 30s);
  EXPECT_EQ(world.at("bob").state, ParticipantState::disconnected);
  EXPECT_EQ(types_of(world.lose("bob")), "") << "it is gone already";

  EXPECT_EQ(types_of(world.wait(29s)), "");
  EXPECT_EQ(types_of(world.come_back("bob")), "PARTICIPANT_JOINED");
  EXPECT_EQ(world.at("bob").state, ParticipantState::joined);
  EXPECT_EQ(types_of(world.come_back("bob")), "");
  EXPECT_EQ(types_of(world.wait(1h)), "");
}

TEST(LostConnection, PastTheGraceEndsACallOfTwo) {
  auto world = World::connected();
  world.now += 10s;
  world.lose("bob");
  const auto events = world.wait(30s);
  EXPECT_EQ(types_of(events), "ENDED");
  EXPECT_EQ(end_of(events), EndReason::connection_lost);
  EXPECT_EQ(std::get<Ended>(events[0]).duration_s, 40U);
}

TEST(LostConnection, PastTheGraceTakesOneOutOfAGroup) {
  auto world = World::group_of_three();
  world.lose("alice");
  const auto events = world.wait(30s);
  ASSERT_EQ(types_of(events), "PARTICIPANT_LEFT");
  EXPECT_EQ(std::get<ParticipantLeft>(events[0]).reason, LeaveReason::connection_lost);
  EXPECT_EQ(world.at("alice").state, ParticipantState::left);
  EXPECT_EQ(types_of(world.come_back("alice")), "");
  world.lose("bob");
  EXPECT_EQ(end_of(world.wait(30s)), EndReason::connection_lost);
}

TEST(LostConnection, OfTheCallerWhileRingingEndsTheCallPastTheGrace) {
  auto world = World::ringing();
  world.lose("alice");
  const auto events = world.wait(30s);
  EXPECT_EQ(types_of(events), "ENDED");
  EXPECT_EQ(end_of(events), EndReason::connection_lost);
  EXPECT_EQ(std::get<Ended>(events[0]).duration_s, 0U);
}

TEST(LostConnection, OfARingingCalleeLeavesItInvitedUntilTheRingDeadline) {
  auto world = World::ringing();
  world.send("bob", Ring{});
  world.lose("bob");
  EXPECT_EQ(types_of(world.wait(30s)), "PARTICIPANT_LEFT");
  EXPECT_EQ(world.at("bob").state, ParticipantState::invited);
  EXPECT_EQ(next_deadline(world.room), world.now + 15s);
  EXPECT_EQ(world.send("bob", Ring{}).outcome, Outcome::applied) << "it rings anew";
  EXPECT_EQ(world.send("bob", Accept{}).outcome, Outcome::applied);
}

TEST(LostConnection, OfACalleeWhoNeverRangIsNoEvent) {
  auto world = World::ringing();
  EXPECT_EQ(types_of(world.lose("bob")), "");
}

TEST(LostConnection, KeepsARingingCalleesDevicesForItsReturn) {
  auto world = World::ringing();
  world.send("bob", Ring{});
  world.lose("bob");
  world.come_back("bob");
  EXPECT_EQ(world.at("bob").state, ParticipantState::ringing);
  EXPECT_EQ(world.send("bob", Ring{}).outcome, Outcome::ignored);
}

TEST(LostConnection, OfStrangersAndAfterTheEndIsNoEvent) {
  auto live = World::connected();
  EXPECT_EQ(types_of(live.lose("mallory")), "");
  EXPECT_EQ(types_of(live.come_back("mallory")), "");
  auto world = World::ended();
  EXPECT_EQ(types_of(world.lose("bob")), "");
  EXPECT_EQ(types_of(world.come_back("bob")), "");
  EXPECT_EQ(types_of(world.wait(24h)), "");
}

TEST(LostConnection, AMessageByTheDisconnectedCountsAsByWhatItWas) {
  auto world = World::ringing();
  world.send("bob", Ring{});
  world.lose("bob");
  EXPECT_EQ(world.send("bob", Accept{}).outcome, Outcome::applied);
  EXPECT_EQ(world.at("bob").state, ParticipantState::joined);
  EXPECT_EQ(types_of(world.wait(1h)), "") << "no grace is left over";
}

TEST(SeveralDeadlines, AreActedOnTogetherWithTheEndLast) {
  auto world = World::group_connected();
  world.send("alice", invite({"dora"}));
  world.lose("bob");
  const auto events = world.wait(24h);
  EXPECT_EQ(types_of(events), "PARTICIPANT_LEFT PARTICIPANT_LEFT ENDED");
  EXPECT_EQ(types_of(world.wait(0s)), "");
}

TEST(SeveralDeadlines, TwoOfThreeLostAtOnceEndTheCallOnce) {
  auto world = World::group_of_three();
  world.lose("bob");
  world.lose("carol");
  EXPECT_EQ(types_of(world.wait(30s)), "ENDED");
}

TEST(Restart, GivesEverybodyOfALiveCallTheGrace) {
  auto world = World::group_of_three();
  world.lose("carol");
  world.now += 29s;
  world.restart();
  for (const auto* who : {"alice", "bob", "carol"}) {
    EXPECT_EQ(world.at(who).state, ParticipantState::disconnected) << who;
    EXPECT_EQ(world.at(who).grace_deadline, world.now + 30s) << who;
  }
  world.come_back("alice");
  world.come_back("bob");
  EXPECT_EQ(types_of(world.wait(30s)), "PARTICIPANT_LEFT");
  EXPECT_EQ(world.room.state, CallState::connected);
}

TEST(Restart, LeavesNoCallHanging) {
  auto ringing = World::ringing();
  ringing.restart();
  EXPECT_EQ(end_of(ringing.wait(30s)), EndReason::connection_lost);
  auto connected = World::connected();
  connected.restart();
  EXPECT_EQ(end_of(connected.wait(30s)), EndReason::connection_lost);
}

TEST(Restart, TakesNoSeqAndLeavesInvitedOnesAlone) {
  auto world = World::ringing();
  const auto before = world.room;
  world.restart();
  EXPECT_EQ(world.room.seq, before.seq);
  EXPECT_EQ(world.room.position, before.position + 1);
  EXPECT_EQ(world.at("bob"), before.participants.at(1));
}

TEST(Restart, MovesOnlyThePositionOfARoomWithoutALiveCall) {
  for (auto world : {World{}, World::ended()}) {
    auto expected = world.room;
    world.restart();
    ++expected.position;
    EXPECT_EQ(world.room, expected);
  }
}

}  // namespace
}  // namespace callstate::call
