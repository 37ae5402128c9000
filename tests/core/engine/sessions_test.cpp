#include <gmock/gmock.h>

#include "core/engine/fixture.hpp"
#include "core/engine/mail.hpp"

// Sessions: what they are shown, presence, and what their end means.

namespace callstate::engine {
namespace {

using std::chrono::seconds;
using Types = std::vector<std::string>;

class Sessions : public SequencerTest {
 protected:
  void SetUp() override { boot(); }

  std::vector<Effect> open_in(SessionId session, std::string_view who, std::string_view where,
                              call::Role role = call::Role::crm_user) {
    auto opened = opening(session, who, "phone", role);
    opened.room = room(where);
    return submit(opened);
  }
};

TEST_F(Sessions, ThatAreTheFirstMakeTheUserOnline) {
  const auto first = open(1, "ann");
  EXPECT_EQ(published(first), Types{"USER_ONLINE"});
  ASSERT_EQ(only<Attach>(first).size(), 1U);
  EXPECT_TRUE(only<Attach>(first)[0].inbox);
  EXPECT_TRUE(user_state("ann").online);
  EXPECT_TRUE(published(open(2, "ann", "tablet")).empty());
}

TEST_F(Sessions, ThatAreTheLastMakeTheUserOfflineAfterTheGrace) {
  open(1, "ann");
  open(2, "ann", "tablet");
  close(1);
  EXPECT_TRUE(published(pass(settings.rules.presence_grace)).empty());
  close(2);
  EXPECT_TRUE(published(pass(settings.rules.presence_grace - call::Duration(1))).empty());
  EXPECT_EQ(published(pass(call::Duration(1))), Types{"USER_OFFLINE"});
  EXPECT_FALSE(user_state("ann").online);
  EXPECT_EQ(sequencer->next_deadline(), std::nullopt);
}

TEST_F(Sessions, ThatComeBackWithinTheGraceChangeNothing) {
  open(1, "ann");
  close(1);
  pass(settings.rules.presence_grace / 2);
  EXPECT_TRUE(published(open(2, "ann")).empty());
  EXPECT_TRUE(published(pass(settings.rules.presence_grace)).empty());
  EXPECT_TRUE(user_state("ann").online);
}

TEST_F(Sessions, ThatAreUnknownMayEndTwice) {
  open(1, "ann");
  close(1);
  EXPECT_TRUE(close(1).empty());
  EXPECT_TRUE(close(77).empty());
}

TEST_F(Sessions, BeyondTheLimitAreClosed) {
  crash();
  settings.sessions_per_user_max = 2;
  boot();
  open(1, "ann");
  open(2, "ann");
  const auto third = open(3, "ann");
  ASSERT_EQ(only<CloseSession>(third).size(), 1U);
  EXPECT_EQ(only<CloseSession>(third)[0].close.code, 4429);
  EXPECT_TRUE(only<Attach>(third).empty());
  EXPECT_EQ(sequencer->sessions(), 2U);
  close(1);
  EXPECT_EQ(only<Attach>(open(4, "ann")).size(), 1U);
}

TEST_F(Sessions, ThatComeTooFastAreClosed) {
  crash();
  settings.opens = {.per_second = 1, .burst = 2};
  boot();
  for (SessionId session = 1; session <= 2; ++session) {
    open(session, "ann");
    close(session);
  }
  const auto head = log.head();
  EXPECT_EQ(only<CloseSession>(open(3, "ann")).at(0).close.code, 4429);
  EXPECT_EQ(log.head(), head);
  EXPECT_EQ(only<Attach>(open(4, "bob")).size(), 1U);  // each user for itself
  clock.advance(seconds(1));
  EXPECT_EQ(only<Attach>(open(5, "ann")).size(), 1U);
}

TEST_F(Sessions, OfARoomAreShownIt) {
  const auto effects = open_in(1, "ann", "r1");
  EXPECT_FALSE(only<Attach>(effects).at(0).inbox);
  const auto subscribed = only<Subscribe>(effects);
  ASSERT_EQ(subscribed.size(), 1U);
  EXPECT_EQ(subscribed[0].room, room_stream("r1"));
  EXPECT_TRUE(subscribed[0].lasting);
  ASSERT_EQ(replies<RoomState>(effects, 1).size(), 1U);
  EXPECT_EQ(replies<RoomState>(effects, 1)[0].room.state, call::CallState::idle);
}

TEST_F(Sessions, AreShownTheUsersLiveCalls) {
  open(1, "ann");
  open(2, "bob");
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  const auto effects = open(3, "ann", "tablet");
  const auto subscribed = only<Subscribe>(effects);
  ASSERT_EQ(subscribed.size(), 1U);
  EXPECT_FALSE(subscribed[0].lasting);
  const auto shown = replies<RoomState>(effects, 3);
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].room, room_state("r1"));
  EXPECT_TRUE(replies<Event>(effects, 3).empty());
}

