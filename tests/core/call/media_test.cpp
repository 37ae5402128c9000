// What the media server reports, and what follows from it.

#include <gtest/gtest.h>

#include "core/call/world.hpp"

namespace callstate::call {
namespace {

using namespace std::chrono_literals;

/// The media room is over, at a time of the media server's clock.
MediaReported finished(Time at) {
  return {.event = "room_finished",
          .user = {},
          .detail = {},
          .reported_at = std::chrono::floor<std::chrono::seconds>(at)};
}

const Ended* end_of(const Verdict& verdict) {
  return verdict.conclusions.size() == 1 ? std::get_if<Ended>(&verdict.conclusions.front())
                                         : nullptr;
}

TEST(MediaReport, IsToldAndChangesNothing) {
  for (auto world : {World::ringing(), World::connected(), World::ended()}) {
    const auto before = world.room;
    const auto verdict = world.report({"participant_joined", user("bob"), "why", Time(world.now)});
    EXPECT_EQ(verdict.outcome, Outcome::applied);
    EXPECT_EQ(verdict.call, before.call);
    EXPECT_TRUE(verdict.conclusions.empty());
    auto expected = before;
    ++expected.seq;
    ++expected.position;
    EXPECT_EQ(world.room, expected);
    const auto& told = std::get<MediaReported>(world.log.back().payload);
    EXPECT_EQ(told.event, "participant_joined");
    EXPECT_EQ(told.user, user("bob"));
    EXPECT_EQ(told.detail, "why");
    EXPECT_EQ(told.reported_at, world.now);
  }
}

TEST(MediaReport, OfARoomThatHasHadNoCallIsIgnored) {
  World world;
  const auto verdict = world.report(finished(world.now));
  EXPECT_EQ(verdict.outcome, Outcome::ignored);
  EXPECT_TRUE(verdict.call.empty());
  EXPECT_TRUE(verdict.conclusions.empty());
  EXPECT_TRUE(std::holds_alternative<MediaReported>(verdict.payload));
}

TEST(MediaRoomFinished, EndsAConnectedCall) {
  auto world = World::connected();
  world.now += 61s;
  const auto verdict = world.report(finished(world.now));
  ASSERT_NE(end_of(verdict), nullptr);
  EXPECT_EQ(end_of(verdict)->reason, EndReason::media_finished);
  EXPECT_EQ(end_of(verdict)->duration_s, 61U);
  EXPECT_EQ(world.room.state, CallState::ended);
  EXPECT_EQ(world.room.end_reason, EndReason::media_finished);
  EXPECT_EQ(call_status(world.room), "ENDED");
  EXPECT_EQ(next_deadline(world.room), std::nullopt);
  EXPECT_EQ(world.log.back().actor.role, Role::system);
}

TEST(MediaRoomFinished, EndsAGroupToo) {
  auto world = World::group_connected();
  EXPECT_NE(end_of(world.report(finished(world.now))), nullptr);
}

TEST(MediaRoomFinished, DoesNotEndACallThatRings) {
  auto world = World::ringing();
  EXPECT_EQ(world.report(finished(world.now)).outcome, Outcome::applied);
  EXPECT_EQ(world.room.state, CallState::ringing);
}

TEST(MediaRoomFinished, EndsNothingTwice) {
  auto world = World::connected();
  world.report(finished(world.now));
  const auto again = world.report(finished(world.now));
  EXPECT_EQ(again.outcome, Outcome::applied);
  EXPECT_TRUE(again.conclusions.empty());
  auto hung_up = World::ended();
  EXPECT_TRUE(hung_up.report(finished(hung_up.now)).conclusions.empty());
  EXPECT_EQ(hung_up.room.end_reason, EndReason::hangup);
}

// The report of a room's call before comes after the next has been answered.
TEST(MediaRoomFinished, OfBeforeTheAnswerIsOfAnotherCall) {
  auto world = World::ringing();
  world.now = std::chrono::floor<std::chrono::seconds>(world.now) + 10s + 900ms;
  world.send("bob", Accept{});
  EXPECT_TRUE(world.report(finished(world.now - 1s)).conclusions.empty());
  EXPECT_EQ(world.room.state, CallState::connected);
  EXPECT_NE(end_of(world.report(finished(world.now))), nullptr)
      << "whole seconds: what is of the answer's second may be of after it";
}

TEST(MediaRoomFinished, WithoutATimeIsBelieved) {
  auto world = World::connected();
  EXPECT_NE(end_of(world.report(finished(Time{}))), nullptr);
}

TEST(MediaRoomFinished, ByAMediaServerWhoseClockIsAheadEndsTheCallAtOurs) {
  auto world = World::connected();
  const auto verdict = world.report(finished(world.now + 1h));
  ASSERT_NE(end_of(verdict), nullptr);
  EXPECT_EQ(end_of(verdict)->duration_s, 0U);
}

TEST(MediaRoomFinished, IsTheOnlyWordThatEndsACall) {
  auto world = World::connected();
  for (const auto* word : {"room_started", "participant_left", "track_unpublished", "ROOM_FINISHED",
                           "room_finished ", ""}) {
    EXPECT_TRUE(world.report({word, {}, {}, world.now}).conclusions.empty()) << word;
  }
}

TEST(MediaRoom, IsNamedWhenACallStarts) {
  World world;
  world.media_room = "acme/room";
  world.send("alice", start({"bob"}));
  EXPECT_EQ(std::get<CallStarted>(world.log.front().payload).media_room, "acme/room");
  EXPECT_EQ(world.room.media_room, "acme/room");
  world.send("alice", End{});
  EXPECT_EQ(world.room.media_room, "acme/room") << "reports come after the end";

  world.media_room.clear();
  world.send("alice", start({"bob"}));
  EXPECT_EQ(world.room.media_room, "") << "the next call has its own, or none";
}

TEST(MediaRoom, IsNotNamedByACallThatIsRefused) {
  auto world = World::ringing();
  world.media_room = "acme/other";
  EXPECT_EQ(world.send("alice", start({"bob"})).outcome, Outcome::refused);
  EXPECT_EQ(std::get<CallStarted>(world.log.back().payload).media_room, "");
  EXPECT_EQ(world.room.media_room, "");
}

TEST(CallStatus, OfACallThatTheMediaServerEnded) {
  Room room;
  room.state = CallState::ended;
  room.end_reason = EndReason::media_finished;
  EXPECT_EQ(call_status(room), "FAILED");
  room.answered_at = Time(1s);
  EXPECT_EQ(call_status(room), "ENDED");
}

}  // namespace
}  // namespace callstate::call
