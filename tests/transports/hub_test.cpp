#include "transports/hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace callstate::transports {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

call::TenantId tenant(std::string_view name = "t1") {
  return call::TenantId::clipped(name);
}
call::UserId user(std::string_view name) {
  return call::UserId::clipped(name);
}
call::Stream room(std::string_view name = "r", std::string_view of = "t1") {
  return {call::StreamKind::room, tenant(of), user(name)};
}

/// What it is sent, as text: an event's type and seq, or the kind of answer.
class Listener final : public Outlet {
 public:
  Listener(Hub& hub, std::string_view name, std::string_view of = "t1")
      : id(hub.next_session_id()), hub_(hub) {
    hub_.add(id, *this, tenant(of), user(name));
  }
  ~Listener() override { hub_.remove(id); }

  void send(Outgoing& message, std::string_view user) override {
    EXPECT_FALSE(closed);
    if (const auto* event = std::get_if<engine::Event>(&message.message(user))) {
      heard.push_back(std::string(call::type_of(event->record.payload)));
      if (const auto* signal = std::get_if<call::Signaled>(&event->record.payload))
        heard.back() += signal->data;
    } else {
      heard.push_back("answer");
    }
    texts.push_back(message.text(user));
  }
  void resume(const engine::Resume&) override { heard.emplace_back("resume"); }
  void flush() override {
    ++flushes;
    if (leaves_on_flush) hub_.remove(id);
  }
  void close(const engine::Close& close) override {
    closed = close.code;
    hub_.remove(id);
  }

  engine::SessionId id;
  std::vector<std::string> heard;
  std::vector<std::shared_ptr<const std::string>> texts;
  int flushes = 0;
  std::uint16_t closed = 0;
  bool leaves_on_flush = false;

 private:
  Hub& hub_;
};

engine::Effect publish(call::Payload payload, call::Stream stream = room(),
                       std::string_view by = "system", std::vector<call::Stream> rooms = {}) {
  engine::Publish effect;
  effect.event.record.stream = stream;
  effect.event.record.actor.user = user(by);
  effect.event.record.payload = std::move(payload);
  effect.rooms = std::move(rooms);
  return effect;
}

call::CallStarted started(std::string_view caller, std::vector<call::UserId> callees) {
  call::CallStarted event;
  event.caller = user(caller);
  event.callees = std::move(callees);
  return event;
}

struct HubTest : testing::Test {
  void attach(const Listener& listener) { carry({engine::Attach{listener.id}}); }
  void subscribe(const Listener& listener, bool lasting, call::Stream to = room()) {
    carry({engine::Subscribe{listener.id, to, lasting}});
  }
  void carry(std::vector<engine::Effect> effects) {
    hub.carry_out(effects);
    hub.flush();
  }

  Hub hub{3};
};

TEST_F(HubTest, GivesIdsOfItsOwnNumberAndNeverTwice) {
  const auto first = hub.next_session_id();
  EXPECT_EQ(engine::hub_of(first), 3);
  EXPECT_NE(first, hub.next_session_id());
}

TEST_F(HubTest, AnInvitationReachesEverySessionOfCallerAndCallees) {
  Listener caller(hub, "anna"), tab(hub, "anna"), phone(hub, "ben"), laptop(hub, "ben");
  Listener third(hub, "carl"), not_yet(hub, "ben"), elsewhere(hub, "ben", "t2");
  for (const auto* each : {&caller, &tab, &phone, &laptop, &third, &elsewhere}) attach(*each);
  carry({publish(started("anna", {user("ben")})), publish(call::Ringing{})});
  for (const auto* each : {&caller, &tab, &phone, &laptop})
    EXPECT_THAT(each->heard, ElementsAre("CALL_STARTED", "RINGING"));
  for (const auto* each : {&third, &not_yet, &elsewhere}) EXPECT_THAT(each->heard, IsEmpty());
}

TEST_F(HubTest, InvitedBringsInTheNewCallees) {
  Listener caller(hub, "anna"), later(hub, "dora");
  attach(caller);
  attach(later);
  carry({publish(started("anna", {user("ben")})), publish(call::Invited{{user("dora")}, {}}),
         publish(call::Ringing{})});
  EXPECT_THAT(later.heard, ElementsAre("INVITED", "RINGING"));
}

