#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <thread>

#include "core/call/life.hpp"
#include "storage/call_index_fixture.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(CallIndexTest, BeginsEmpty) {
  const auto standing = open();
  ASSERT_TRUE(standing) << standing.error().message;
  EXPECT_EQ(standing->position, 0U);
  EXPECT_THAT(standing->live, IsEmpty());
  EXPECT_EQ(index->position(), 0U);
  EXPECT_THAT(found({.tenant = tenant("acme")}), IsEmpty());
  EXPECT_EQ(index->call(tenant("acme"), call_id(1)).value(), std::nullopt);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(CallIndexTest, GivesTroubleThatPassesBeforeItIsOpen) {
  index.emplace(CallIndexOptions{.path = path});
  const auto page = index->calls({.tenant = tenant("acme")});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, Trouble::Kind::passing);
  EXPECT_FALSE(index->call(tenant("acme"), call_id(1)));
  EXPECT_FALSE(index->events(tenant("acme"), call_id(1), 0, 1));
}

TEST_F(CallIndexTest, KeepsRowsAndPositionOverAStop) {
  ASSERT_TRUE(open());
  auto rings = call_row(3);
  rings.status = Status::ringing;
  put({call_row(1), call_row(2), rings});
  ASSERT_TRUE(index->apply({.calls = {}, .events = {}, .position = 9, .at = {}}));
  EXPECT_EQ(index->position(), 9U);
  const auto standing = open();
  ASSERT_TRUE(standing);
  EXPECT_EQ(standing->position, 9U);
  EXPECT_THAT(standing->live, ElementsAre(rings));
  EXPECT_EQ(index->call(tenant("acme"), call_id(2)).value(), call_row(2));
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(CallIndexTest, ReplacesARowAndAddsItsNewParties) {
  ASSERT_TRUE(open());
  auto row = call_row(1);
  row.status = Status::ringing;
  put({row});
  row.status = Status::connected;
  row.parties.emplace_back(call::user("carol"), std::nullopt);
  row.changed_position = 2;
  put({row});
  EXPECT_THAT(found({.tenant = tenant("acme"), .user = call::user("carol")}), ElementsAre(1));
  EXPECT_EQ(open()->live.size(), 1U);
  row.parties.emplace_back(call::user("dora"), std::nullopt);
  row.status = Status::ended;
  row.changed_position = 3;
  put({row});
  for (const auto* who : {"ann", "bob", "carol", "dora"})
    EXPECT_THAT(found({.tenant = tenant("acme"), .user = call::user(who)}), ElementsAre(1)) << who;
  EXPECT_THAT(found({.tenant = tenant("acme")}), ElementsAre(1)) << "one call, one row";
  EXPECT_THAT(open()->live, IsEmpty());
  EXPECT_EQ(index->call(tenant("acme"), call_id(1)).value(), row);
}

TEST_F(CallIndexTest, GoesBeyondASkippedRecord) {
  ASSERT_TRUE(open());
  put({call_row(1)});
  ASSERT_TRUE(index->skip(2, "ticket 7", some_day));
  EXPECT_EQ(index->position(), 2U);
  EXPECT_EQ(open()->position, 2U);
}

TEST_F(CallIndexTest, WaitsWhereTheDiskHasNoRoom) {
  ASSERT_TRUE(open());
  put({call_row(1)});
  room_left = false;
  const auto refused =
      index->apply({.calls = {call_row(2)}, .events = {}, .position = 2, .at = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Trouble::Kind::passing);
  EXPECT_THAT(refused.error().message, HasSubstr("below its reserve"));
  EXPECT_EQ(index->position(), 1U);
  EXPECT_THAT(found({.tenant = tenant("acme")}), ElementsAre(1)) << "what is there is read";
  room_left = true;
  EXPECT_EQ(index->open("a-log", far)->position, 1U);
  put({call_row(2)});
  EXPECT_THAT(found({.tenant = tenant("acme")}), ElementsAre(2, 1));
}

/// Random lives of a room: kills, stops and failures anywhere, and all is there once.
class CallIndexLife : public CallIndexTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  void kill() {
    const auto copy = directory / ("copy-" + std::to_string(copies_++));
    copy_files(path, copy);
    path = copy;
  }

 private:
  int copies_ = 0;
};

TEST_P(CallIndexLife, KillsAndStopsAnywhereGiveEachRowOnce) {
  std::mt19937_64 dice(GetParam());
  call::Life life(GetParam());
  const auto& log = life.world.log;
  call::Position position = 0;
  history::CallHistory history;
  const auto stand = [&] {
    const auto standing = open(log.size());
    ASSERT_TRUE(standing) << standing.error().message;
    history = history::CallHistory(standing->live);
    position = standing->position;
  };
  const auto catch_up = [&] {
    for (; position < log.size(); ++position) history.add(log[position]);
    ASSERT_TRUE(index->apply(history.take()));
  };
  stand();
  for (int step = 0; step < 1'200 && !HasFatalFailure(); ++step) {
    life.step();
    if (dice() % 8 == 0) catch_up();
    const auto what = dice() % 400;
    if (what == 0) kill();
    if (what <= 1) stand();
  }
  catch_up();
  const auto expected = history::fold(log);
  std::size_t calls = 0;
  CallQuery query{.tenant = tenant("acme"), .limit = 7};
  for (bool more = true; more;) {
    const auto page = index->calls(query);
    ASSERT_TRUE(page);
    calls += page->calls.size();
    for (const auto& row : page->calls) ASSERT_EQ(row, expected.calls.at(row.id));
    query.after = page->next;
    more = page->next.has_value();
  }
  EXPECT_EQ(calls, expected.calls.size());
  std::map<call::CallId, std::vector<call::Position>> events;
  for (const auto& event : expected.events) {
    if (!event.record.call.empty()) events[event.record.call].push_back(event.record.position);
  }
  for (const auto& [id, positions] : events)
    ASSERT_EQ(index->events(tenant("acme"), id, 0, 100'000).value(), positions);
  EXPECT_THAT(told, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, CallIndexLife, ::testing::Range<std::uint64_t>(1, 5));

TEST_F(CallIndexTest, IsReadWhileItIsWrittenAndOpenedAnew) {
  ASSERT_TRUE(open());
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::size_t most = 0;
    while (!done) {
      const auto page = index->calls({.tenant = tenant("acme"), .limit = 1'000});
      ASSERT_TRUE(page) << page.error().message;
      ASSERT_GE(page->calls.size(), most) << "rows do not go away";
      most = page->calls.size();
      for (const auto& row : page->calls) ASSERT_EQ(row.parties.size(), 2U);
    }
  });
  for (std::uint64_t number = 1; number <= 200; ++number) {
    put({call_row(number)});
    if (number % 50 == 0) {
      EXPECT_TRUE(index->open("a-log", far));
    }
  }
  done = true;
  reader.join();
}

}  // namespace
}  // namespace callstate::storage::testing
