#include <gmock/gmock.h>

#include "core/history/folding.hpp"

namespace callstate::history {
namespace {

using call::World;
using testing::ElementsAre;
using namespace std::chrono_literals;

/// `alice:CRM_USER bob:-`.
std::string parties_of(const CallRow& row) {
  std::string text;
  for (const auto& [user, role] : row.parties) {
    if (!text.empty()) text += ' ';
    text.append(user.view()).append(":").append(role ? name_of(*role) : std::string_view("-"));
  }
  return text;
}

TEST(CallHistory, ACallThatRingsHasARow) {
  World world;
  auto start = call::start({"bob"});
  start.caller_name = "Alice A.";
  start.callee_name = "Bob B.";
  start.metadata = R"({"lead":7})";
  world.send("alice", start);
  const auto row = row_of(world);
  EXPECT_EQ(row.id, world.room.call);
  EXPECT_EQ(row.tenant.view(), "acme");
  EXPECT_EQ(row.room.view(), "room");
  EXPECT_EQ(row.status, Status::ringing);
  EXPECT_EQ(parties_of(row), "alice:CRM_USER bob:-");
  EXPECT_EQ(row.caller_name, "Alice A.");
  EXPECT_EQ(row.callee_name, "Bob B.");
  EXPECT_EQ(row.metadata, R"({"lead":7})");
  EXPECT_EQ(row.started_at, world.now);
  EXPECT_EQ(row.ring_deadline, world.now + world.rules.ring_timeout);
  EXPECT_EQ(row.answered_at, call::Time{});
  EXPECT_EQ(row.ended_at, call::Time{});
  EXPECT_EQ(row.started_position, 1U);
  EXPECT_EQ(row.changed_position, 1U);
}

TEST(CallHistory, TheFirstAnswerConnects) {
  auto world = World::group_ringing();
  world.wait(3s);
  world.send("bob", call::Accept{});
  const auto answered = world.now;
  world.wait(2s);
  world.send("carol", call::Accept{});
  const auto row = row_of(world);
  EXPECT_EQ(row.status, Status::connected);
  EXPECT_EQ(row.answered_at, answered);
}

TEST(CallHistory, AHangUpEndsIt) {
  auto world = World::connected();
  world.wait(61s);
  world.send("bob", call::End{"see you"});
  const auto row = row_of(world);
  EXPECT_EQ(row.status, Status::ended);
  EXPECT_EQ(row.ended_at, world.now);
  EXPECT_EQ(row.duration_s, 61U);
  EXPECT_EQ(row.end_reason, call::EndReason::hangup);
  EXPECT_EQ(row.end_detail, "see you");
  EXPECT_EQ(row.changed_position, world.log.size());
}

TEST(CallHistory, RejectedKeepsTheWordOfWhoDeclined) {
  auto world = World::ringing();
  world.send("bob", call::Reject{"busy"});
  const auto row = row_of(world);
  EXPECT_EQ(row.status, Status::rejected);
  EXPECT_EQ(row.end_reason, call::EndReason::rejected);
  EXPECT_EQ(row.end_detail, "busy");
  EXPECT_EQ(row.duration_s, 0U);
}

TEST(CallHistory, RejectedByAGroupKeepsTheLastWord) {
  auto world = World::group_ringing();
  world.send("bob", call::Reject{"busy"});
  EXPECT_EQ(row_of(world).status, Status::ringing);
  EXPECT_EQ(row_of(world).end_detail, "busy");
  world.send("carol", call::End{"asleep"});  // who still rings declines by it
  EXPECT_EQ(row_of(world).status, Status::rejected);
  EXPECT_EQ(row_of(world).end_detail, "asleep");
}

TEST(CallHistory, AWordOfWhoDeclinedDoesNotOutliveAnAnswer) {
  auto world = World::group_ringing();
  world.send("bob", call::Reject{"busy"});
  world.send("carol", call::Accept{});
  EXPECT_EQ(row_of(world).end_detail, "");
  world.send("alice", call::End{});
  EXPECT_EQ(row_of(world).status, Status::ended);
  EXPECT_EQ(row_of(world).end_detail, "");
}

TEST(CallHistory, CancelledByTheCaller) {
  auto world = World::ringing();
  world.send("alice", call::End{"wrong number"});
  const auto row = row_of(world);
  EXPECT_EQ(row.status, Status::cancelled);
  EXPECT_EQ(row.end_reason, call::EndReason::cancelled);
  EXPECT_EQ(row.end_detail, "wrong number");
}

TEST(CallHistory, MissedWhenNobodyAnswers) {
  auto world = World::ringing();
  world.wait(world.rules.ring_timeout);
  const auto row = row_of(world);
  EXPECT_EQ(row.status, Status::missed);
  EXPECT_EQ(row.end_reason, call::EndReason::no_answer);
  EXPECT_EQ(row.ended_at, world.now);
  EXPECT_EQ(parties_of(row), "alice:CRM_USER bob:-");
}

TEST(CallHistory, FailedWhenTheCallerIsLostBeforeAnAnswer) {
  auto world = World::ringing();
  world.lose("alice");
  world.wait(world.rules.reconnect_grace);
  EXPECT_EQ(row_of(world).status, Status::failed);
  EXPECT_EQ(row_of(world).end_reason, call::EndReason::connection_lost);
}

TEST(CallHistory, EndedWhenTheConnectionIsLostAfterAnAnswer) {
  auto world = World::connected();
  world.lose("alice");
  world.wait(world.rules.reconnect_grace);
  EXPECT_EQ(row_of(world).status, Status::ended);
  EXPECT_EQ(row_of(world).end_reason, call::EndReason::connection_lost);
}

TEST(CallHistory, EndedByTheLongestDurationAndByTheMediaServer) {
  auto world = World::connected();
  world.wait(world.rules.max_call_duration);
  EXPECT_EQ(row_of(world).status, Status::ended);
  EXPECT_EQ(row_of(world).end_reason, call::EndReason::max_duration);
  EXPECT_EQ(row_of(world).duration_s, 4U * 3600);

  auto other = World::connected();
  other.report({"room_finished", {}, {}, {}});
  EXPECT_EQ(row_of(other).status, Status::ended);
  EXPECT_EQ(row_of(other).end_reason, call::EndReason::media_finished);
}

TEST(CallHistory, OneWhoLeavesAGroupDoesNotEndIt) {
  auto world = World::group_of_three();
  world.wait(10s);
  world.send("bob", call::End{"bye"});
  ASSERT_EQ(type_of(world.log.back().payload), "PARTICIPANT_LEFT");
  EXPECT_EQ(row_of(world).status, Status::connected);
  EXPECT_EQ(row_of(world).end_detail, "");
  world.send("carol", call::End{"bye too"});
  const auto row = row_of(world);
  EXPECT_EQ(row.status, Status::ended);
  EXPECT_EQ(row.duration_s, 10U);
  EXPECT_EQ(row.end_detail, "bye too");
}

TEST(CallHistory, WhoIsInvitedIsAParty) {
  auto world = World::connected();
  world.wait(5s);
  world.send("bob", call::invite({"carol", "alice", "dora"}));
  auto row = row_of(world);
  EXPECT_EQ(parties_of(row), "alice:CRM_USER bob:CRM_USER carol:- dora:-");
  EXPECT_EQ(row.ring_deadline, world.now + world.rules.ring_timeout);
  world.role = call::Role::portal_customer;
  world.send("dora", call::Accept{});
  world.send("dora", call::invite({"carol", "eve"}));
  row = row_of(world);
  EXPECT_EQ(parties_of(row), "alice:CRM_USER bob:CRM_USER carol:- dora:PORTAL_CUSTOMER eve:-");
}

TEST(CallHistory, ARoleIsOfWhoActsItself) {
  World world;
  world.role = call::Role::service;
  world.claimed = call::user("alice");
  world.send("crm", call::start({"bob"}));
  EXPECT_EQ(parties_of(row_of(world)), "alice:- bob:-") << "the service's role is not alice's";
  world.role = call::Role::portal_customer;
  world.send("bob", call::Ring{});
  EXPECT_EQ(parties_of(row_of(world)), "alice:- bob:PORTAL_CUSTOMER");
  EXPECT_EQ(row_of(world).changed_position, world.log.size());
  world.role = call::Role::crm_user;
  world.send("bob", call::Accept{});
  EXPECT_EQ(parties_of(row_of(world)), "alice:- bob:PORTAL_CUSTOMER") << "as it was first seen";
}

TEST(CallHistory, ARoleThatWasKnownAtTheStartNeedsNoAct) {
  World world;
  world.known_roles = {{"alice", call::Role::portal_customer}, {"bob", call::Role::crm_user}};
  world.role = call::Role::service;
  world.claimed = call::user("alice");
  world.send("crm", call::start({"bob", "carol"}));
  EXPECT_EQ(parties_of(row_of(world)), "alice:PORTAL_CUSTOMER bob:CRM_USER carol:-");
}

TEST(CallHistory, ARoleThatIsKnownWhenSomebodyIsAskedBackFillsWhatWasOpen) {
  auto world = World::group_connected();
  world.send("carol", call::Reject{}, "phone");
  world.known_roles = {{"carol", call::Role::portal_customer}, {"dora", call::Role::crm_user}};
  world.send("bob", call::invite({"carol", "dora"}));
  EXPECT_EQ(parties_of(row_of(world)), "alice:CRM_USER bob:CRM_USER carol:CRM_USER dora:CRM_USER")
      << "carol's stays as it was first seen";
  world = World::group_connected();
  world.wait(world.rules.ring_timeout);
  world.known_roles = {{"carol", call::Role::portal_customer}};
  world.send("bob", call::invite({"carol"}));
  EXPECT_EQ(parties_of(row_of(world)), "alice:CRM_USER bob:CRM_USER carol:PORTAL_CUSTOMER");
  EXPECT_EQ(row_of(world).changed_position, world.log.size());
}

TEST(CallHistory, TheNextCallInARoomHasARowOfItsOwn) {
  auto world = World::ended();
  const auto first = row_of(world);
  world.wait(10s);
  world.send("bob", call::start({"carol"}));
  const auto rows = fold(world.log);
  ASSERT_EQ(rows.calls.size(), 2U);
  EXPECT_EQ(rows.calls.at(first.id), first);
  EXPECT_EQ(parties_of(row_of(world)), "bob:CRM_USER carol:-");
  EXPECT_EQ(row_of(world).started_at, world.now);
}

TEST(CallHistory, WhatIsNotAppliedIsAnEventAndChangesNoRow) {
  auto world = World::connected();
  const auto before = row_of(world);
  world.role = call::Role::portal_customer;
  world.send("alice", call::Ring{});            // WRONG_STATE
  world.send("mallory", call::End{"ha"});       // NOT_PARTICIPANT
  world.send("carol", call::start({"alice"}));  // WRONG_STATE
  world.send("bob", call::Accept{}, "tablet");  // ANSWERED_ELSEWHERE
  world.send("bob", call::Accept{});            // ignored
  ASSERT_EQ(world.log.back().outcome, call::Outcome::ignored);
  EXPECT_EQ(row_of(world), before);
  const auto rows = fold(world.log);
  ASSERT_EQ(rows.events.size(), world.log.size());
  for (std::size_t i = 0; i < rows.events.size(); ++i) {
    const auto& event = rows.events[i];
    EXPECT_EQ(event.record.position, i + 1);
    EXPECT_EQ(event.record.outcome, world.log[i].outcome);
    EXPECT_EQ(event.record.refusal, world.log[i].refusal);
    EXPECT_EQ(event.caller.view(), "alice");
    EXPECT_EQ(event.callee.view(), "bob");
  }
}

TEST(CallHistory, AnEventOfNoCallNamesNobody) {
  World world;
  world.send("alice", call::Accept{});
  const auto rows = fold(world.log);
  ASSERT_EQ(rows.events.size(), 1U);
  EXPECT_TRUE(rows.calls.empty());
  EXPECT_TRUE(rows.events[0].record.call.empty());
  EXPECT_TRUE(rows.events[0].caller.empty());
}

TEST(CallHistory, WhatComesAfterTheEndNamesTheCallAlone) {
  auto world = World::ended();
  const auto before = row_of(world);
  world.send("bob", call::End{});
  world.report({"room_finished", {}, {}, {}});
  const auto rows = fold(world.log);
  EXPECT_EQ(rows.calls.at(before.id), before);
  const auto& ended = rows.events.at(rows.events.size() - 3);
  EXPECT_EQ(type_of(ended.record.payload), "ENDED");
  EXPECT_EQ(ended.caller.view(), "alice") << "the end itself still does";
  for (std::size_t i = rows.events.size() - 2; i < rows.events.size(); ++i) {
    EXPECT_EQ(rows.events[i].record.call, before.id);
    EXPECT_TRUE(rows.events[i].caller.empty());
    EXPECT_TRUE(rows.events[i].callee.empty());
  }
}

TEST(CallHistory, OtherStreamsMoveThePositionOnly) {
  auto world = World::ringing();
  world.restart();
  CallHistory history;
  for (const auto& record : world.log) history.add(record);
  call::Record online;
  online.position = world.log.size() + 1;
  online.stream = {call::StreamKind::user, call::TenantId::clipped("acme"), call::user("bob")};
  online.at = world.now + 1s;
  online.payload = call::UserOnline{};
  history.add(online);
  EXPECT_EQ(history.size(), 2U);
  const auto changes = history.take();
  EXPECT_EQ(changes.calls.size(), 1U);
  EXPECT_EQ(changes.events.size(), 1U);
  EXPECT_EQ(changes.position, online.position);
  EXPECT_EQ(changes.at, online.at);
}

TEST(CallHistory, GivesEachChangedCallOnceAndNothingTwice) {
  auto world = World::connected();
  CallHistory history;
  for (const auto& record : world.log) history.add(record);
  for (const auto& record : world.log) history.add(record);  // seen already
  EXPECT_EQ(history.size(), 1 + world.log.size());
  EXPECT_EQ(history.take().calls.size(), 1U);
  EXPECT_EQ(history.size(), 0U);
  const auto none = history.take();
  EXPECT_TRUE(none.calls.empty());
  EXPECT_TRUE(none.events.empty());
  EXPECT_EQ(none.position, world.log.size());
}

TEST(CallHistory, ShowsACallUntilItsEndIsTaken) {
  auto world = World::ringing();
  CallHistory history;
  history.add(world.log.back());
  const auto id = world.room.call;
  ASSERT_NE(history.find(id), nullptr);
  EXPECT_EQ(history.find(id)->status, Status::ringing);
  (void)history.take();
  ASSERT_NE(history.find(id), nullptr);
  world.send("alice", call::End{});
  history.add(world.log.back());
  ASSERT_NE(history.find(id), nullptr);
  EXPECT_EQ(history.find(id)->status, Status::cancelled);
  EXPECT_EQ(history.find(id)->changed_position, world.log.size());
  (void)history.take();
  EXPECT_EQ(history.find(id), nullptr);
}

TEST(CallHistory, LeavesOutACallThatItWasNotToldOf) {
  auto world = World::connected();
  CallHistory history;
  history.add(world.log.back());
  const auto changes = history.take();
  EXPECT_TRUE(changes.calls.empty());
  ASSERT_EQ(changes.events.size(), 1U);
  EXPECT_TRUE(changes.events[0].caller.empty());
}

}  // namespace
}  // namespace callstate::history