TEST_F(Sessions, ThatOpenWhileItRingsAreInvited) {
  open(1, "ann");
  const auto started = only<Publish>(start_call(1, "r1", {"bob", "cid"}));
  const auto effects = open(2, "bob");
  const auto invited = replies<Event>(effects, 2);
  ASSERT_EQ(invited.size(), 1U);
  const auto& record = invited[0].record;
  EXPECT_EQ(record.position, started[0].event.record.position);
  EXPECT_EQ(record.seq, 1U);
  const auto& payload = std::get<call::CallStarted>(record.payload);
  EXPECT_EQ(payload.caller, user("ann"));
  EXPECT_EQ(payload.callees, (std::vector{user("bob"), user("cid")}));
  EXPECT_EQ(payload.caller_name, "ann");
  // Also where the session is bound to another room; and not the caller's.
  EXPECT_EQ(replies<Event>(open_in(3, "bob", "elsewhere"), 3).size(), 1U);
  EXPECT_TRUE(replies<Event>(open(4, "ann", "tablet"), 4).empty());
}

TEST_F(Sessions, ThatOpenAfterAnAnswerAreNotInvited) {
  open(1, "ann");
  open(2, "bob");
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Reject{});
  EXPECT_TRUE(replies<Event>(open(3, "bob", "tablet"), 3).empty());
}

TEST_F(Sessions, ThatAreLostInACallMayComeBackWithinTheGrace) {
  open(1, "ann");
  open(2, "bob");
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  EXPECT_EQ(published(close(2)), Types{"PARTICIPANT_LEFT"});
  EXPECT_EQ(published(pass(settings.rules.presence_grace)), Types{"USER_OFFLINE"});
  EXPECT_EQ(published(open(3, "bob")), (Types{"USER_ONLINE", "PARTICIPANT_JOINED"}));
  EXPECT_TRUE(published(pass(settings.rules.reconnect_grace)).empty());
  EXPECT_EQ(room_state("r1").state, call::CallState::connected);
  close(3);
  pass(settings.rules.presence_grace);
  EXPECT_EQ(published(pass(settings.rules.reconnect_grace - settings.rules.presence_grace)),
            Types{"ENDED"});
  EXPECT_EQ(room_state("r1").end_reason, call::EndReason::connection_lost);
}

TEST_F(Sessions, ThatAreNotTheLastAreNoLossToTheCall) {
  open(1, "ann");
  open(2, "bob");
  open(3, "bob", "tablet");
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  EXPECT_TRUE(published(close(2)).empty());
}

TEST_F(Sessions, TellTheirRoomsOfTheirPresence) {
  open(1, "ann");
  start_call(1, "r1", {"bob"});
  const auto online = only<Publish>(open(2, "bob"));
  ASSERT_EQ(online.size(), 1U);
  EXPECT_EQ(online[0].rooms, std::vector{room_stream("r1")});
}

// ---- time ---------------------------------------------------------------------

TEST_F(Sessions, ThatWentAreMissedThoughTheClockHasSteppedBack) {
  open(1, "ann");
  const auto before = log.at(log.head()).at;
  clock.advance(-std::chrono::hours(24));
  close(1);
  // The log's time goes on at half the clock's pace, and the deadline is told
  // by the clock.
  ASSERT_EQ(sequencer->next_deadline(), clock.now() + 2 * settings.rules.presence_grace);
  EXPECT_TRUE(published(pass(settings.rules.presence_grace)).empty());
  EXPECT_EQ(published(pass(settings.rules.presence_grace)), Types{"USER_OFFLINE"});
  EXPECT_EQ(log.at(log.head()).at, before + settings.rules.presence_grace);
}