TEST_F(HubTest, TheEndOfACallEndsSubscriptionsThatDoNotLast) {
  Listener caller(hub, "anna"), joined(hub, "anna"), bystander(hub, "carl");
  attach(caller);
  attach(joined);
  attach(bystander);
  subscribe(joined, true);
  subscribe(bystander, false);
  carry(
      {publish(started("anna", {user("ben")})), publish(call::Ended{}), publish(call::Ringing{})});
  EXPECT_THAT(caller.heard, ElementsAre("CALL_STARTED", "ENDED"));
  EXPECT_THAT(bystander.heard, ElementsAre("CALL_STARTED", "ENDED"));
  EXPECT_THAT(joined.heard, ElementsAre("CALL_STARTED", "ENDED", "RINGING"));
}

TEST_F(HubTest, LastingWinsOverUntilTheEnd) {
  Listener a(hub, "anna");
  subscribe(a, false);
  subscribe(a, true);
  subscribe(a, false);
  carry({publish(call::Ended{}), publish(call::Ringing{})});
  EXPECT_THAT(a.heard, ElementsAre("ENDED", "RINGING"));
}

TEST_F(HubTest, SubscribingTwiceHearsOnceAndUnsubscribingEndsIt) {
  Listener a(hub, "anna"), b(hub, "ben");
  subscribe(a, true);
  subscribe(a, true);
  subscribe(b, true);
  carry({publish(call::Ringing{})});
  carry({engine::Unsubscribe{a.id, room()}, engine::Unsubscribe{a.id, room("unknown")},
         publish(call::Accepted{})});
  EXPECT_THAT(a.heard, ElementsAre("RINGING"));
  EXPECT_THAT(b.heard, ElementsAre("RINGING", "ACCEPTED"));
}

TEST_F(HubTest, RoomsOfTwoTenantsAreTwoRooms) {
  Listener a(hub, "anna"), b(hub, "anna", "t2");
  subscribe(a, true, room("r"));
  subscribe(b, true, room("r", "t2"));
  // The same bytes one after the other, cut elsewhere.
  Listener c(hub, "anna", "t");
  subscribe(c, true, room("1r", "t"));
  carry({publish(call::Ringing{}, room("r"))});
  EXPECT_THAT(a.heard, ElementsAre("RINGING"));
  EXPECT_THAT(b.heard, IsEmpty());
  EXPECT_THAT(c.heard, IsEmpty());
}

TEST_F(HubTest, PresenceGoesToTheUsersInboxAndToItsRoomsOnceEach) {
  Listener inbox(hub, "anna"), room_only(hub, "anna"), peer(hub, "ben"), stranger(hub, "carl");
  carry({engine::Attach{inbox.id, true}, engine::Attach{room_only.id, false},
         engine::Attach{peer.id}, engine::Attach{stranger.id}});
  subscribe(inbox, true);
  subscribe(inbox, true, room("second"));
  subscribe(peer, true);
  subscribe(peer, true, room("second"));
  carry({publish(call::UserOnline{}, {call::StreamKind::user, tenant(), user("anna")}, "system",
                 {room(), room("second"), room("empty")})});
  EXPECT_THAT(inbox.heard, ElementsAre("USER_ONLINE"));
  EXPECT_THAT(peer.heard, ElementsAre("USER_ONLINE"));
  EXPECT_THAT(room_only.heard, IsEmpty());
  EXPECT_THAT(stranger.heard, IsEmpty());
}

TEST_F(HubTest, OnlyItsTwoEndsSeeASignalsData) {
  Listener from(hub, "anna"), to(hub, "ben"), other(hub, "carl"), auditor(hub, "dora");
  for (const auto* each : {&from, &to, &other, &auditor}) subscribe(*each, true);
  carry({publish(call::Signaled{user("ben"), R"({"sdp":1})"}, room(), "anna")});
  EXPECT_THAT(from.heard, ElementsAre(R"(SIGNAL{"sdp":1})"));
  EXPECT_THAT(to.heard, ElementsAre(R"(SIGNAL{"sdp":1})"));
  EXPECT_THAT(other.heard, ElementsAre("SIGNAL"));
  EXPECT_EQ(from.texts[0], to.texts[0]) << "serialised once";
  EXPECT_EQ(other.texts[0], auditor.texts[0]);
  EXPECT_NE(from.texts[0]->find("sdp"), std::string::npos);
  EXPECT_EQ(other.texts[0]->find("sdp"), std::string::npos);
}

TEST_F(HubTest, AnEventIsSerialisedOnceForAll) {
  Listener a(hub, "anna"), b(hub, "ben");
  subscribe(a, true);
  subscribe(b, true);
  carry({publish(call::Ringing{})});
  EXPECT_EQ(a.texts[0], b.texts[0]);
}

