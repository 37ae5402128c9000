#include <gmock/gmock.h>

#include "core/engine/fixture.hpp"

// What becomes of a message: its record, its answer, its effects.

namespace callstate::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Types = std::vector<std::string>;

class Messages : public SequencerTest {
 protected:
  void SetUp() override {
    boot();
    open(1, "ann");
    open(2, "bob");
  }
};

TEST_F(Messages, AreAnsweredBeforeTheEventIsPublished) {
  const auto effects = start_call(1, "r1", {"bob"}, "one");
  ASSERT_EQ(effects.size(), 3U);
  EXPECT_EQ(std::get<Handled>(effects[0]).session, 1U);
  const auto* reply = std::get_if<Reply>(&effects[1]);
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->to, 1U);
  const auto& ack = std::get<Ack>(reply->message);
  EXPECT_EQ(ack.id, id("one"));
  EXPECT_EQ(ack.room, room("r1"));
  EXPECT_EQ(ack.seq, 1U);
  EXPECT_EQ(ack.position, log.head());
  EXPECT_EQ(ack.outcome, call::Outcome::applied);
  EXPECT_FALSE(ack.duplicate);
  const auto& event = std::get<Publish>(effects[2]).event.record;
  EXPECT_EQ(event.position, log.head());
  EXPECT_EQ(support::hash_of(event), support::hash_of(log.at(log.head())));
}

TEST_F(Messages, AreSaidToBeHandledWhateverBecomesOfThem) {
  const auto handled = [](const std::vector<Effect>& effects) {
    std::vector<SessionId> sessions;
    for (const auto& one : only<Handled>(effects)) sessions.push_back(one.session);
    return sessions;
  };
  EXPECT_THAT(handled(start_call(1, "r1", {"bob"}, "one")), ElementsAre(1U));
  EXPECT_THAT(handled(start_call(1, "r1", {"bob"}, "one")), ElementsAre(1U)) << "again";
  EXPECT_THAT(handled(send(2, "r1", call::Accept{})), ElementsAre(2U)) << "applied";
  EXPECT_THAT(handled(send(2, "r2", call::Accept{})), ElementsAre(2U)) << "refused";
  EXPECT_THAT(handled(send(9, "r1", call::End{})), ElementsAre(9U)) << "of no session";
  EXPECT_THAT(handled(open(3, "cid")), ElementsAre()) << "no message";
}

TEST_F(Messages, WithoutAnIdGetNoAck) {
  const auto effects = start_call(1, "r1", {"bob"});
  EXPECT_TRUE(only<Reply>(effects).empty());
  EXPECT_EQ(published(effects), Types{"CALL_STARTED"});
}

TEST_F(Messages, ThatAreRefusedAreLoggedAndToldToTheSenderAlone) {
  const auto head = log.head();
  const auto effects = send(2, "r1", call::Accept{}, "x");
  ASSERT_EQ(effects.size(), 2U);
  const auto refusals = replies<Refusal>(effects, 2);
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].error.code, call::ErrorCode::wrong_state);
  EXPECT_EQ(refusals[0].id, id("x"));
  EXPECT_EQ(refusals[0].room, room("r1"));
  ASSERT_EQ(log.head(), head + 1);
  const auto record = log.at(log.head());
  EXPECT_EQ(record.outcome, call::Outcome::refused);
  EXPECT_EQ(record.refusal, call::ErrorCode::wrong_state);
  EXPECT_EQ(record.actor.user, user("bob"));
  EXPECT_EQ(record.seq, 0U);
}

TEST_F(Messages, ThatAreRefusedAreAnsweredWithoutAnIdToo) {
  EXPECT_EQ(replies<Refusal>(send(2, "r1", call::Accept{}), 2).size(), 1U);
}

TEST_F(Messages, ThatAreIgnoredAreAcknowledgedAndNotPublished) {
  start_call(1, "r1", {"bob"});
  send(1, "r1", call::End{});
  const auto effects = send(2, "r1", call::End{}, "late");
  ASSERT_EQ(effects.size(), 2U);
  const auto acks = replies<Ack>(effects, 2);
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(acks[0].outcome, call::Outcome::ignored);
  EXPECT_EQ(acks[0].seq, 2U);
  EXPECT_EQ(acks[0].position, log.head());
}

