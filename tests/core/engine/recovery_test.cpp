#include <gmock/gmock.h>

#include <map>

#include "core/engine/fixture.hpp"

// From the log to the state.

namespace callstate::engine {
namespace {

using testing::HasSubstr;

class Recovers : public SequencerTest {
 protected:
  /// Everything in memory, by stream.
  struct All {
    std::map<std::string, call::Room> rooms;
    std::map<std::string, call::User> users;
    friend bool operator==(const All&, const All&) = default;
  };
  All all() {
    All states;
    sequencer->states().for_each_room([&](const RoomEntry& entry) {
      states.rooms[std::string(entry.stream.name.view())] = entry.room;
    });
    sequencer->states().for_each_user([&](const UserEntry& entry) {
      if (entry.user.position != 0)
        states.users[std::string(entry.stream.name.view())] = entry.user;
    });
    return states;
  }
  /// Recovered on the side, from the log alone.
  All replayed() {
    support::MemorySnapshots none;
    Mailbox beside(none);
    auto live = std::exchange(sequencer,
                              std::make_unique<Sequencer>(settings, clock, ids, log, none, beside));
    EXPECT_TRUE(sequencer->recover(log));
    All states = all();
    sequencer = std::move(live);
    return states;
  }
  void live_a_little(SessionId from = 1) {
    open(from, "ann");
    open(from + 1, "bob");
    open(from + 2, "cid");
    start_call(from, "r1", {"bob"}, "one");
    send(from + 1, "r1", call::Accept{});
    start_call(from + 2, "r2", {"dee"});
    send(from, "r1", call::Invite{{user("cid")}});
    close(from + 1);
  }
};

TEST_F(Recovers, AnEmptyLog) {
  const Recovery found = boot();
  EXPECT_EQ(found.head, 0U);
  EXPECT_EQ(log.head(), 1U);
  EXPECT_TRUE(std::holds_alternative<call::ServerStarted>(log.at(1).payload));
}

TEST_F(Recovers, TheSameStateFromTheLogAlone) {
  boot();
  live_a_little();
  EXPECT_EQ(replayed(), all());
  crash();
  const Recovery found = boot();
  EXPECT_EQ(found.checkpoint, 0U);
  EXPECT_EQ(found.replayed, found.head);
  EXPECT_EQ(found.live_rooms, 2U);
  EXPECT_EQ(replayed(), all());
}

TEST_F(Recovers, TheSameStateFromACheckpoint) {
  settings.checkpoint_every = 1;
  boot();
  live_a_little();
  snapshots.flush();
  const auto before = all();
  crash();
  mailbox = std::make_unique<Mailbox>(snapshots);
  sequencer = std::make_unique<Sequencer>(settings, clock, ids, log, snapshots, *mailbox);
  const auto found = sequencer->recover(log);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->checkpoint, found->head);
  EXPECT_EQ(found->replayed, 0U);
  EXPECT_EQ(all(), before);
}

TEST_F(Recovers, NothingToReplayAfterAStop) {
  boot();
  live_a_little();
  stop();
  const Recovery found = boot();
  EXPECT_EQ(found.replayed, 0U);
  EXPECT_EQ(found.live_rooms, 2U);
}

TEST_F(Recovers, StatesThatAreNewerThanTheMark) {
  settings.entries_max = 1;  // everything is saved with each batch
  settings.checkpoint_every = 1'000;
  boot();
  live_a_little();
  EXPECT_GT(snapshots.size(), 0U);
  const auto live = replayed();
  crash(true);
  EXPECT_EQ(snapshots.last_mark().position, 0U);
  mailbox = std::make_unique<Mailbox>(snapshots);
  sequencer = std::make_unique<Sequencer>(settings, clock, ids, log, snapshots, *mailbox);
  const auto found = sequencer->recover(log);
  ASSERT_TRUE(found);
  for (const auto& [name, kept] : live.rooms) EXPECT_EQ(room_state(name), kept) << name;
  for (const auto& [name, kept] : live.users) {
    if (name.empty()) continue;  // the server's own
    EXPECT_EQ(user_state(name), kept) << name;
  }
}

TEST_F(Recovers, RefusesACheckpointAheadOfTheLog) {
  boot();
  live_a_little();
  stop();
  const auto head = log.head();
  log.lose_after(head - 2);
  EXPECT_THAT(boot_failure(), HasSubstr("positions " + std::to_string(head - 1) + " to " +
                                        std::to_string(head) + " are missing"));
}

TEST_F(Recovers, RefusesABrokenChainNamingThePosition) {
  boot();
  live_a_little();
  call::Position altered = 0;
  for (const auto& record : log.all()) {
    if (std::holds_alternative<call::CallStarted>(record.payload) && altered == 0) {
      altered = record.position;
    }
  }
  log.alter(altered, [](call::Record& record) {
    std::get<call::CallStarted>(record.payload).callee_name = "forged";
  });
  crash();
  // The record after it in its room no longer follows.
  const auto message = boot_failure();
  EXPECT_THAT(message, HasSubstr("the hash chain breaks at position"));
  EXPECT_THAT(message, HasSubstr("room r1 of tenant acme"));
}

TEST_F(Recovers, RefusesALogWithAHole) {
  boot();
  live_a_little();
  // The last record of its stream, so that no chain shows that it is missing.
  call::Position lost = 0;
  for (const auto& record : log.all()) {
    if (record.stream == room_stream("r2")) lost = record.position;
  }
  ASSERT_LT(lost, log.head());
  log.lose(lost);
  crash();
  EXPECT_THAT(boot_failure(), HasSubstr("position " + std::to_string(lost) + " is missing"));
}

TEST_F(Recovers, TheWindowOfRepeatedIds) {
  boot();
  open(1, "ann");
  const auto first = replies<Ack>(start_call(1, "r1", {"bob"}, "one"), 1);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_FALSE(first[0].duplicate);
  crash();
  boot();
  open(2, "ann");
  const auto again = start_call(2, "r1", {"bob"}, "one");
  const auto second = replies<Ack>(again, 2);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_TRUE(second[0].duplicate);
  EXPECT_EQ(second[0].position, first[0].position);
  EXPECT_EQ(second[0].seq, first[0].seq);
  EXPECT_TRUE(published(again).empty());
}

TEST_F(Recovers, TheWindowEvenWhereTheCheckpointIsNewer) {
  boot();
  open(1, "ann");
  start_call(1, "r1", {"bob"}, "one");
  stop();
  const Recovery found = boot();
  EXPECT_EQ(found.replayed, 0U);
  open(2, "ann");
  const auto second = replies<Ack>(start_call(2, "r1", {"bob"}, "one"), 2);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_TRUE(second[0].duplicate);
}

TEST_F(Recovers, EverySessionOfBeforeAsGone) {
  boot();
  open(1, "ann");
  open(2, "bob");
  start_call(1, "r1", {"bob"});
  send(2, "r1", call::Accept{});
  crash();
  boot();
  EXPECT_EQ(room_state("r1").find(user("ann"))->state, call::ParticipantState::disconnected);
  EXPECT_EQ(room_state("r1").find(user("bob"))->state, call::ParticipantState::disconnected);
  // One of them comes back in time, the other does not.
  EXPECT_EQ(published(open(3, "ann")),
            (std::vector<std::string>{"USER_ONLINE", "PARTICIPANT_JOINED"}));
  EXPECT_EQ(published(pass(settings.rules.presence_grace)),
            std::vector<std::string>{"USER_OFFLINE"});
  const auto end = published(pass(settings.rules.reconnect_grace));
  EXPECT_EQ(end, std::vector<std::string>{"ENDED"});
  EXPECT_EQ(room_state("r1").end_reason, call::EndReason::connection_lost);
}

TEST_F(Recovers, TimeThatDoesNotStepBack) {
  boot();
  open(1, "ann");
  const auto before = log.at(log.head()).at;
  crash();
  clock.advance(-std::chrono::hours(1));
  boot();
  EXPECT_GE(log.at(log.head()).at, before);
}

// A room that was live at the checkpoint and whose call ended in the tail stayed
// in its participants' lists, and was used after it had left memory.
TEST_F(Recovers, NobodyIntoACallThatEndedAfterTheCheckpoint) {
  boot();
  open(1, "ann");
  start_call(1, "r1", {"bob"});
  stop();
  boot();
  open(1, "ann");
  send(1, "r1", call::End{});
  crash();
  boot();
  const auto shown = open(2, "bob");
  EXPECT_TRUE(replies<RoomState>(shown, 2).empty());
  EXPECT_TRUE(only<Subscribe>(shown).empty());
}

TEST_F(Recovers, NobodyIntoTheNextCallOfOthersInTheSameRoom) {
  boot();
  open(1, "ann");
  start_call(1, "r1", {"bob"});
  stop();
  boot();
  open(1, "ann");
  open(2, "cid");
  send(1, "r1", call::End{});
  start_call(2, "r1", {"dee"});
  crash();
  boot();
  EXPECT_TRUE(replies<RoomState>(open(3, "bob"), 3).empty());
  EXPECT_EQ(replies<RoomState>(open(4, "dee"), 4).size(), 1U);
}

// The server's own stream is no user that may leave memory.
TEST_F(Recovers, ALogOfManyStartsInLittleMemory) {
  settings.entries_max = 1;
  settings.calls.per_second = 0;
  boot();
  open(1, "ann");
  for (int i = 0; i < 1'500; ++i) {
    start_call(1, "room" + std::to_string(i), {"bob"});
    send(1, "room" + std::to_string(i), call::End{});
  }
  snapshots.clear();
  crash(false);
  boot();
  crash(false);
  snapshots.clear();
  const Recovery found = boot();
  EXPECT_EQ(found.replayed, found.head);
  EXPECT_EQ(log.at(log.head()).seq, 3U);
}

// A checkpoint that takes several batches named rooms that had become live
// after it was begun and had no snapshot: the next start refused to serve.
TEST_F(Recovers, ACheckpointDuringWhichNewCallsBegan) {
  settings.checkpoint_every = 8;
  settings.saves_per_batch = 1;
  settings.calls.per_second = 0;
  boot();
  for (SessionId session = 1; session <= 6; ++session) {
    open(session, "user" + std::to_string(session));
  }
  for (int i = 0; i < 12; ++i) {
    start_call(1 + static_cast<SessionId>(i % 6), "r" + std::to_string(i), {"zoe"});
  }
  ASSERT_GT(snapshots.marks(), 0U);
  snapshots.flush();
  const auto before = replayed();
  crash();
  EXPECT_EQ(boot_failure(), "");
  for (const auto& [name, kept] : before.rooms) EXPECT_EQ(room_state(name), kept) << name;
}

// ---- memory ---------------------------------------------------------------------

// Fixed numbers of saves and evictions a batch fell behind large batches.
TEST_F(Recovers, MemoryStaysBoundedHoweverLargeTheBatches) {
  settings.entries_max = 50;
  settings.saves_per_batch = 8;
  settings.calls.per_second = 0;
  boot();
  open(1, "ann");
  int rooms = 0;
  for (int batches = 0; batches < 40; ++batches) {
    Batch batch = begin();
    for (int i = 0; i < 500; ++i) {
      const std::string name = std::to_string(++rooms);
      Submission nothing = message(1, name, call::Ring{});  // refused, and recorded
      Submission join = Join{1, room(name + "-joined"), {}};
      sequencer->decide(nothing, batch);
      sequencer->decide(join, batch);
    }
    commit(std::move(batch));
  }
  // What one batch brings in, is saved with it and leaves after it.
  EXPECT_LT(sequencer->states().rooms_in_memory(), 3'000U);
  EXPECT_LT(sequencer->states().dirty(), 1'500U);
}

}  // namespace
}  // namespace callstate::engine
