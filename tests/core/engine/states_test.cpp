#include "core/engine/states.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/memory_snapshots.hpp"

namespace callstate::engine {
namespace {

using std::chrono::seconds;

const call::TenantId acme = call::TenantId::clipped("acme");

class StatesTest : public testing::Test {
 protected:
  void save(std::uint64_t batch) {
    for (const auto& taken : states.take_dirty(1'000, batch)) {
      std::visit([&](const auto& state) { snapshots.put(taken.stream, state); }, taken.state);
    }
  }
  RoomEntry& change(std::string_view name) {
    RoomEntry& entry = states.room(acme, name);
    entry.room.position = ++position;
    states.changed(entry);
    return entry;
  }

  support::MemorySnapshots snapshots;
  States states{snapshots, {1, 2}, 2};
  call::Position position = 0;
};

TEST_F(StatesTest, TellsTenantsAndKindsApart) {
  RoomEntry& mine = states.room(acme, "x");
  EXPECT_EQ(&states.room(acme, "x"), &mine);
  EXPECT_NE(&states.room(call::TenantId::clipped("other"), "x"), &mine);
  EXPECT_NE(static_cast<Entry*>(&states.user(acme, "x")), static_cast<Entry*>(&mine));
  EXPECT_EQ(states.find_user(acme, "nobody"), nullptr);
}

TEST_F(StatesTest, AnEntryComesBackFromItsSnapshot) {
  change("r1");
  save(1);
  const auto kept = states.room(acme, "r1").room;
  states.room(acme, "r2");
  states.room(acme, "r3");
  states.evict(1);
  ASSERT_EQ(states.rooms_in_memory(), 2U);
  EXPECT_EQ(states.room(acme, "r1").room, kept);
}

TEST_F(StatesTest, WhoWasUsedSinceTheLastLookStays) {
  for (const char* name : {"r1", "r2", "r3"}) change(name);
  save(1);
  states.evict(1);  // all were used: the one that came first goes
  ASSERT_EQ(states.rooms_in_memory(), 2U);
  change("r2").room.seq = 2;
  change("r4").room.seq = 4;
  save(2);
  snapshots.clear();  // so that a return from there shows
  states.evict(2);
  ASSERT_EQ(states.rooms_in_memory(), 2U);
  EXPECT_EQ(states.room(acme, "r2").room.seq, 2U);
  EXPECT_EQ(states.room(acme, "r4").room.seq, 4U);
  EXPECT_EQ(states.room(acme, "r3").room.position, 0U);
}

TEST_F(StatesTest, WhatIsNotSavedStays) {
  for (const char* name : {"r1", "r2", "r3", "r4"}) change(name);
  states.evict(100);
  EXPECT_EQ(states.rooms_in_memory(), 4U);
}

TEST_F(StatesTest, WhatIsSavedStaysUntilItsBatchIsCarriedOut) {
  for (const char* name : {"r1", "r2", "r3", "r4"}) change(name);
  save(7);
  states.evict(6);
  EXPECT_EQ(states.rooms_in_memory(), 4U);
  states.evict(7);
  EXPECT_EQ(states.rooms_in_memory(), 2U);
}

TEST_F(StatesTest, WhatIsInUseStays) {
  RoomEntry& live = change("live");
  live.room.state = call::CallState::ringing;
  live.room.participants.resize(1);
  live.room.participants[0].user = call::UserId::clipped("ann");
  states.link(live);
  states.user(acme, "online").user.online = true;
  states.user(acme, "session").sessions = {1};
  states.arm(states.user(acme, "armed"), call::Time(seconds(5)));
  save(1);
  states.evict(1);
  EXPECT_EQ(states.rooms_in_memory(), 1U);
  EXPECT_EQ(states.users_in_memory(), 4U);
}

TEST_F(StatesTest, TheOldestChangesAreSavedFirst) {
  for (const char* name : {"r1", "r2", "r3"}) change(name);
  change("r1");  // is still unsaved, and keeps its place
  EXPECT_EQ(states.dirty(), 3U);
  const auto first = states.take_dirty(2, 1);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].stream.name.view(), "r1");
  EXPECT_EQ(std::get<call::Room>(first[0].state).position, 4U);
  EXPECT_EQ(first[1].stream.name.view(), "r2");
  change("r1");
  const auto second = states.take_dirty(10, 2);
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(second[0].stream.name.view(), "r3");
  EXPECT_EQ(second[1].stream.name.view(), "r1");
  EXPECT_EQ(states.dirty(), 0U);
}

TEST_F(StatesTest, TimersGoOffInOrder) {
  const auto at = [](int second) { return call::Time(seconds(second)); };
  RoomEntry& a = states.room(acme, "a");
  RoomEntry& b = states.room(acme, "b");
  UserEntry& c = states.user(acme, "c");
  states.arm(a, at(30));
  states.arm(b, at(20));
  states.arm(c, at(20));
  EXPECT_EQ(states.next_wake(), at(20));
  EXPECT_EQ(states.pop_due(at(19)), nullptr);
  // Of equal deadlines, the older entry's.
  EXPECT_EQ(states.pop_due(at(20)), &b);
  EXPECT_FALSE(b.deadline);
  EXPECT_EQ(states.pop_due(at(20)), &c);
  EXPECT_EQ(states.pop_due(at(20)), nullptr);
  states.arm(a, at(25));  // earlier
  EXPECT_EQ(states.next_wake(), at(25));
  EXPECT_EQ(states.pop_due(at(25)), &a);
  // The look that was asked for before finds nothing.
  EXPECT_EQ(states.pop_due(at(30)), nullptr);
  EXPECT_EQ(states.next_wake(), std::nullopt);
}

TEST_F(StatesTest, WhoeverIsPutOffOrDisarmedIsLookedAtAndLeftAlone) {
  const auto at = [](int second) { return call::Time(seconds(second)); };
  RoomEntry& a = states.room(acme, "a");
  RoomEntry& b = states.room(acme, "b");
  states.arm(a, at(10));
  states.arm(b, at(20));
  states.arm(a, at(500));       // put off
  states.arm(b, std::nullopt);  // needs nothing any more
  EXPECT_EQ(states.next_wake(), at(10));
  EXPECT_EQ(states.pop_due(at(30)), nullptr);
  EXPECT_EQ(b.timers, 0U) << "free to leave memory";
  // A far deadline is looked at every so often, and is kept to the second.
  EXPECT_EQ(states.next_wake(), at(90));
  EXPECT_EQ(states.pop_due(at(499)), nullptr);
  EXPECT_EQ(states.pop_due(at(500)), &a);
}

TEST_F(StatesTest, UsersKnowTheirLiveCalls) {
  RoomEntry& entry = change("r1");
  call::Room& room = entry.room;
  room.state = call::CallState::ringing;
  room.participants.resize(2);
  room.participants[0].user = call::UserId::clipped("ann");
  room.participants[1].user = call::UserId::clipped("bob");
  states.link(entry);
  states.link(entry);
  const UserEntry& ann = states.user(acme, "ann");
  const UserEntry& bob = states.user(acme, "bob");
  EXPECT_EQ(ann.rooms, std::vector<RoomEntry*>{&entry});
  room.participants[1].state = call::ParticipantState::rejected;
  states.link(entry);
  EXPECT_TRUE(bob.rooms.empty());
  EXPECT_EQ(ann.rooms.size(), 1U);
  room.state = call::CallState::ended;
  states.link(entry);
  EXPECT_TRUE(ann.rooms.empty());
}

TEST_F(StatesTest, NamesWhatIsLive) {
  change("idle");
  change("live").room.state = call::CallState::connected;
  states.user(acme, "online").user.online = true;
  states.user(acme, "offline");
  auto live = states.live();
  ASSERT_EQ(live.size(), 2U);
  EXPECT_EQ(live[0].name.view(), "live");
  EXPECT_EQ(live[1].name.view(), "online");
}

}  // namespace
}  // namespace callstate::engine
