#include "core/engine/log_query.hpp"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "fixture.hpp"

namespace callstate::engine {
namespace {

using call::Position;
using testing::ElementsAre;
using testing::IsEmpty;

struct LogQueryTest : testing::Test {
  /// Appends a record of a room's stream.
  call::Record& room_record(std::string_view room, std::string_view by, call::Payload payload) {
    call::Record record;
    record.stream = {call::StreamKind::room, call::TenantId::clipped("acme"),
                     call::UserId::clipped(room)};
    record.actor.user = call::UserId::clipped(by);
    record.payload = std::move(payload);
    records.push_back(std::move(record));
    return records.back();
  }
  void write() {
    auto batch = log.begin();
    for (auto& record : records) batch->add(record);
    ASSERT_TRUE(log.commit(std::move(batch)));
    records.clear();
  }
  std::vector<Position> fitting(const LogQuery& query, Position after = 0) {
    std::vector<Position> positions;
    const auto cursor = read_log(log, query, after, log.head(), 100, [&](const auto& record) {
      positions.push_back(record.position);
      return true;
    });
    EXPECT_EQ(cursor, log.head());
    return positions;
  }

  std::vector<call::Record> records;
  support::MemoryLog log;
  LogQuery all{.tenant = call::TenantId::clipped("acme")};
};

TEST_F(LogQueryTest, NothingCrossesTenantsAndTheServersOwnIsShownToAll) {
  room_record("r", "ann", call::Ringing{});
  room_record("r", "ann", call::Ringing{}).stream.tenant = call::TenantId::clipped("other");
  room_record("", "system", call::ServerStarted{}).stream = {call::StreamKind::server, {}, {}};
  room_record("", "ann", call::UserOnline{}).stream.tenant = {};
  write();
  EXPECT_THAT(fitting(all), ElementsAre(1, 3));
}

TEST_F(LogQueryTest, EachFilterLeavesOutWhatDoesNotFit) {
  const auto id = call::parse_call_id("01000000-0000-0000-0000-000000000000").value();
  room_record("r", "ann", call::Ringing{}).call = id;
  room_record("s", "bob", call::Ended{}).outcome = call::Outcome::refused;
  room_record("r", "bob", call::Accepted{}).stream.kind = call::StreamKind::user;
  write();
  auto query = all;
  query.room = call::RoomName::clipped("r");
  EXPECT_THAT(fitting(query), ElementsAre(1)) << "a user of the room's name is none";
  query = all;
  query.call = id;
  EXPECT_THAT(fitting(query), ElementsAre(1));
  query = all;
  query.outcome = call::Outcome::refused;
  EXPECT_THAT(fitting(query), ElementsAre(2));
  query = all;
  query.types.set(call::parse_type("RINGING").value()).set(call::parse_type("ENDED").value());
  EXPECT_THAT(fitting(query), ElementsAre(1, 2));
  query.outcome = call::Outcome::applied;
  EXPECT_THAT(fitting(query), ElementsAre(1));
}

TEST_F(LogQueryTest, AUsersRecordsAreThoseByItAndThoseAboutIt) {
  const auto ann = call::UserId::clipped("ann");
  const auto bob = call::UserId::clipped("bob");
  room_record("r", "ann", call::Ringing{});
  room_record("ann", "system", call::UserOnline{}).stream.kind = call::StreamKind::user;
  call::CallStarted started;
  started.callees.push_back(ann);
  room_record("r", "bob", started);
  room_record("r", "system", call::CalleeOffline{ann});
  room_record("r", "bob", call::Invited{{ann}});
  room_record("r", "bob", call::Signaled{ann, {}});
  room_record("r", "system", call::ParticipantLeft{.user = ann});
  room_record("r", "system", call::ParticipantJoined{ann});
  room_record("r", "system", call::MediaReported{{}, ann, {}, {}});
  room_record("ann", "bob", call::Ringing{});  // of a room of this name
  room_record("r", "bob", call::CalleeOffline{bob});
  write();
  auto query = all;
  query.user = ann;
  EXPECT_THAT(fitting(query), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST_F(LogQueryTest, ReadsNoMoreThanItMayAndSaysWhereItIs) {
  for (int i = 0; i < 10; ++i) room_record("r", i % 2 == 0 ? "ann" : "bob", call::Ringing{});
  write();
  auto query = all;
  query.user = call::UserId::clipped("bob");
  std::vector<Position> positions;
  const auto take = [&](const call::Record& record) {
    positions.push_back(record.position);
    return positions.size() < 2;
  };
  EXPECT_EQ(read_log(log, query, 0, 10, 3, take), 3U) << "looked at, fitting or not";
  EXPECT_THAT(positions, ElementsAre(2));
  EXPECT_EQ(read_log(log, query, 3, 10, 100, take), 4U) << "enough";
  EXPECT_THAT(positions, ElementsAre(2, 4));
  EXPECT_EQ(read_log(log, query, 10, 10, 100, take), 10U);
}

TEST_F(LogQueryTest, TheLastFewAreFoundFromTheEnd) {
  for (int i = 0; i < 3'000; ++i) room_record("r", i % 1'000 == 0 ? "bob" : "ann", call::Ringing{});
  write();
  auto query = all;
  EXPECT_EQ(before_last(log, query, 10, 3'000, 100'000), 2'990U);
  EXPECT_EQ(before_last(log, query, 0, 3'000, 100'000), 3'000U);
  EXPECT_EQ(before_last(log, query, 10, 2'000, 100'000), 1'990U);
  query.user = call::UserId::clipped("bob");  // 1, 1001, 2001
  EXPECT_EQ(before_last(log, query, 2, 3'000, 100'000), 1'000U);
  EXPECT_EQ(before_last(log, query, 5, 3'000, 100'000), 0U) << "there are no more";
  EXPECT_EQ(before_last(log, query, 5, 3'000, 1'500), 1'500U) << "it looks no further";
  log.set_first(1'200);
  EXPECT_EQ(before_last(log, query, 5, 3'000, 100'000), 1'199U) << "that is not kept";
}

}  // namespace
}  // namespace callstate::engine