TEST_F(Sessions, TheClockCatchesUpWithTheLog) {
  open(1, "ann");
  clock.advance(-seconds(10));
  close(1);
  // 20 s by the clock until it has caught up, 10 s by the log.
  EXPECT_EQ(sequencer->next_deadline(), clock.now() + seconds(20));
  pass(seconds(30));
  open(2, "bob");
  EXPECT_EQ(log.at(log.head()).at, clock.now());
}

TEST_F(Sessions, TheLogOfAClockThatWasAheadKeepsTime) {
  clock.advance(std::chrono::hours(24 * 365));
  open(1, "ann");
  crash();
  clock.advance(-std::chrono::hours(24 * 365));
  boot();
  EXPECT_EQ(published(pass(2 * settings.rules.presence_grace)), Types{"USER_OFFLINE"});
}

// ---- JOIN and LEAVE -----------------------------------------------------------

TEST_F(Sessions, JoinARoomWithoutARecord) {
  open(1, "ann");
  open(2, "cid");
  start_call(1, "r1", {"bob"});
  const auto head = log.head();
  const auto effects = submit(Join{2, room("r1"), id("j")});
  EXPECT_EQ(log.head(), head);
  ASSERT_EQ(effects.size(), 3U);
  EXPECT_TRUE(std::get<Subscribe>(effects[0]).lasting);
  EXPECT_EQ(replies<Ack>(effects, 2).at(0).seq, 2U);
  EXPECT_EQ(replies<RoomState>(effects, 2).at(0).room, room_state("r1"));
  const auto left = submit(Leave{2, room("r1"), id("l")});
  EXPECT_EQ(only<Unsubscribe>(left).size(), 1U);
  EXPECT_EQ(replies<Ack>(left, 2).size(), 1U);
  EXPECT_TRUE(submit(Join{99, room("r1"), {}}).empty());
  EXPECT_TRUE(submit(Leave{99, room("r1"), {}}).empty());
}

TEST_F(Sessions, MayJoinSoManyRoomsAtATime) {
  crash();
  settings.rooms_per_session_max = 2;
  boot();
  open(1, "ann");
  const auto joins = [&](std::string_view where) {
    return replies<Refusal>(submit(Join{1, room(where), {}}), 1).empty();
  };
  EXPECT_TRUE(joins("r1"));
  EXPECT_TRUE(joins("r1"));  // one room, however often
  EXPECT_TRUE(joins("r2"));
  EXPECT_FALSE(joins("r3"));
  submit(Leave{1, room("r9"), {}});  // never joined: makes no space
  EXPECT_FALSE(joins("r3"));
  submit(Leave{1, room("r1"), {}});
  EXPECT_TRUE(joins("r3"));
}

TEST_F(Sessions, OfACallerWhoIsAskedBackAreInvited) {
  open(1, "ann");
  open(2, "bob");
  open(3, "cid");
  start_call(1, "r1", {"bob", "cid"});
  send(2, "r1", call::Accept{});
  send(3, "r1", call::Accept{});
  close(1);
  pass(settings.rules.reconnect_grace);
  send(2, "r1", call::Invite{.callees = {user("ann")}});
  const auto events = replies<Event>(open(4, "ann"), 4);
  ASSERT_EQ(events.size(), 1U);
  const auto* invited = std::get_if<call::Invited>(&events[0].record.payload);
  ASSERT_NE(invited, nullptr);
  EXPECT_EQ(invited->callees, std::vector{user("ann")});
}

TEST_F(Sessions, OfWhoWasAskedInLaterAreShownTheLogsEvent) {
  open(1, "ann");
  open(2, "bob");
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  const auto published =
      only<Publish>(send(2, "r1", call::Invite{.callees = {user("cid"), user("dan")}}));
  ASSERT_FALSE(published.empty());
  const call::Record& logged = published.front().event.record;
  clock.advance(seconds(1));
  const auto events = replies<Event>(open(4, "dan"), 4);
  ASSERT_EQ(events.size(), 1U);
  const call::Record& shown = events[0].record;
  EXPECT_EQ(shown.position, logged.position);
  EXPECT_EQ(shown.seq, logged.seq);
  EXPECT_EQ(shown.at, logged.at);
  EXPECT_EQ(shown.call, logged.call);
  EXPECT_EQ(shown.actor.user, user("bob"));
  const auto& there = std::get<call::Invited>(logged.payload);
  const auto& here = std::get<call::Invited>(shown.payload);
  EXPECT_EQ(here.callees, there.callees);
  EXPECT_EQ(here.ring_deadline, there.ring_deadline);
}