TEST_F(HubTest, RepliesGoToOneSessionAndAreFlushedOnceForAllBatches) {
  Listener a(hub, "anna"), b(hub, "ben");
  hub.carry_out({engine::Reply{a.id, engine::Ack{}}});
  hub.carry_out({engine::Reply{a.id, engine::Ack{}}});
  EXPECT_EQ(a.flushes, 0);
  hub.flush();
  EXPECT_THAT(a.heard, ElementsAre("answer", "answer"));
  EXPECT_EQ(a.flushes, 1);
  EXPECT_THAT(b.heard, IsEmpty());
  EXPECT_EQ(b.flushes, 0);
}

TEST_F(HubTest, WhoIsToldOfItsOwnDoingsIsWrittenToLaterAndThenOfAllAtOnce) {
  Listener a(hub, "anna"), b(hub, "ben");
  subscribe(a, true);
  subscribe(b, true);
  hub.flush();
  a.flushes = b.flushes = 0;

  hub.carry_out(
      {engine::Handled{a.id}, engine::Reply{a.id, engine::Ack{}}, publish(call::Ringing{})});
  hub.flush_urgent();
  EXPECT_EQ(a.flushes, 0);
  EXPECT_EQ(b.flushes, 1);
  // The other side's answer takes it along.
  hub.carry_out(
      {engine::Handled{b.id}, engine::Reply{b.id, engine::Ack{}}, publish(call::Accepted{})});
  hub.flush_urgent();
  EXPECT_THAT(a.heard, ElementsAre("answer", "RINGING", "ACCEPTED"));
  EXPECT_EQ(a.flushes, 1);
  EXPECT_EQ(b.flushes, 1);
  hub.flush_answered();
  EXPECT_THAT(b.heard, ElementsAre("RINGING", "answer", "ACCEPTED"));
  EXPECT_EQ(b.flushes, 2);
}

TEST_F(HubTest, WhatNobodyAskedForWaitsForNothing) {
  Listener a(hub, "anna");
  subscribe(a, true);
  hub.flush();
  a.flushes = 0;
  hub.carry_out({engine::Handled{a.id}});
  hub.carry_out({publish(call::Ringing{})});
  hub.flush_urgent();
  EXPECT_EQ(a.flushes, 1);
}

TEST_F(HubTest, WhatComesOfAMessageThatWantsNoAnswerIsItsSendersOwnToo) {
  Listener a(hub, "anna"), b(hub, "ben");
  subscribe(a, true);
  subscribe(b, true);
  hub.flush();
  a.flushes = b.flushes = 0;
  hub.carry_out({engine::Handled{a.id}, publish(call::Ringing{})});
  hub.flush_urgent();
  EXPECT_EQ(a.flushes, 0);
  EXPECT_EQ(b.flushes, 1);
}

TEST_F(HubTest, WritesToSoManyOfThoseWhoseAnswersWait) {
  Listener a(hub, "anna"), b(hub, "ben");
  hub.carry_out({engine::Handled{a.id}, engine::Reply{a.id, engine::Ack{}}, engine::Handled{b.id},
                 engine::Reply{b.id, engine::Ack{}}});
  hub.flush_urgent();
  EXPECT_TRUE(hub.has_answered());
  hub.flush_answered(1);
  EXPECT_EQ(a.flushes + b.flushes, 1);
  EXPECT_TRUE(hub.has_answered());
  hub.flush_answered(1);
  EXPECT_EQ(a.flushes + b.flushes, 2);
  EXPECT_FALSE(hub.has_answered());
}

TEST_F(HubTest, WhoseAnswerWaitsIsOverdueUnlessItWasWrittenToMeanwhile) {
  Listener a(hub, "anna"), b(hub, "ben");
  subscribe(a, true);
  hub.flush();
  a.flushes = b.flushes = 0;
  hub.carry_out({engine::Handled{a.id}, engine::Reply{a.id, engine::Ack{}}, engine::Handled{b.id},
                 engine::Reply{b.id, engine::Ack{}}});
  hub.flush_overdue();
  EXPECT_EQ(a.flushes + b.flushes, 0);
  hub.carry_out({publish(call::Ringing{})});
  hub.flush_urgent();
  EXPECT_EQ(a.flushes, 1);
  hub.flush_overdue();
  EXPECT_EQ(a.flushes, 1);
  EXPECT_EQ(b.flushes, 1);
  EXPECT_FALSE(hub.has_answered());
}

