// What holds of the rows for whatever happens: long random lives of a room, by seed.

#include <random>

#include "core/call/life.hpp"
#include "core/history/folding.hpp"

namespace callstate::history {
namespace {

constexpr int steps = 1500;
constexpr std::uint64_t seeds = 40;

/// The row says what the room's own state does.
void expect_agrees(const CallRow& row, const call::Room& room) {
  ASSERT_EQ(name_of(row.status), call_status(room));
  ASSERT_EQ(row.id, room.call);
  ASSERT_EQ(row.started_position, room.started_position);
  ASSERT_EQ(row.started_at, room.started_at);
  ASSERT_EQ(row.answered_at, room.answered_at);
  ASSERT_EQ(row.ended_at, room.ended_at);
  ASSERT_EQ(row.end_reason, room.end_reason);
  ASSERT_EQ(row.caller_name, room.caller_name);
  ASSERT_EQ(row.metadata, room.metadata);
  ASSERT_EQ(row.parties.size(), room.participants.size());
  for (std::size_t i = 0; i < row.parties.size(); ++i)
    ASSERT_EQ(row.parties[i].user, room.participants[i].user);
}

void expect_same(const Rows& rows, const Rows& expected) {
  ASSERT_EQ(rows.position, expected.position);
  ASSERT_EQ(rows.calls, expected.calls);
  ASSERT_EQ(rows.events.size(), expected.events.size());
  for (std::size_t i = 0; i < rows.events.size(); ++i) {
    ASSERT_EQ(rows.events[i].record.position, expected.events[i].record.position);
    ASSERT_EQ(rows.events[i].caller, expected.events[i].caller) << "at event " << i;
    ASSERT_EQ(rows.events[i].callee, expected.events[i].callee) << "at event " << i;
  }
}

/// Folded in stretches, with everything forgotten but the rows between some of them.
Rows fold_with_restarts(std::span<const call::Record> log, std::mt19937_64& random) {
  Rows rows;
  CallHistory history;
  for (const auto& record : log) {
    history.add(record);
    if (random() % 5 == 0) rows.apply(history.take());
    if (random() % 7 == 0) {
      // A crash: what was not taken is lost and read again.
      history = CallHistory(rows.live());
      for (auto next = rows.position; next < record.position; ++next) history.add(log[next]);
    }
  }
  rows.apply(history.take());
  return rows;
}

TEST(CallHistoryProperties, RowsAgreeWithTheStateAndWithAnyRestart) {
  std::map<Status, int> seen;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    call::Life life(seed);
    CallHistory history;
    Rows rows;
    std::size_t folded = 0;
    for (int step = 0; step < steps; ++step) {
      life.step();
      if (testing::Test::HasFatalFailure()) return;
      const auto& log = life.world.log;
      for (; folded < log.size(); ++folded) history.add(log[folded]);
      rows.apply(history.take());
      if (life.world.room.call.empty()) continue;
      const auto row = rows.calls.find(life.world.room.call);
      ASSERT_NE(row, rows.calls.end());
      expect_agrees(row->second, life.world.room);
      if (testing::Test::HasFatalFailure()) return;
    }
    for (const auto& [id, row] : rows.calls) ++seen[row.status];
    expect_same(rows, fold(life.world.log));
    std::mt19937_64 random(seed);
    expect_same(fold_with_restarts(life.world.log, random), rows);
    if (testing::Test::HasFatalFailure()) return;
  }
  for (int i = static_cast<int>(Status::ended); i <= static_cast<int>(Status::failed); ++i)
    EXPECT_GT(seen[static_cast<Status>(i)], 3) << name_of(static_cast<Status>(i));
}

}  // namespace
}  // namespace callstate::history