TEST_F(Sessions, ThatNameACursorResumeFromItBeforeAllElse) {
  open(1, "ann");
  open(2, "bob");
  const auto before = log.head();
  start_call(1, "r1", {"bob"});
  auto opened = opening(3, "bob", "tablet");
  opened.since = before;
  const auto effects = submit(opened);
  EXPECT_TRUE(replies<Refusal>(effects, 3).empty());
  EXPECT_EQ(replies<RoomState>(effects, 3).size(), 1U);
  EXPECT_TRUE(replies<Event>(effects, 3).empty()) << "the invitation comes with the rest";
  const auto resume = only<Resume>(effects);
  ASSERT_EQ(resume.size(), 1U);
  EXPECT_EQ(resume[0].session, 3U);
  EXPECT_EQ(resume[0].after, before);
  EXPECT_EQ(resume[0].upto, log.head());
  EXPECT_TRUE(std::holds_alternative<Resume>(effects.back()));
  const auto mail = read_mail(*mailbox, log, *resume[0].query, before, log.head(), 100);
  ASSERT_TRUE(mail);
  ASSERT_EQ(mail->messages.size(), 1U);
  EXPECT_EQ(call::type_of(std::get<Event>(mail->messages[0]).record.payload), "CALL_STARTED");
}

TEST_F(Sessions, ThatNameACursorTheLogDoesNotReachAreToldSoAndShownThePresent) {
  open(1, "ann");
  open(2, "bob");
  start_call(1, "r1", {"bob"});
  stop();  // the states at its beginning are kept
  log.set_first(3);
  boot();
  const auto come = [&](SessionId session, call::Position since) {
    auto opened = opening(session, "bob", "tablet");
    opened.since = since;
    return submit(opened);
  };
  const auto behind = come(3, 1);
  ASSERT_EQ(replies<Refusal>(behind, 3).size(), 1U);
  EXPECT_EQ(replies<Refusal>(behind, 3)[0].error.code, call::ErrorCode::cursor_expired);
  EXPECT_TRUE(only<Resume>(behind).empty());
  EXPECT_EQ(replies<Event>(behind, 3).size(), 1U) << "the invitation";
  // The error comes first, and then what is so now.
  const auto is = [](const Effect& effect, auto what) {
    const auto* reply = std::get_if<Reply>(&effect);
    return reply != nullptr && std::holds_alternative<decltype(what)>(reply->message);
  };
  const auto error = std::ranges::find_if(behind, [&](auto& e) { return is(e, Refusal()); });
  const auto state = std::ranges::find_if(behind, [&](auto& e) { return is(e, RoomState()); });
  ASSERT_NE(state, behind.end());
  EXPECT_LT(error, state);

  EXPECT_TRUE(replies<Refusal>(come(4, 2), 4).empty()) << "nothing is missing after it";
  const auto beyond = come(5, log.head() + 1);
  ASSERT_EQ(replies<Refusal>(beyond, 5).size(), 1U);
  EXPECT_EQ(replies<Refusal>(beyond, 5)[0].error.code, call::ErrorCode::invalid_message);
  EXPECT_EQ(only<Attach>(beyond).size(), 1U);
}

TEST_F(Sessions, ThatJoinWithACursorResumeTheRoomAlone) {
  open(1, "ann");
  open(2, "bob");
  open(3, "cid");
  const auto before = log.head();
  start_call(1, "r1", {"bob"});
  start_call(2, "r2", {"cid"});
  const auto join = [&](call::Position since) {
    return submit(Join{3, room("r1"), id("j"), since});
  };
  EXPECT_TRUE(only<Resume>(join(log.head())).empty());
  const auto behind = join(before);
  EXPECT_TRUE(replies<Refusal>(behind, 3).empty());
  EXPECT_EQ(replies<Ack>(behind, 3).size(), 1U);
  EXPECT_EQ(replies<RoomState>(behind, 3).size(), 1U);
  const auto resume = only<Resume>(behind);
  ASSERT_EQ(resume.size(), 1U);
  const auto mail = read_mail(*mailbox, log, *resume[0].query, before, resume[0].upto, 100);
  ASSERT_TRUE(mail);
  ASSERT_EQ(mail->messages.size(), 1U);
  EXPECT_EQ(std::get<Event>(mail->messages[0]).record.stream, room_stream("r1"));
  EXPECT_EQ(replies<Refusal>(join(log.head() + 1), 3).at(0).error.code,
            call::ErrorCode::invalid_message);
}

