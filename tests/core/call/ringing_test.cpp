// The rows of the table in docs/domain.md up to the answer: IDLE and RINGING.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/call/world.hpp"

namespace callstate::call {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

void expect_refused(const Verdict& verdict, ErrorCode code) {
  EXPECT_EQ(verdict.outcome, Outcome::refused);
  EXPECT_EQ(name_of(verdict.refusal.code), name_of(code));
  EXPECT_FALSE(verdict.refusal.message.empty());
  EXPECT_TRUE(verdict.conclusions.empty());
}

TEST(CallStarted, MakesTheSenderTheCallerAndInvitesTheCallee) {
  World world;
  auto body = start({"bob"});
  body.callee_name = "Bob";
  body.metadata = R"({"deal":7})";
  const auto verdict = world.send("alice", body);

  EXPECT_EQ(verdict.outcome, Outcome::applied);
  EXPECT_TRUE(verdict.conclusions.empty());
  const auto& room = world.room;
  EXPECT_EQ(room.state, CallState::ringing);
  EXPECT_FALSE(room.call.empty());
  EXPECT_EQ(room.caller_name, "Name of alice");
  EXPECT_EQ(room.callee_name, "Bob");
  EXPECT_EQ(room.metadata, R"({"deal":7})");
  EXPECT_EQ(room.started_at, world.now);
  EXPECT_EQ(room.ring_deadline, world.now + 45s);
  EXPECT_FALSE(room.group);
  ASSERT_EQ(room.participants.size(), 2U);
  EXPECT_EQ(room.participants[0].user, user("alice"));
  EXPECT_EQ(room.participants[0].role, CallRole::caller);
  EXPECT_EQ(room.participants[0].state, ParticipantState::joined);
  EXPECT_EQ(room.participants[1].user, user("bob"));
  EXPECT_EQ(room.participants[1].role, CallRole::callee);
  EXPECT_EQ(room.participants[1].state, ParticipantState::invited);
  EXPECT_EQ(room.participants[1].ring_deadline, world.now + 45s);
}

TEST(CallStarted, TakesTheMessagesCallerNameBeforeTheTokens) {
  World world;
  auto body = start({"bob"});
  body.caller_name = "Front desk";
  world.send("alice", body);
  EXPECT_EQ(world.room.caller_name, "Front desk");
}

TEST(CallStarted, WithSeveralCalleesIsAGroupCall) {
  EXPECT_TRUE(World::group_ringing().room.group);
}

TEST(CallStarted, SaysWhichCalleesAreOfflineAndGoesOnRinging) {
  World world;
  world.offline = {"carol"};
  const auto verdict = world.send("alice", start({"bob", "carol"}));
  ASSERT_EQ(types_of(verdict.conclusions), "CALLEE_OFFLINE");
  EXPECT_EQ(std::get<CalleeOffline>(verdict.conclusions[0]).callee, user("carol"));
  EXPECT_EQ(world.room.state, CallState::ringing);
  EXPECT_EQ(world.send("carol", Accept{}).outcome, Outcome::applied);
}

TEST(CallStarted, AfterAnEndBeginsAnewWithNothingOfTheOldCall) {
  auto world = World::group_of_three();
  world.lose("carol");
  world.send("alice", End{});
  const auto before = world.room;
  world.now += 1min;
  EXPECT_EQ(world.send("bob", start({"dora"})).outcome, Outcome::applied);

  World fresh;
  fresh.now = world.now;
  fresh.send("bob", start({"dora"}));
  auto expected = fresh.room;
  expected.seq = before.seq + 1;
  expected.position = before.position + 1;
  expected.started_position = expected.position;
  expected.started_seq = expected.seq;
  for (auto& participant : expected.participants) {
    participant.invited_position = expected.position;
    participant.invited_seq = expected.seq;
  }
  expected.call = world.room.call;
  EXPECT_EQ(world.room, expected);
  EXPECT_NE(world.room.call, before.call);
}

TEST(CallStarted, DuringACallIsRefusedWhoeverSendsIt) {
  for (auto* make : {&World::ringing, &World::connected}) {
    for (const auto* who : {"alice", "bob", "mallory"}) {
      auto world = make();
      expect_refused(world.send(who, start({"dora"})), ErrorCode::wrong_state);
    }
  }
}

TEST(CallStarted, IsRefusedAsGlareWhenTheCalleeRingsTheSenderAlready) {
  World world;
  world.ringing_rooms[{"bob", "alice"}] = "acme-call-7";
  const auto verdict = world.send("alice", start({"bob"}));
  expect_refused(verdict, ErrorCode::glare);
  EXPECT_EQ(verdict.glare_room, RoomName::clipped("acme-call-7"));
  EXPECT_THAT(verdict.refusal.message, HasSubstr("acme-call-7"));
  EXPECT_TRUE(verdict.call.empty());
}

TEST(CallStarted, IsNoGlareForAGroupNorForTheSameDirection) {
  World group;
  group.ringing_rooms[{"bob", "alice"}] = "acme-call-7";
  EXPECT_EQ(group.send("alice", start({"bob", "carol"})).outcome, Outcome::applied);
  World same;
  same.ringing_rooms[{"alice", "bob"}] = "acme-call-7";
  EXPECT_EQ(same.send("alice", start({"bob"})).outcome, Outcome::applied);
}

TEST(CallStarted, WithAnImpossibleCalleeListIsRefused) {
  std::vector<UserId> crowd;
  for (std::size_t i = 0; i <= callees_max; ++i) crowd.push_back(user(std::to_string(i)));
  for (const auto& callees :
       {std::vector<UserId>{}, {user("alice")}, {user("bob"), user("bob")}, {UserId{}}, crowd}) {
    World world;
    StartCall body;
    body.callees = callees;
    expect_refused(world.send("alice", body), ErrorCode::invalid_message);
  }
  crowd.pop_back();
  World world;
  StartCall body;
  body.callees = crowd;
  EXPECT_EQ(world.send("alice", body).outcome, Outcome::applied);
}

TEST(Ringing, IsAppliedOncePerDevice) {
  auto world = World::ringing();
  EXPECT_EQ(world.send("bob", Ring{}, "phone").outcome, Outcome::applied);
  EXPECT_EQ(world.send("bob", Ring{}, "phone").outcome, Outcome::ignored);
  EXPECT_EQ(world.send("bob", Ring{}, "tab").outcome, Outcome::applied);
  EXPECT_EQ(world.at("bob").state, ParticipantState::ringing);
  EXPECT_EQ(world.at("bob").rang_on.size(), 2U);
}

TEST(Ringing, RemembersABoundedNumberOfDevices) {
  auto world = World::ringing();
  for (std::size_t i = 0; i < rang_on_max; ++i) {
    EXPECT_EQ(world.send("bob", Ring{}, std::to_string(i)).outcome, Outcome::applied);
  }
  EXPECT_EQ(world.send("bob", Ring{}, "one too many").outcome, Outcome::ignored);
}

TEST(Ringing, IsNotForTheCallerNorForWhoHasDeclined) {
  auto world = World::group_ringing();
  expect_refused(world.send("alice", Ring{}), ErrorCode::wrong_state);
  world.send("bob", Reject{});
  expect_refused(world.send("bob", Ring{}), ErrorCode::wrong_state);
}

TEST(Accepted, ConnectsTheCallAndSetsItsLongestDuration) {
  auto world = World::ringing();
  world.now += 5s;
  const auto verdict = world.send("bob", Accept{}, "tab");
  EXPECT_EQ(verdict.outcome, Outcome::applied);
  EXPECT_EQ(world.room.state, CallState::connected);
  EXPECT_EQ(world.room.answered_at, world.now);
  EXPECT_EQ(world.room.max_deadline, world.now + 4h);
  EXPECT_EQ(world.at("bob").state, ParticipantState::joined);
  EXPECT_EQ(world.at("bob").answered_on, DeviceId::clipped("tab"));
}

TEST(Accepted, WhileRingingIsNotForTheCallerNorForWhoHasDeclined) {
  auto world = World::group_ringing();
  expect_refused(world.send("alice", Accept{}), ErrorCode::wrong_state);
  world.send("bob", Reject{});
  expect_refused(world.send("bob", Accept{}), ErrorCode::wrong_state);
}

TEST(Rejected, ByTheOnlyCalleeEndsTheCall) {
  auto world = World::ringing();
  const auto verdict = world.send("bob", Reject{"busy"});
  EXPECT_EQ(std::get<Rejected>(verdict.payload).reason, "busy");
  ASSERT_EQ(types_of(verdict.conclusions), "ENDED");
  EXPECT_EQ(std::get<Ended>(verdict.conclusions[0]).duration_s, 0U);
  EXPECT_EQ(world.room.end_reason, EndReason::rejected);
  EXPECT_EQ(world.room.state, CallState::ended);
}

TEST(Rejected, InAGroupEndsTheCallOnlyWithTheLastCallee) {
  auto world = World::group_ringing();
  EXPECT_TRUE(world.send("bob", Reject{}).conclusions.empty());
  EXPECT_EQ(world.room.state, CallState::ringing);
  EXPECT_EQ(world.send("bob", Reject{}).outcome, Outcome::ignored);
  EXPECT_EQ(types_of(world.send("carol", Reject{}).conclusions), "ENDED");
}

TEST(Rejected, DoesNotEndTheCallWhileACalleeMayComeBack) {
  auto world = World::group_ringing();
  world.send("carol", Ring{});
  world.lose("carol");
  EXPECT_TRUE(world.send("bob", Reject{}).conclusions.empty());
  EXPECT_EQ(world.room.state, CallState::ringing);
}

TEST(Rejected, IsNotForTheCaller) {
  auto world = World::ringing();
  expect_refused(world.send("alice", Reject{}), ErrorCode::wrong_state);
}

TEST(Ended, ByTheCallerWhileRingingCancels) {
  auto world = World::ringing();
  world.now += 3s;
  const auto verdict = world.send("alice", End{"changed my mind"});
  const auto& ended = std::get<Ended>(verdict.payload);
  EXPECT_EQ(ended.reason, EndReason::cancelled);
  EXPECT_EQ(ended.detail, "changed my mind");
  EXPECT_EQ(ended.duration_s, 0U);
  EXPECT_TRUE(verdict.conclusions.empty());
  EXPECT_EQ(world.room.ended_at, world.now);
}

TEST(Ended, ByACalleeWhileRingingIsARejection) {
  auto world = World::ringing();
  const auto verdict = world.send("bob", End{"busy"});
  EXPECT_EQ(std::get<Rejected>(verdict.payload).reason, "busy");
  EXPECT_EQ(world.room.end_reason, EndReason::rejected);
}

TEST(Ended, ByACalleeWhoHasDeclinedIsIgnored) {
  auto world = World::group_ringing();
  world.send("bob", Reject{});
  EXPECT_EQ(world.send("bob", End{}).outcome, Outcome::ignored);
}

TEST(Invited, HasNoPlaceBeforeTheAnswer) {
  auto world = World::ringing();
  expect_refused(world.send("alice", invite({"carol"})), ErrorCode::wrong_state);
}

TEST(Idle, KnowsNoMessageButCallStarted) {
  for (const MessageBody& body :
       {MessageBody{Ring{}}, MessageBody{Accept{}}, MessageBody{Reject{}}, MessageBody{End{}},
        MessageBody{invite({"bob"})}, MessageBody{Signal{user("bob"), "{}"}}}) {
    World world;
    const auto verdict = world.send("alice", body);
    expect_refused(verdict, ErrorCode::wrong_state);
    EXPECT_THAT(verdict.refusal.message, HasSubstr("IDLE"));
  }
}

TEST(Strangers, AreNoParticipants) {
  for (const MessageBody& body :
       {MessageBody{Ring{}}, MessageBody{Accept{}}, MessageBody{Reject{}}, MessageBody{End{}},
        MessageBody{invite({"dora"})}, MessageBody{Signal{user("bob"), "{}"}}}) {
    auto world = World::ringing();
    expect_refused(world.send("mallory", body), ErrorCode::not_participant);
  }
}

TEST(Identity, AClaimedSenderMustBeTheTokens) {
  auto world = World::ringing();
  world.claimed = user("bob");
  const auto verdict = world.send("mallory", Accept{});
  expect_refused(verdict, ErrorCode::identity_mismatch);
  EXPECT_THAT(verdict.refusal.message, HasSubstr("acceptedBy"));
  world.claimed = user("bob");
  EXPECT_EQ(world.send("bob", Accept{}).outcome, Outcome::applied);
}

TEST(Identity, AMismatchIsToldByTheNameOfTheField) {
  auto world = World::ringing();
  world.claimed = user("bob");
  EXPECT_THAT(world.send("mallory", invite({"dora"})).refusal.message, HasSubstr("invitedBy"));
}

TEST(Identity, AServiceActsForTheUserItNames) {
  World world;
  world.role = Role::service;
  world.claimed = user("alice");
  world.send("backend", start({"bob"}));
  EXPECT_EQ(world.room.participants.at(0).user, user("alice"));
  EXPECT_EQ(world.room.caller_name, "") << "not the service's own name";
  world.claimed = user("bob");
  EXPECT_EQ(world.send("backend", Accept{}).outcome, Outcome::applied);
  EXPECT_EQ(world.at("bob").state, ParticipantState::joined);
  expect_refused(world.send("backend", End{}), ErrorCode::not_participant);
}

// What the server concludes is told by that name.
TEST(Identity, NobodyActsForTheServerItself) {
  World world;
  world.role = Role::service;
  world.claimed = UserId::clipped(system_actor);
  const auto verdict = world.send("backend", start({"bob"}));
  expect_refused(verdict, ErrorCode::identity_mismatch);
  EXPECT_THAT(verdict.refusal.message, HasSubstr("callerId"));
}

TEST(Identity, AnAuditorOnlyReads) {
  World world;
  world.role = Role::auditor;
  expect_refused(world.send("alice", start({"bob"})), ErrorCode::forbidden);
}

TEST(Refusals, KeepWhatWasAskedFor) {
  World world;
  const auto verdict = world.send("alice", Reject{"busy"});
  EXPECT_EQ(std::get<Rejected>(verdict.payload).reason, "busy");
  auto body = start({"alice"});
  body.metadata = "{}";
  const auto started = world.send("alice", body);
  EXPECT_EQ(std::get<CallStarted>(started.payload).metadata, "{}");
  EXPECT_EQ(std::get<CallStarted>(started.payload).caller, user("alice"));
}

}  // namespace
}  // namespace callstate::call
