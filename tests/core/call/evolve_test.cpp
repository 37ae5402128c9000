#include "core/call/evolve.hpp"

#include <gtest/gtest.h>

#include "core/call/world.hpp"

namespace callstate::call {
namespace {

using namespace std::chrono_literals;

Record of_user(Position position, Seq seq, Payload payload) {
  Record record;
  record.position = position;
  record.seq = seq;
  record.payload = std::move(payload);
  return record;
}

TEST(Evolve, DropsARecordThatItHolds) {
  auto world = World::connected();
  auto room = world.room;
  for (const auto& record : world.log) evolve(room, record);
  EXPECT_EQ(room, world.room);
}

TEST(Evolve, DropsAnAppliedRecordWhoseSeqIsTaken) {
  auto world = World::connected();
  auto room = world.room;
  auto loser = world.log.back();
  loser.position = room.position + 1;
  loser.payload = Ended{.reason = EndReason::hangup, .detail = {}};
  evolve(room, loser);
  auto expected = world.room;
  ++expected.position;
  EXPECT_EQ(room, expected);
}

TEST(Evolve, JudgesNothing) {
  // Rules may change; what an old log says was applied stays applied.
  auto world = World::connected();
  Record record = world.log.front();
  record.position = world.room.position + 1;
  record.seq = world.room.seq + 1;
  evolve(world.room, record);
  EXPECT_EQ(world.room.state, CallState::ringing);
}

TEST(Evolve, TakesRecordsOfUsersItDoesNotKnow) {
  auto world = World::connected();
  const auto before = world.room;
  for (const Payload& payload : {Payload{Ringing{}}, Payload{Rejected{}}, Payload{Accepted{}},
                                 Payload{ParticipantJoined{user("mallory")}},
                                 Payload{ParticipantLeft{user("mallory"), {}, {}}}}) {
    Record record;
    record.actor.user = user("mallory");
    record.position = world.room.position + 1;
    record.seq = world.room.seq + 1;
    record.payload = payload;
    evolve(world.room, record);
  }
  EXPECT_EQ(world.room.participants, before.participants);
  EXPECT_EQ(world.room.seq, before.seq + 5);
}

TEST(EvolveUser, IsOnlineFromTheFirstSessionToTheEndOfTheGrace) {
  User user;
  evolve(user, of_user(3, 1, UserOnline{}));
  EXPECT_TRUE(user.online);
  EXPECT_EQ(user.seq, 1U);
  EXPECT_EQ(user.position, 3U);
  evolve(user, of_user(5, 2, UserInCall{}));
  EXPECT_TRUE(user.online);
  evolve(user, of_user(9, 3, UserOffline{}));
  EXPECT_FALSE(user.online);
}

TEST(EvolveUser, HasADeadlineToComeBackAfterARestart) {
  const Time deadline(100s);
  User user;
  evolve(user, of_user(1, 1, UserOnline{}));
  evolve(user, of_user(2, 7, ServerStarted{Time(300s), deadline, {}}));
  EXPECT_TRUE(user.online);
  EXPECT_EQ(user.offline_deadline, deadline);
  EXPECT_EQ(user.seq, 1U) << "the server's seq is another stream's";

  auto back = user;
  evolve(back, of_user(3, 2, UserOnline{}));
  EXPECT_EQ(back.offline_deadline, Time{});
  auto gone = user;
  evolve(gone, of_user(3, 2, UserOffline{}));
  EXPECT_FALSE(gone.online);
  EXPECT_EQ(gone.offline_deadline, Time{});
}

TEST(EvolveUser, WhoWasOfflineHasNoDeadlineAfterARestart) {
  User user;
  evolve(user, of_user(1, 1, ServerStarted{Time(300s), Time(100s), {}}));
  EXPECT_EQ(user.offline_deadline, Time{});
  EXPECT_EQ(user.position, 1U);
}

TEST(EvolveUser, HoldsTheLatestTimeUpToWhichTokensWereRevoked) {
  User user;
  evolve(user, of_user(1, 1, UserOnline{}));
  EXPECT_EQ(user.revoked_before, Time{});
  evolve(user, of_user(2, 2, Revoked{Time(100s)}));
  EXPECT_EQ(user.revoked_before, Time(100s));
  EXPECT_TRUE(user.online) << "its sessions end by themselves";
  evolve(user, of_user(3, 3, Revoked{Time(90s)}));
  EXPECT_EQ(user.revoked_before, Time(100s)) << "what was revoked stays so";
  evolve(user, of_user(4, 4, UserOffline{}));
  evolve(user, of_user(5, 9, ServerStarted{Time(300s), Time(200s), {}}));
  EXPECT_EQ(user.revoked_before, Time(100s));
  EXPECT_EQ(user.seq, 4U);
}

TEST(EvolveUser, DropsWhatItHoldsAndWhatWasNotApplied) {
  User user;
  evolve(user, of_user(4, 1, UserOnline{}));
  const auto before = user;
  evolve(user, of_user(4, 2, UserOffline{}));
  evolve(user, of_user(3, 2, UserOffline{}));
  EXPECT_EQ(user, before);
  auto refused = of_user(5, 2, UserOffline{});
  refused.outcome = Outcome::refused;
  evolve(user, refused);
  evolve(user, of_user(6, 1, UserOffline{}));
  EXPECT_TRUE(user.online);
  EXPECT_EQ(user.position, 6U);
  EXPECT_EQ(user.seq, 1U);
}

}  // namespace
}  // namespace callstate::call
