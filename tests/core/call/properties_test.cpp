// What holds for whatever happens: long random lives of a room, by seed.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/call/life.hpp"
#include "core/call/standing.hpp"

namespace callstate::call {
namespace {

using namespace std::chrono_literals;

constexpr int steps = 2000;

void expect_participant_sound(const Participant& p) {
  const bool gone = p.state == ParticipantState::disconnected;
  ASSERT_EQ(gone, p.grace_deadline != Time{}) << "a grace without a lost connection, or none";
  ASSERT_EQ(awaited(p), p.ring_deadline != Time{}) << "a ring deadline without ringing, or none";
  if (gone) {
    ASSERT_TRUE(p.before_disconnect == ParticipantState::ringing ||
                p.before_disconnect == ParticipantState::joined);
  }
  ASSERT_LE(p.rang_on.size(), rang_on_max);
  ASSERT_EQ(std::set(p.rang_on.begin(), p.rang_on.end()).size(), p.rang_on.size());
  if (standing(p) == ParticipantState::ringing) {
    ASSERT_FALSE(p.rang_on.empty());
  }
  if (standing(p) == ParticipantState::invited) {
    ASSERT_TRUE(p.rang_on.empty());
  }
}

void expect_room_sound(const Room& room) {
  if (room.state == CallState::idle) return;
  ASSERT_FALSE(room.call.empty());
  std::set<UserId> users;
  for (const auto& p : room.participants) {
    expect_participant_sound(p);
    users.insert(p.user);
    ASSERT_EQ(p.role == CallRole::caller, &p == room.participants.data());
  }
  ASSERT_EQ(users.size(), room.participants.size()) << "somebody takes part twice";
  ASSERT_EQ(room.group, room.participants.size() > 2);
  const auto talking = std::ranges::count_if(room.participants, in_conversation);
  const auto waiting = std::ranges::count_if(room.participants, awaited);
  if (room.state == CallState::ringing) {
    ASSERT_EQ(talking, 1);
    ASSERT_TRUE(in_conversation(room.participants.front()));
    ASSERT_GE(waiting, 1) << "it rings nowhere";
    ASSERT_EQ(room.answered_at, Time{});
  }
  if (room.state == CallState::connected) {
    ASSERT_GE(talking, 2) << "somebody talks alone";
    ASSERT_NE(room.answered_at, Time{});
  }
  ASSERT_EQ(room.state == CallState::ended, room.end_reason != EndReason::none);
  ASSERT_EQ(room.state == CallState::ended, room.ended_at != Time{});
}

std::vector<Payload> due_at(World world, Time time) {
  world.now = time;
  return world.with_context([&](const Context& c) { return decide_due(world.room, c); });
}

void expect_deadlines_agree(const World& world) {
  const auto deadline = next_deadline(world.room);
  ASSERT_EQ(deadline.has_value(), world.room.live());
  if (!deadline) return;
  ASSERT_EQ(types_of(due_at(world, *deadline - 1us)), "") << "something is due before";
  ASSERT_NE(types_of(due_at(world, *deadline)), "") << "waited for nothing";
}

/// Everybody goes and nobody comes back.
void expect_end_comes(World world) {
  if (world.room.state == CallState::idle) return;
  for (const auto who : people) world.lose(who);
  int rounds = 0;
  for (auto deadline = next_deadline(world.room); deadline; deadline = next_deadline(world.room)) {
    ASSERT_LT(++rounds, 100) << "it hangs for ever";
    const auto before = world.log.size();
    world.wait(std::max(Duration{}, *deadline - world.now));
    ASSERT_GT(world.log.size(), before) << "the timers would spin";
    const auto types = types_of(due_at(world, world.now));
    ASSERT_EQ(types, "") << "not all of it was given at once";
  }
  ASSERT_EQ(world.room.state, CallState::ended);
}

void expect_log_sound(const World& world, std::map<std::string, int>& seen) {
  Room folded;
  Seq seq = 0;
  for (const auto& record : world.log) {
    evolve(folded, record);
    if (record.stream.kind == StreamKind::server) continue;
    if (record.outcome == Outcome::applied) ++seq;
    ASSERT_EQ(record.seq, seq) << "a hole, or a seq taken by what was not applied";
    ASSERT_EQ(folded.seq, seq);
    if (record.outcome != Outcome::applied) {
      ++seen[std::string(name_of(record.outcome)) + std::string(name_of(record.refusal))];
      continue;
    }
    ++seen[std::string(type_of(record.payload))];
    if (const auto* ended = std::get_if<Ended>(&record.payload)) {
      ++seen[std::string(name_of(ended->reason))];
      const auto talked = folded.answered_at == Time{} ? 0us : record.at - folded.answered_at;
      ASSERT_EQ(std::chrono::seconds(ended->duration_s),
                std::max(0s, std::chrono::floor<std::chrono::seconds>(talked)));
    }
  }
  ASSERT_EQ(folded, world.room) << "the replay is not the live state";
  for (const auto& record : world.log) evolve(folded, record);
  ASSERT_EQ(folded, world.room) << "folding twice changed something";
}

TEST(AnyLifeOfARoom, KeepsItsPromises) {
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life(seed);
    for (int step = 0; step < steps; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      life.step();
      expect_room_sound(life.world.room);
      if (HasFatalFailure()) return;
      if (step % 8 != 0) continue;
      // These copy the world: without its log, for speed.
      World world = life.world;
      world.log.clear();
      world.room.position = 0;
      expect_deadlines_agree(world);
      expect_end_comes(world);
      if (HasFatalFailure()) return;
    }
    expect_log_sound(life.world, seen);
    if (HasFatalFailure()) return;
  }
  // Lives in which nothing happens would prove nothing.
  for (const auto* what : {"CALL_STARTED",
                           "RINGING",
                           "ACCEPTED",
                           "REJECTED",
                           "ENDED",
                           "TIMED_OUT",
                           "CALLEE_OFFLINE",
                           "INVITED",
                           "SIGNAL",
                           "PARTICIPANT_JOINED",
                           "PARTICIPANT_LEFT",
                           "hangup",
                           "cancelled",
                           "rejected",
                           "no_answer",
                           "connection_lost",
                           "max_duration",
                           "MEDIA",
                           "media_finished",
                           "ignoredNONE",
                           "refusedWRONG_STATE",
                           "refusedNOT_PARTICIPANT",
                           "refusedIDENTITY_MISMATCH",
                           "refusedANSWERED_ELSEWHERE",
                           "refusedINVALID_MESSAGE"}) {
    EXPECT_GT(seen[what], 3) << what;
  }
}

}  // namespace
}  // namespace callstate::call
