#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <random>

#include "storage/call_index_fixture.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(CallIndexTest, FindsByUserRoomStatusAndTime) {
  ASSERT_TRUE(open());
  auto missed = call_row(2, {"bob", "carol"}, "s");
  missed.status = Status::missed;
  put({call_row(1), missed, call_row(3, {"ann", "carol"}, "s"), call_row(4, {"dora", "ann"})});
  const auto acme = tenant("acme");
  EXPECT_THAT(found({.tenant = acme}), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(found({.tenant = acme, .user = call::user("ann")}), ElementsAre(4, 3, 1));
  EXPECT_THAT(found({.tenant = acme, .user = call::user("an")}), IsEmpty());
  EXPECT_THAT(found({.tenant = acme, .room = room("s")}), ElementsAre(3, 2));
  EXPECT_THAT(found({.tenant = acme, .user = call::user("ann"), .room = room("s")}),
              ElementsAre(3));
  EXPECT_THAT(found({.tenant = acme, .status = Status::missed}), ElementsAre(2));
  EXPECT_THAT(found({.tenant = acme, .user = call::user("ann"), .status = Status::missed}),
              IsEmpty());
  const auto at = [](int number) { return some_day + std::chrono::seconds(number); };
  EXPECT_THAT(found({.tenant = acme, .from = at(2)}), ElementsAre(4, 3, 2)) << "at it, or after";
  EXPECT_THAT(found({.tenant = acme, .to = at(3)}), ElementsAre(2, 1)) << "before it";
  EXPECT_THAT(found({.tenant = acme, .from = at(2), .to = at(4)}), ElementsAre(3, 2));
  EXPECT_THAT(found({.tenant = acme, .from = at(3), .to = at(3)}), IsEmpty());
  EXPECT_THAT(found({.tenant = acme, .from = at(4), .to = at(1)}), IsEmpty());
  EXPECT_THAT(found({.tenant = acme, .from = call::Time::min(), .to = call::Time::max()}),
              ElementsAre(4, 3, 2, 1));
}

TEST_F(CallIndexTest, NothingCrossesTenants) {
  ASSERT_TRUE(open());
  put({call_row(1), call_row(2, {"ann", "bob"}, "r", "other"), call_row(3, {"ann"}, "r", "acm")});
  for (const auto& [name, number] :
       {std::pair{"acme", 1U}, std::pair{"other", 2U}, std::pair{"acm", 3U}}) {
    EXPECT_THAT(found({.tenant = tenant(name)}), ElementsAre(number));
    EXPECT_THAT(found({.tenant = tenant(name), .user = call::user("ann")}), ElementsAre(number));
    EXPECT_THAT(found({.tenant = tenant(name), .room = room("r")}), ElementsAre(number));
  }
  EXPECT_EQ(index->call(tenant("acme"), call_id(2)).value(), std::nullopt);
  EXPECT_EQ(index->call(tenant("other"), call_id(2)).value(),
            call_row(2, {"ann", "bob"}, "r", "other"));
}

TEST_F(CallIndexTest, PagesHoldEachCallOnceWhateverTheirSize) {
  ASSERT_TRUE(open());
  std::vector<CallRow> rows;
  std::vector<std::uint64_t> expected;
  for (std::uint64_t number = 1; number <= 40; ++number) {
    auto row = call_row(number);
    row.started_at = some_day + std::chrono::seconds(number / 4);  // four at a time
    rows.push_back(row);
    expected.insert(expected.begin(), number);
  }
  std::shuffle(rows.begin(), rows.end(), std::mt19937_64(1));
  std::ranges::sort(rows, {}, &CallRow::changed_position);
  put(rows);
  for (const std::size_t limit : {1, 3, 20, 40, 41, 1'000}) {
    EXPECT_EQ(found({.tenant = tenant("acme"), .limit = limit}), expected) << limit;
    EXPECT_EQ(pages, static_cast<int>((40 + limit - 1) / limit)) << "no page of nothing at the end";
  }
  EXPECT_THAT(index->calls({.tenant = tenant("acme"), .limit = 0})->calls, IsEmpty());
}

TEST_F(CallIndexTest, APageDoesBoundedWork) {
  ASSERT_TRUE(open());
  std::vector<CallRow> rows;
  rows.push_back(call_row(1));
  rows.back().status = Status::missed;
  for (std::uint64_t number = 2; number <= calls_seen_max + 1'000; ++number)
    rows.push_back(call_row(number));
  put(std::move(rows));
  const CallQuery query{.tenant = tenant("acme"), .status = Status::missed};
  const auto page = index->calls(query);
  ASSERT_TRUE(page);
  EXPECT_THAT(page->calls, IsEmpty());
  EXPECT_TRUE(page->next) << "there may be more";
  EXPECT_THAT(found(query), ElementsAre(1));
  EXPECT_EQ(pages, 2);
}

TEST_F(CallIndexTest, GivesTheRecordsOfACall) {
  ASSERT_TRUE(open());
  Changes changes{.calls = {call_row(1), call_row(2)}, .events = {}, .position = 9, .at = {}};
  for (call::Position position = 1; position <= 9; ++position) {
    auto& event = changes.events.emplace_back();
    event.record.position = position;
    if (position != 5) event.record.call = call_id(1 + position % 2);
  }
  ASSERT_TRUE(index->apply(changes));
  const auto acme = tenant("acme");
  const auto events = [&](std::uint64_t call, call::Position after, std::size_t limit) {
    return index->events(acme, call_id(call), after, limit).value();
  };
  EXPECT_THAT(events(1, 0, 100), ElementsAre(2, 4, 6, 8));
  EXPECT_THAT(events(2, 0, 100), ElementsAre(1, 3, 7, 9));
  EXPECT_THAT(events(1, 0, 2), ElementsAre(2, 4));
  EXPECT_THAT(events(1, 4, 2), ElementsAre(6, 8));
  EXPECT_THAT(events(1, 5, 1), ElementsAre(6));
  EXPECT_THAT(events(1, 8, 9), IsEmpty());
  EXPECT_THAT(events(1, std::numeric_limits<call::Position>::max(), 9), IsEmpty());
  EXPECT_THAT(events(1, 0, 0), IsEmpty());
  EXPECT_THAT(events(3, 0, 9), IsEmpty());
  EXPECT_THAT(index->events(tenant("other"), call_id(1), 0, 9).value(), IsEmpty());
}

}  // namespace
}  // namespace callstate::storage::testing
