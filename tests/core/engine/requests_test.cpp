#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/engine/fixture.hpp"

// Those who have no session: requests, questions, revocation, the media server.

namespace callstate::engine {
namespace {

using namespace std::chrono_literals;

class Requests : public SequencerTest {
 protected:
  std::shared_ptr<const Requester> by(std::string_view who,
                                      call::Role role = call::Role::crm_user) {
    auto sender = opening(0, who, "http", role).sender;
    return std::make_shared<const Requester>(Requester{99, std::move(sender), clock.now()});
  }
  std::vector<Effect> ask(std::string_view who, Ask::What what,
                          call::Role role = call::Role::crm_user) {
    return submit(Ask{by(who, role), std::move(what)});
  }
  std::vector<Effect> request(std::string_view who, std::string_view where, call::MessageBody body,
                              std::string_view with_id = {}) {
    return submit(Request{by(who), message(0, where, std::move(body), with_id).message});
  }
  std::vector<Effect> report(std::string_view media_room, std::string_view event,
                             std::string_view with_id) {
    return submit(ReportMedia{98,
                              std::string(media_room),
                              id(with_id),
                              {.event = std::string(event), .user = {}, .detail = {}}});
  }
};

TEST_F(Requests, AreAnsweredAlsoWithoutAnIdAndMakeNobodyOnline) {
  boot();
  open(1, "bob");
  const auto started =
      request("ann", "r1",
              call::StartCall{
                  .callees = {user("bob")}, .caller_name = {}, .callee_name = {}, .metadata = {}});
  ASSERT_EQ(replies<Ack>(started, 99).size(), 1U);
  EXPECT_EQ(replies<Ack>(started, 99)[0].outcome, call::Outcome::applied);
  EXPECT_FALSE(user_state("ann").online);
  EXPECT_EQ(replies<Ack>(request("bob", "r1", call::Accept{}, "a"), 99).size(), 1U);
  const auto again = request("bob", "r1", call::Accept{}, "a");
  ASSERT_EQ(replies<Ack>(again, 99).size(), 1U);
  EXPECT_TRUE(replies<Ack>(again, 99)[0].duplicate);
  const auto refused = request("eve", "r1", call::End{});
  EXPECT_EQ(replies<Refusal>(refused, 99).at(0).error.code, call::ErrorCode::not_participant);
}

TEST_F(Requests, ForThePresentAreShownWhatASessionWouldBe) {
  boot();
  open(1, "ann");
  open(2, "bob");
  start_call(1, "r1", {"bob"});
  const auto shown = ask("bob", Ask::LiveCalls{});
  EXPECT_EQ(replies<RoomState>(shown, 99).size(), 1U);
  EXPECT_EQ(replies<Event>(shown, 99).size(), 1U) << "the invitation";
  EXPECT_EQ(replies<AsOf>(shown, 99).at(0).position, log.head());
  EXPECT_TRUE(replies<RoomState>(ask("cid", Ask::LiveCalls{}), 99).empty());
  EXPECT_EQ(replies<RoomState>(ask("cid", Ask::OneRoom{room("r1")}), 99).size(), 1U);
  const auto customer = ask("cid", Ask::OneRoom{room("r1")}, call::Role::portal_customer);
  EXPECT_EQ(replies<Refusal>(customer, 99).at(0).error.code, call::ErrorCode::forbidden);
  const auto none = ask("cid", Ask::OneRoom{room("r9")});
  EXPECT_EQ(replies<Refusal>(none, 99).at(0).error.code, call::ErrorCode::room_not_found);
}

TEST_F(Requests, ForPresenceNameDevicesOnceAndTheCall) {
  boot();
  open(1, "ann");
  open(2, "bob", "phone");
  open(3, "bob", "phone");
  open(4, "bob", "desk");
  start_call(1, "r1", {"bob"});
  const auto presence = replies<Presence>(ask("ann", Ask::PresenceOf{user("bob")}), 99).at(0);
  EXPECT_TRUE(presence.online);
  EXPECT_EQ(presence.devices.size(), 2U);
  EXPECT_EQ(presence.rooms, std::vector{room("r1")});
  EXPECT_FALSE(replies<Presence>(ask("ann", Ask::PresenceOf{user("zoe")}), 99).at(0).online);
  const auto customer = ask("eve", Ask::PresenceOf{user("bob")}, call::Role::portal_customer);
  EXPECT_EQ(replies<Refusal>(customer, 99).at(0).error.code, call::ErrorCode::forbidden);
}

TEST_F(Requests, OfARevokedUserAreRefusedUntilALaterToken) {
  boot();
  open(1, "bob");
  const auto no = submit(Revoke{by("ann"), user("bob")});
  EXPECT_EQ(replies<Refusal>(no, 99).at(0).error.code, call::ErrorCode::forbidden);
  const auto done = submit(Revoke{by("crm", call::Role::service), user("bob")});
  EXPECT_EQ(replies<Ack>(done, 99).size(), 1U);
  ASSERT_EQ(only<CloseSession>(done).size(), 1U);
  EXPECT_EQ(only<CloseSession>(done)[0].session, 1U);
  EXPECT_EQ(replies<Refusal>(ask("bob", Ask::Admission{}), 99).at(0).error.code,
            call::ErrorCode::unauthenticated);
  auto old = opening(2, "bob");
  old.issued_at = clock.now();
  EXPECT_EQ(only<CloseSession>(submit(old)).size(), 1U);
  crash();
  boot();
  EXPECT_EQ(replies<Refusal>(ask("bob", Ask::Admission{}), 99).size(), 1U) << "it is in the log";
  clock.advance(1s);
  EXPECT_EQ(replies<AsOf>(ask("bob", Ask::Admission{}), 99).size(), 1U) << "a later token";
}

TEST_F(Requests, OfTheMediaServerAreRecordedOnceAndEndACallThatNobodyEnded) {
  settings.media = true;
  boot();
  open(1, "ann");
  open(2, "bob");
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  EXPECT_EQ(published(report("r1", "participant_joined", "w1")), std::vector<std::string>{"MEDIA"});
  const auto again = report("r1", "participant_joined", "w1");
  EXPECT_TRUE(published(again).empty());
  EXPECT_TRUE(replies<Ack>(again, 98).at(0).duplicate);
  EXPECT_EQ(replies<Refusal>(report("r2", "room_started", "w2"), 98).at(0).error.code,
            call::ErrorCode::room_not_found);
  EXPECT_EQ(published(report("r1", "room_finished", "w3")),
            (std::vector<std::string>{"MEDIA", "ENDED"}));
  EXPECT_EQ(room_state("r1").end_reason, call::EndReason::media_finished);
}

// The media server knows no tenants: a token for a room there lets its bearer in,
// whoever's room it is.
TEST_F(Requests, TwoTenantsNeverShareAMediaRoom) {
  settings.media = true;
  boot();
  open(1, "ann");
  start_call(1, "r1", {"bob"});
  EXPECT_EQ(room_state("r1").media_room, "r1");
  const auto others = [&](SessionId session) {
    submit(opening(session, "ann", "phone", call::Role::crm_user, "other"));
    start_call(session, "r1", {"bob"});
    return sequencer->states().room(tenant("other"), "r1").room.media_room;
  };
  EXPECT_EQ(others(2), "other/r1");
  send(1, "r1", call::End{});
  crash(false);
  boot();
  open(3, "ann");
  start_call(3, "r1", {"bob"});
  EXPECT_EQ(room_state("r1").media_room, "r1") << "whose it was is a fold of the log";
  // A report finds its way by either name.
  EXPECT_EQ(replies<Ack>(report("other/r1", "room_started", "w1"), 98).at(0).room, room("r1"));
  EXPECT_EQ(replies<Refusal>(report("acme/r1", "room_started", "w2"), 98).size(), 1U);
}

}  // namespace
}  // namespace callstate::engine