TEST_F(HubTest, KnowsHowManyMessagesAreWithTheEngine) {
  Listener a(hub, "anna");
  hub.sent(2);
  EXPECT_EQ(hub.unhandled(), 2U);
  hub.carry_out({engine::Handled{a.id}});
  EXPECT_EQ(hub.unhandled(), 1U);
  // Of another hub, and of a session that has gone meanwhile.
  hub.carry_out({engine::Handled{engine::make_session_id(2, 1)}});
  EXPECT_EQ(hub.unhandled(), 1U);
  hub.carry_out({engine::Handled{engine::make_session_id(3, 99)}});
  EXPECT_EQ(hub.unhandled(), 0U);
}

TEST_F(HubTest, ASessionMayLeaveWhileItsAnswerWaits) {
  Listener b(hub, "ben");
  {
    Listener a(hub, "anna");
    hub.carry_out({engine::Handled{a.id}, engine::Reply{a.id, engine::Ack{}}, engine::Handled{b.id},
                   engine::Reply{b.id, engine::Ack{}}});
  }
  hub.flush_answered();
  EXPECT_EQ(b.flushes, 1);
}

TEST_F(HubTest, ClosesSessionsAfterWhatTheyWereSent) {
  Listener a(hub, "anna"), b(hub, "ben");
  subscribe(a, true);
  subscribe(b, true);
  carry({publish(call::Ringing{}), engine::CloseSession{a.id, {4403, "no"}},
         publish(call::Accepted{})});
  EXPECT_EQ(a.closed, 4403);
  EXPECT_THAT(a.heard, ElementsAre("RINGING"));
  EXPECT_THAT(b.heard, ElementsAre("RINGING", "ACCEPTED"));
}

TEST_F(HubTest, ASessionMayLeaveWhenItIsFlushed) {
  Listener a(hub, "anna"), b(hub, "ben");
  subscribe(a, true);
  subscribe(b, true);
  a.leaves_on_flush = true;
  carry({publish(call::Ringing{})});
  EXPECT_EQ(b.flushes, 1);
  carry({publish(call::Accepted{})});
  EXPECT_THAT(a.heard, ElementsAre("RINGING"));
  EXPECT_EQ(hub.size(), 1);
}

TEST_F(HubTest, EffectsForSessionsThatAreGoneOrElsewhereAreSkipped) {
  const auto other = engine::make_session_id(4, 1);
  const auto gone = engine::make_session_id(3, 999);
  for (const auto id : {other, gone})
    carry({engine::Attach{id}, engine::Subscribe{id, room(), true},
           engine::Reply{id, engine::Ack{}}, engine::Unsubscribe{id, room()},
           engine::CloseSession{id, {}}});
  EXPECT_TRUE(Hub::concerns(4, {engine::Attach{other}}));
  EXPECT_FALSE(Hub::concerns(3, {engine::Attach{other}, engine::Reply{other, engine::Ack{}}}));
  EXPECT_TRUE(Hub::concerns(3, {engine::Attach{other}, publish(call::Ringing{})}));
}

TEST_F(HubTest, KnowsWhoseASessionIs) {
  Listener a(hub, "anna");
  EXPECT_TRUE(hub.belongs_to(a.id, tenant(), user("anna")));
  EXPECT_FALSE(hub.belongs_to(a.id, tenant("t2"), user("anna")));
  EXPECT_FALSE(hub.belongs_to(a.id, tenant(), user("ben")));
  EXPECT_FALSE(hub.belongs_to(a.id + 1, tenant(), user("anna")));
}

TEST_F(HubTest, ASessionThatHeardManyRoomsLeavesThemAllAndOnlyItself) {
  constexpr int rooms = 100'000;
  Listener stays(hub, "ann");
  attach(stays);
  {
    Listener goes(hub, "bob");
    attach(goes);
    for (int i = 0; i < rooms; ++i) subscribe(goes, true, room(std::to_string(i)));
    subscribe(stays, true, room("7"));
  }
  carry({publish(call::TimedOut{}, room("7")), publish(call::TimedOut{}, room("8"))});
  EXPECT_THAT(stays.heard, ElementsAre("TIMED_OUT"));
}

TEST_F(HubTest, ClosesAll) {
  Listener a(hub, "anna"), b(hub, "ben");
  hub.close_all({1001, "bye"});
  EXPECT_EQ(a.closed, 1001);
  EXPECT_EQ(b.closed, 1001);
  EXPECT_EQ(hub.size(), 0);
}

}  // namespace
}  // namespace callstate::transports