TEST_F(Messages, OfUnknownSessionsAreDropped) {
  const auto head = log.head();
  EXPECT_EQ(start_call(99, "r1", {"bob"}, "one").size(), 1U) << "nothing but that it is handled";
  EXPECT_EQ(log.head(), head);
}

TEST_F(Messages, ThatAcceptTellTheOtherDevices) {
  open(3, "bob", "tablet");
  open(4, "bob");  // another session of the device that answers
  start_call(1, "r1", {"bob"});
  const auto effects = send(2, "r1", call::Accept{}, "yes");
  const auto told = replies<AnsweredElsewhere>(effects, 3);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].position, replies<Ack>(effects, 2).at(0).position);
  for (const SessionId other : {1, 2, 4}) {
    EXPECT_TRUE(replies<AnsweredElsewhere>(effects, other).empty());
  }
  EXPECT_EQ(published(effects), (Types{"ACCEPTED", "USER_IN_CALL", "USER_IN_CALL"}));
}

TEST_F(Messages, InOneBatchSeeOneAnother) {
  Batch batch = begin();
  Submission start =
      message(1, "r1",
              call::StartCall{
                  .callees = {user("bob")}, .caller_name = {}, .callee_name = {}, .metadata = {}});
  Submission accept = message(2, "r1", call::Accept{}, "yes");
  sequencer->decide(start, batch);
  sequencer->decide(accept, batch);
  const auto effects = commit(std::move(batch));
  EXPECT_EQ(published(effects),
            (Types{"CALL_STARTED", "ACCEPTED", "USER_IN_CALL", "USER_IN_CALL"}));
}

TEST_F(Messages, HaveNoEffectBeforeTheCommit) {
  Batch batch = begin();
  Submission accept = message(2, "r1", call::Accept{}, "no");
  sequencer->decide(accept, batch);
  sequencer->finish(batch);
  EXPECT_TRUE(delivery.take().empty());
  log.fail_commit(1, support::MemoryLog::Fault::lost);
  EXPECT_FALSE(engine::commit(std::move(batch), log, snapshots, *mailbox, delivery));
  EXPECT_TRUE(delivery.take().empty());
}

TEST_F(Messages, ThatArriveTwiceTakeEffectOnce) {
  const auto first = replies<Ack>(start_call(1, "r1", {"bob"}, "one"), 1);
  const auto again = start_call(1, "r1", {"bob"}, "one");
  ASSERT_EQ(again.size(), 2U);
  const auto second = replies<Ack>(again, 1);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_TRUE(second[0].duplicate);
  EXPECT_EQ(second[0].position, first.at(0).position);
  EXPECT_EQ(second[0].seq, first.at(0).seq);
  EXPECT_EQ(second[0].outcome, first.at(0).outcome);
}

TEST_F(Messages, ThatArriveTwiceInOneBatchTakeEffectOnce) {
  Batch batch = begin();
  Submission once = message(2, "r1", call::Ring{}, "one");
  Submission twice = once;
  start_call(1, "r1", {"bob"});
  sequencer->decide(once, batch);
  sequencer->decide(twice, batch);
  const auto effects = commit(std::move(batch));
  const auto acks = replies<Ack>(effects, 2);
  ASSERT_EQ(acks.size(), 2U);
  EXPECT_FALSE(acks[0].duplicate);
  EXPECT_TRUE(acks[1].duplicate);
  EXPECT_EQ(published(effects), Types{"RINGING"});
}

TEST_F(Messages, ThatWereRefusedAreRefusedAgainWithTheSameCode) {
  send(2, "r1", call::Accept{}, "x");
  start_call(1, "r1", {"bob"});
  const auto head = log.head();
  const auto refusals = replies<Refusal>(send(2, "r1", call::Accept{}, "x"), 2);
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].error.code, call::ErrorCode::wrong_state);
  EXPECT_EQ(log.head(), head);
  crash();
  boot();
  open(3, "bob");
  EXPECT_EQ(replies<Refusal>(send(3, "r1", call::Accept{}, "x"), 3).size(), 1U);
}