TEST_F(Sessions, OfWhoHasDeclinedHearTheRestOfTheCall) {
  for (const auto& [session, who] : {std::pair(1, "ann"), {2, "bob"}, {3, "cid"}}) {
    open(static_cast<SessionId>(session), who);
  }
  start_call(1, "r1", {"bob", "cid"});
  send(2, "r1", call::Reject{});
  const auto effects = submit(opening(4, "bob", "tablet"));
  EXPECT_TRUE(replies<RoomState>(effects, 4).empty()) << "it is bob's no more";
  const auto heard = only<Subscribe>(effects);
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_FALSE(heard[0].lasting);
}

TEST_F(Sessions, OfACustomerHearTheirOwnCallsOnly) {
  open(1, "ann");
  submit(opening(2, "eve", "phone", call::Role::portal_customer));
  start_call(1, "r1", {"bob"});
  start_call(1, "r2", {"eve"});
  const auto refused = submit(Join{2, room("r1"), id("j")});
  EXPECT_EQ(replies<Refusal>(refused, 2).at(0).error.code, call::ErrorCode::forbidden);
  EXPECT_TRUE(only<Subscribe>(refused).empty());
  EXPECT_EQ(only<Subscribe>(submit(Join{2, room("r2"), {}})).size(), 1U);
  const auto closed = open_in(3, "eve", "r1", call::Role::portal_customer);
  EXPECT_EQ(only<CloseSession>(closed).at(0).close.code, 4403);
  EXPECT_EQ(sequencer->sessions(), 2U);
}

TEST_F(Sessions, OfACustomerMayWaitInARoomWithoutACall) {
  EXPECT_EQ(only<Attach>(open_in(1, "eve", "r1", call::Role::portal_customer)).size(), 1U);
}

// The call that then starts there may be of others.
TEST_F(Sessions, OfACustomerHearNothingByWaitingInARoom) {
  EXPECT_TRUE(only<Subscribe>(open_in(1, "eve", "r1", call::Role::portal_customer)).empty());
  const auto joined = submit(Join{1, room("r2"), id("j")});
  EXPECT_EQ(replies<Ack>(joined, 1).size(), 1U);
  EXPECT_EQ(replies<RoomState>(joined, 1).size(), 1U);
  EXPECT_TRUE(only<Subscribe>(joined).empty());
}

TEST_F(Sessions, OfACustomerHearACallAndNotTheNextInItsRoom) {
  open(1, "ann");
  start_call(1, "r1", {"eve"});
  const auto in_room = open_in(2, "eve", "r1", call::Role::portal_customer);
  ASSERT_EQ(only<Subscribe>(in_room).size(), 1U);
  EXPECT_FALSE(only<Subscribe>(in_room)[0].lasting);
  const auto joined = submit(Join{2, room("r1"), {}});
  ASSERT_EQ(only<Subscribe>(joined).size(), 1U);
  EXPECT_FALSE(only<Subscribe>(joined)[0].lasting);
  send(1, "r1", call::End{});
  EXPECT_TRUE(only<Subscribe>(submit(Join{2, room("r1"), {}})).empty());
}

// ROOM_STATE shows the last call too: its people and its metadata.
TEST_F(Sessions, OfACustomerAreNotShownTheEndedCallOfOthers) {
  open(1, "ann");
  submit(opening(2, "eve", "phone", call::Role::portal_customer));
  start_call(1, "r1", {"bob"});
  send(1, "r1", call::End{});
  const auto refused = submit(Join{2, room("r1"), id("j")});
  EXPECT_EQ(replies<Refusal>(refused, 2).size(), 1U);
  EXPECT_TRUE(replies<RoomState>(refused, 2).empty());
}

TEST_F(Sessions, OfTheTenantsOwnPeopleMayHearAnyRoom) {
  open(1, "ann");
  open(2, "cid");
  start_call(1, "r1", {"bob"});
  EXPECT_EQ(only<Subscribe>(submit(Join{2, room("r1"), {}})).size(), 1U);
}

}  // namespace
}  // namespace callstate::engine
