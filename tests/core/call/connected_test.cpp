// The rows of the table in docs/domain.md from the answer on: CONNECTED, ENDED.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/call/world.hpp"

namespace callstate::call {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

ErrorCode code_of(const Verdict& verdict) {
  EXPECT_EQ(verdict.outcome == Outcome::refused, verdict.refusal.code != ErrorCode::none);
  return verdict.refusal.code;
}

TEST(AcceptedWhenConnected, ByAnotherDeviceIsAnsweredElsewhere) {
  auto world = World::ringing();
  world.send("bob", Accept{}, "phone");
  EXPECT_EQ(code_of(world.send("bob", Accept{}, "tab")), ErrorCode::answered_elsewhere);
  EXPECT_EQ(world.send("bob", Accept{}, "phone").outcome, Outcome::ignored);
  EXPECT_EQ(world.at("bob").answered_on, DeviceId::clipped("phone"));
}

TEST(AcceptedWhenConnected, IsNotForTheCaller) {
  auto world = World::connected();
  EXPECT_EQ(code_of(world.send("alice", Accept{})), ErrorCode::wrong_state);
}

TEST(AcceptedWhenConnected, LetsAnotherCalleeOfAGroupJoin) {
  auto world = World::group_connected();
  const auto before = world.room;
  world.now += 10s;
  EXPECT_EQ(world.send("carol", Accept{}).outcome, Outcome::applied);
  EXPECT_EQ(world.at("carol").state, ParticipantState::joined);
  EXPECT_EQ(world.room.answered_at, before.answered_at);
  EXPECT_EQ(world.room.max_deadline, before.max_deadline);
}

TEST(RingingWhenConnected, IsForCalleesOfAGroupWhoHaveNotAnswered) {
  auto world = World::group_connected();
  EXPECT_EQ(world.send("carol", Ring{}).outcome, Outcome::applied);
  EXPECT_EQ(world.send("carol", Ring{}).outcome, Outcome::ignored);
  EXPECT_EQ(code_of(world.send("bob", Ring{})), ErrorCode::wrong_state);
  EXPECT_EQ(code_of(world.send("alice", Ring{})), ErrorCode::wrong_state);
}

TEST(RejectedWhenConnected, ByACalleeWhoStillRingsEndsNothing) {
  auto world = World::group_connected();
  EXPECT_TRUE(world.send("carol", Reject{}).conclusions.empty());
  EXPECT_EQ(world.at("carol").state, ParticipantState::rejected);
  EXPECT_EQ(world.room.state, CallState::connected);
}

TEST(RejectedWhenConnected, ByWhoHasJoinedIsRefused) {
  auto world = World::connected();
  EXPECT_EQ(code_of(world.send("bob", Reject{}, "tab")), ErrorCode::wrong_state);
  EXPECT_EQ(code_of(world.send("alice", Reject{})), ErrorCode::wrong_state);
}

TEST(RejectedWhenConnected, ThatCrossedWithTheEndOfTheRingingIsIgnored) {
  auto world = World::group_connected();
  world.wait(45s);
  ASSERT_EQ(world.at("carol").state, ParticipantState::left);
  EXPECT_EQ(world.send("carol", Reject{}).outcome, Outcome::ignored);
}

TEST(EndedWhenConnected, ByEitherOfTwoHangsUpWithTheSecondsTalked) {
  for (const auto* who : {"alice", "bob"}) {
    auto world = World::connected();
    world.now += 61s + 999ms;
    const auto verdict = world.send(who, End{"bye"});
    const auto& ended = std::get<Ended>(verdict.payload);
    EXPECT_EQ(ended.reason, EndReason::hangup);
    EXPECT_EQ(ended.detail, "bye");
    EXPECT_EQ(ended.duration_s, 61U);
    EXPECT_TRUE(verdict.conclusions.empty());
    EXPECT_EQ(world.room.state, CallState::ended);
  }
}

TEST(EndedWhenConnected, HasNoNegativeDurationWhenTheClockStepsBack) {
  auto world = World::connected();
  world.now -= 1h;
  EXPECT_EQ(std::get<Ended>(world.send("bob", End{}).payload).duration_s, 0U);
}

TEST(EndedWhenConnected, ByTheCallerOfAGroupEndsItForAll) {
  auto world = World::group_of_three();
  EXPECT_TRUE(std::holds_alternative<Ended>(world.send("alice", End{}).payload));
  EXPECT_EQ(world.room.state, CallState::ended);
}

TEST(EndedWhenConnected, ByAnotherOfAGroupIsALeavingUntilFewerThanTwoAreLeft) {
  auto world = World::group_of_three();
  world.now += 7s;
  const auto first = world.send("bob", End{});
  EXPECT_EQ(std::get<ParticipantLeft>(first.payload).reason, LeaveReason::hangup);
  EXPECT_EQ(std::get<ParticipantLeft>(first.payload).user, user("bob"));
  EXPECT_TRUE(first.conclusions.empty());
  EXPECT_EQ(world.at("bob").state, ParticipantState::left);
  EXPECT_EQ(world.send("bob", End{}).outcome, Outcome::ignored);

  const auto last = world.send("carol", End{});
  EXPECT_TRUE(std::holds_alternative<ParticipantLeft>(last.payload));
  ASSERT_EQ(types_of(last.conclusions), "ENDED");
  EXPECT_EQ(std::get<Ended>(last.conclusions[0]).duration_s, 7U);
  EXPECT_EQ(world.room.end_reason, EndReason::hangup);
}

TEST(EndedWhenConnected, CountsWhoMayStillComeBack) {
  auto world = World::group_of_three();
  world.lose("alice");
  EXPECT_TRUE(world.send("bob", End{}).conclusions.empty());
  EXPECT_EQ(world.room.state, CallState::connected);
}

TEST(EndedWhenConnected, DoesNotCountWhoOnlyRings) {
  auto world = World::group_connected();
  EXPECT_EQ(types_of(world.send("bob", End{}).conclusions), "ENDED");
}

TEST(EndedWhenConnected, ByACalleeWhoStillRingsIsARejection) {
  auto world = World::group_connected();
  EXPECT_TRUE(std::holds_alternative<Rejected>(world.send("carol", End{}).payload));
  EXPECT_EQ(world.room.state, CallState::connected);
}

TEST(InvitedWhenConnected, MakesItAGroupAndRingsTheNewOnes) {
  auto world = World::connected();
  world.offline = {"dora"};
  world.now += 1min;
  const auto verdict = world.send("bob", invite({"carol", "dora"}));
  EXPECT_EQ(verdict.outcome, Outcome::applied);
  EXPECT_EQ(types_of(verdict.conclusions), "CALLEE_OFFLINE");
  EXPECT_TRUE(world.room.group);
  EXPECT_EQ(world.at("carol").state, ParticipantState::invited);
  EXPECT_EQ(world.at("carol").ring_deadline, world.now + 45s);
  EXPECT_EQ(world.send("carol", Accept{}).outcome, Outcome::applied);
}

TEST(InvitedWhenConnected, LeavesOutWhoIsThereAndBringsBackWhoLeft) {
  auto world = World::group_of_three();
  EXPECT_EQ(world.send("alice", invite({"bob", "carol"})).outcome, Outcome::ignored);
  world.send("carol", End{});
  const auto verdict = world.send("alice", invite({"bob", "carol"}));
  EXPECT_EQ(std::get<Invited>(verdict.payload).callees, std::vector{user("carol")});
  EXPECT_EQ(world.at("carol").state, ParticipantState::invited);
  EXPECT_TRUE(world.at("carol").answered_on.empty());
  EXPECT_EQ(world.send("carol", Accept{}, "tab").outcome, Outcome::applied);
  EXPECT_EQ(world.room.participants.size(), 3U);
}

TEST(InvitedWhenConnected, ACallerWhoWasAskedBackAnswersLikeACallee) {
  auto world = World::group_of_three();
  world.lose("alice");
  world.wait(30s);
  ASSERT_EQ(world.at("alice").state, ParticipantState::left);
  world.send("bob", invite({"alice"}));
  EXPECT_EQ(world.send("alice", Ring{}).outcome, Outcome::applied);
  EXPECT_EQ(world.send("alice", Accept{}, "phone").outcome, Outcome::applied);
  EXPECT_EQ(code_of(world.send("alice", Accept{}, "tab")), ErrorCode::answered_elsewhere);
}

TEST(InvitedWhenConnected, IsForWhoHasJoined) {
  auto world = World::group_connected();
  EXPECT_EQ(code_of(world.send("carol", invite({"dora"}))), ErrorCode::wrong_state);
}

TEST(InvitedWhenConnected, KeepsTheCallWithinItsBound) {
  auto world = World::connected();
  Invite crowd;
  for (std::size_t i = 0; i < callees_max; ++i) crowd.callees.push_back(user(std::to_string(i)));
  EXPECT_EQ(code_of(world.send("alice", crowd)), ErrorCode::invalid_message);
  crowd.callees.pop_back();
  EXPECT_EQ(world.send("alice", crowd).outcome, Outcome::applied);
  EXPECT_EQ(code_of(world.send("alice", invite({"one too many"}))), ErrorCode::invalid_message);
  EXPECT_EQ(code_of(world.send("alice", invite({}))), ErrorCode::invalid_message);
}

TEST(Signal, ReachesWhoIsInTheCall) {
  auto world = World::group_connected();
  const auto before = world.room;
  EXPECT_EQ(world.send("carol", Signal{user("bob"), "{}"}).outcome, Outcome::applied);
  auto expected = before;
  ++expected.seq;
  ++expected.position;
  EXPECT_EQ(world.room, expected) << "a signal changes no state";
}

TEST(Signal, ToNobodyInTheCallNamesTheField) {
  auto world = World::group_connected();
  const auto verdict = world.send("alice", Signal{user("mallory"), "{}"});
  EXPECT_EQ(code_of(verdict), ErrorCode::not_participant);
  EXPECT_THAT(verdict.refusal.message, HasSubstr("field to"));
  EXPECT_EQ(code_of(world.send("alice", Signal{user("alice"), "{}"})), ErrorCode::invalid_message);
  world.send("carol", Reject{});
  EXPECT_EQ(code_of(world.send("alice", Signal{user("carol"), "{}"})), ErrorCode::not_participant);
  EXPECT_EQ(code_of(world.send("carol", Signal{user("alice"), "{}"})), ErrorCode::wrong_state);
}

TEST(AfterTheEnd, CrossingHangUpsAreIgnoredAndStrangersAreNot) {
  auto world = World::ended();
  EXPECT_EQ(world.send("bob", End{}).outcome, Outcome::ignored);
  EXPECT_EQ(world.send("bob", Reject{}).outcome, Outcome::ignored);
  EXPECT_EQ(code_of(world.send("mallory", End{})), ErrorCode::not_participant);
  EXPECT_EQ(code_of(world.send("mallory", Reject{})), ErrorCode::not_participant);
}

TEST(AfterTheEnd, ComingTooLateIsRefusedWhoeverSendsIt) {
  for (const auto* who : {"alice", "bob", "mallory"}) {
    auto world = World::ended();
    EXPECT_EQ(code_of(world.send(who, Ring{})), ErrorCode::wrong_state);
    EXPECT_EQ(code_of(world.send(who, Accept{})), ErrorCode::wrong_state);
    EXPECT_EQ(code_of(world.send(who, invite({"dora"}))), ErrorCode::wrong_state);
  }
  auto world = World::ended();
  EXPECT_EQ(code_of(world.send("bob", Signal{user("alice"), "{}"})), ErrorCode::wrong_state);
}

TEST(AfterTheEnd, AnAcceptThatCameTooLateIsToldWhy) {
  auto cancelled = World::ringing();
  cancelled.send("alice", End{});
  EXPECT_THAT(cancelled.send("bob", Accept{}).refusal.message, HasSubstr("(cancelled)"));
  auto timed_out = World::ringing();
  timed_out.wait(45s);
  EXPECT_THAT(timed_out.send("bob", Accept{}).refusal.message, HasSubstr("(no_answer)"));
}

TEST(CallStatus, SaysHowTheCallWent) {
  EXPECT_EQ(call_status(Room{}), "");
  EXPECT_EQ(call_status(World::ringing().room), "RINGING");
  EXPECT_EQ(call_status(World::connected().room), "CONNECTED");
  EXPECT_EQ(call_status(World::ended().room), "ENDED");
  auto rejected = World::ringing();
  rejected.send("bob", Reject{});
  EXPECT_EQ(call_status(rejected.room), "REJECTED");
  auto cancelled = World::ringing();
  cancelled.send("alice", End{});
  EXPECT_EQ(call_status(cancelled.room), "CANCELLED");
  auto missed = World::ringing();
  missed.wait(45s);
  EXPECT_EQ(call_status(missed.room), "MISSED");
  auto failed = World::ringing();
  failed.lose("alice");
  failed.wait(30s);
  EXPECT_EQ(call_status(failed.room), "FAILED");
  auto lost = World::connected();
  lost.lose("alice");
  lost.wait(30s);
  EXPECT_EQ(call_status(lost.room), "ENDED") << "they had talked";
  auto longest = World::connected();
  longest.wait(4h);
  EXPECT_EQ(call_status(longest.room), "ENDED");
}

}  // namespace
}  // namespace callstate::call