TEST_F(Messages, WithTheSameIdFromTwoUsersAreTwo) {
  start_call(1, "r1", {"bob"}, "one");
  const auto acks = replies<Ack>(send(2, "r1", call::Ring{}, "one"), 2);
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_FALSE(acks[0].duplicate);
}

TEST_F(Messages, OfASecondCallTheOtherWayRoundNameTheRoomThatRings) {
  start_call(1, "r1", {"bob"});
  const auto refusals = replies<Refusal>(start_call(2, "r2", {"ann"}, "g"), 2);
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].error.code, call::ErrorCode::glare);
  EXPECT_EQ(refusals[0].glare_room, room("r1"));
}

TEST_F(Messages, ToCalleesWithoutASessionConcludeThatTheyAreOffline) {
  EXPECT_EQ(published(start_call(1, "r1", {"zoe"})), (Types{"CALL_STARTED", "CALLEE_OFFLINE"}));
  // A session of another tenant's user of that name is nobody's here.
  submit(opening(9, "zoe", "phone", call::Role::crm_user, "other"));
  send(1, "r1", call::End{});
  EXPECT_EQ(published(start_call(1, "r1", {"zoe"})), (Types{"CALL_STARTED", "CALLEE_OFFLINE"}));
}

TEST_F(Messages, ThatStartTooManyCallsAreToldWhenToComeBack) {
  crash();
  settings.calls.per_second = 0.5;
  settings.calls.burst = 2;
  boot();
  open(1, "ann");
  EXPECT_EQ(replies<Ack>(start_call(1, "r0", {"bob"}, "0"), 1).size(), 1U);
  EXPECT_EQ(replies<Ack>(start_call(1, "r1", {"bob"}, "1"), 1).size(), 1U);
  const auto head = log.head();
  const auto refusals = replies<Refusal>(start_call(1, "r2", {"bob"}, "2"), 1);
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].error.code, call::ErrorCode::rate_limited);
  ASSERT_TRUE(refusals[0].retry_after_ms);
  EXPECT_EQ(log.head(), head);
  clock.advance(std::chrono::milliseconds(*refusals[0].retry_after_ms));
  EXPECT_EQ(replies<Ack>(start_call(1, "r2", {"bob"}, "2"), 1).size(), 1U);
}

TEST_F(Messages, ThatStartNoCallDoNotCountAsOne) {
  crash();
  settings.calls = {.per_second = 0.5, .burst = 1};
  boot();
  open(1, "ann");
  open(2, "bob");
  start_call(2, "r1", {"ann"});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(replies<Refusal>(start_call(1, "r1", {"bob"}), 1).at(0).error.code,
              call::ErrorCode::wrong_state);
  }
  EXPECT_EQ(published(start_call(1, "r2", {"cid"})).front(), "CALL_STARTED");
}

// A back end starts calls for everybody; its own pace is not a user's.
TEST_F(Messages, OfAServiceCountForTheUserItActsFor) {
  crash();
  settings.calls.per_second = 0.5;
  settings.calls.burst = 1;
  boot();
  submit(opening(1, "crm", "", call::Role::service));
  const auto start_for = [&](std::string_view who, std::string_view where) {
    Send what = message(
        1, where,
        call::StartCall{
            .callees = {user("bob")}, .caller_name = {}, .callee_name = {}, .metadata = {}});
    what.message.sender = user(who);
    return published(submit(what));
  };
  EXPECT_FALSE(start_for("ann", "r1").empty());
  EXPECT_FALSE(start_for("cid", "r2").empty());
  EXPECT_TRUE(start_for("ann", "r3").empty());
}

TEST_F(Messages, ThatWereRefusedAndComeAgainAreToldWhatToDo) {
  start_call(1, "r1", {"bob"});
  start_call(2, "r2", {"ann"}, "g");
  const auto glare = replies<Refusal>(start_call(2, "r2", {"ann"}, "g"), 2);
  ASSERT_EQ(glare.size(), 1U);
  EXPECT_EQ(glare[0].error.code, call::ErrorCode::glare);
  EXPECT_EQ(glare[0].glare_room, room("r1"));
  send(1, "r1", call::End{});
  send(2, "r1", call::Accept{}, "late");
  const auto late = replies<Refusal>(send(2, "r1", call::Accept{}, "late"), 2);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].error.code, call::ErrorCode::wrong_state);
  EXPECT_EQ(late[0].end_reason, call::EndReason::cancelled);
  // The call that it ran into has ended: there is nothing to point to.
  EXPECT_EQ(replies<Refusal>(start_call(2, "r2", {"ann"}, "g"), 2).at(0).glare_room, std::nullopt);
}

// ---- a full disk --------------------------------------------------------------

TEST_F(Messages, OnAFullDiskAreRefusedAndServiceResumes) {
  start_call(1, "r1", {"bob"}, "one");
  log.set_room(false);
  const auto head = log.head();
  const auto refusals = replies<Refusal>(send(2, "r1", call::Accept{}, "yes"), 2);
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].error.code, call::ErrorCode::storage_unavailable);
  // What was done before is still known.
  EXPECT_TRUE(replies<Ack>(start_call(1, "r1", {"bob"}, "one"), 1).at(0).duplicate);
  EXPECT_EQ(log.head(), head);
  log.set_room(true);
  EXPECT_EQ(replies<Ack>(send(2, "r1", call::Accept{}, "yes"), 2).at(0).outcome,
            call::Outcome::applied);
}

TEST_F(Messages, SessionsThatComeOnAFullDiskAreShownTheStateAndRecordedLater) {
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  close(2);
  log.set_room(false);
  const auto head = log.head();
  const auto opened = open(3, "bob");
  EXPECT_EQ(only<Attach>(opened).size(), 1U);
  EXPECT_EQ(replies<RoomState>(opened, 3).size(), 1U);
  EXPECT_EQ(only<Attach>(open(4, "cid")).size(), 1U);
  EXPECT_TRUE(pass(settings.rules.reconnect_grace).empty());
  EXPECT_EQ(log.head(), head);
  log.set_room(true);
  EXPECT_LE(*sequencer->next_deadline(), clock.now());
  EXPECT_EQ(published(pass({})), (Types{"PARTICIPANT_JOINED", "USER_ONLINE"}));
}

TEST_F(Messages, WhoComesAndGoesOnAFullDiskIsRecordedOnce) {
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  log.set_room(false);
  for (SessionId session = 2; session < 50; ++session) {
    close(session);
    open(session + 1, "bob");
  }
  close(50);
  log.set_room(true);
  EXPECT_EQ(published(pass({})), Types{"PARTICIPANT_LEFT"});
}

TEST_F(Messages, DeadlinesOnAFullDiskWaitForRoom) {
  start_call(1, "r1", {"bob"});
  log.set_room(false);
  EXPECT_TRUE(pass(settings.rules.ring_timeout).empty());
  ASSERT_TRUE(sequencer->next_deadline());
  EXPECT_GT(*sequencer->next_deadline(), clock.now());
  log.set_room(true);
  ASSERT_LE(*sequencer->next_deadline(), clock.now());
  EXPECT_EQ(published(pass({})), (Types{"TIMED_OUT", "ENDED"}));
}

TEST_F(Messages, SessionsThatGoOnAFullDiskAreRecordedLater) {
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  log.set_room(false);
  const auto head = log.head();
  close(2);
  EXPECT_EQ(log.head(), head);
  ASSERT_TRUE(sequencer->next_deadline());
  log.set_room(true);
  EXPECT_LE(*sequencer->next_deadline(), clock.now());
  EXPECT_EQ(published(pass({})), Types{"PARTICIPANT_LEFT"});
  EXPECT_EQ(published(pass(settings.rules.presence_grace)), Types{"USER_OFFLINE"});
}

TEST_F(Messages, ASessionThatIsBackBeforeThereIsRoomNeverLeft) {
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  log.set_room(false);
  close(2);
  log.set_room(true);
  Batch batch = begin();
  Submission back = opening(3, "bob");
  sequencer->decide(back, batch);
  sequencer->decide_due(batch);
  EXPECT_TRUE(published(commit(std::move(batch))).empty());
  EXPECT_EQ(room_state("r1").find(user("bob"))->state, call::ParticipantState::joined);
}

}  // namespace
}  // namespace callstate::engine
