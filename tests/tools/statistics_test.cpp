#include "tools/callstate/report/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/statistics_page.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::MemoryLog;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using testing::user;

MemoryLog some_log() {
  MemoryLog log;
  log.server_started();
  log.online("bob");
  log.talk();
  log.ignored("bob", call::Ended{});
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  log.tenant = "globex";
  log.starts("alice", {user("dave")});
  return log;
}

TEST(Statistics, CountRecordsCallsAndPeople) {
  const auto counted = count_log(some_log());
  ASSERT_TRUE(counted);
  EXPECT_EQ(counted->head, 9U);
  EXPECT_EQ(counted->total, (Statistics::Outcomes{7, 1, 1}));
  EXPECT_EQ(counted->by_type.find("ENDED")->second, (Statistics::Outcomes{1, 1, 1}));
  EXPECT_THAT(counted->refusals, UnorderedElementsAre(Pair("NOT_PARTICIPANT", 1)));
  EXPECT_THAT(counted->calls_by_status, UnorderedElementsAre(Pair("ENDED", 1), Pair("RINGING", 1)));
  EXPECT_EQ(counted->calls, 2U);
  EXPECT_EQ(counted->rooms, 2U);
  EXPECT_EQ(counted->tenants, 2U);
  EXPECT_EQ(counted->users, 5U);  // the two alices are two people
  EXPECT_EQ(counted->last_at - counted->first_at, 45250ms);
}

TEST(Statistics, OfAnEmptyLogAreAFewLines) {
  const auto counted = count_log(MemoryLog());
  ASSERT_TRUE(counted);
  const LogAbout about{.path = "/log", .log_id = "id", .format_version = 1};
  EXPECT_EQ(render_statistics(about, *counted, Paint(false)),
            "  log         id, format 1\n"
            "  at          /log\n"
            "  size        0 bytes\n"
            "  head        empty\n"
            "  checkpoint  none\n"
            "  tenants     0\n"
            "  users       0\n"
            "  rooms       0\n"
            "  calls       0\n");
}

TEST(Statistics, AreOneJsonObject) {
  const LogAbout about{
      .path = "/log", .log_id = "id", .format_version = 1, .bytes = 4096, .mark = 7};
  const std::string text = statistics_json(about, count_log(some_log()).value());
  EXPECT_THAT(text,
              HasSubstr(R"("head":9,"checkpoint":7,"firstAt":"2026-11-23T10:00:00.000000Z")"));
  EXPECT_THAT(text, HasSubstr(R"("records":{"applied":7,"ignored":1,"refused":1})"));
  EXPECT_THAT(text, HasSubstr(R"("callsByStatus":{"ENDED":1,"RINGING":1}})"));
}

TEST(Numbers, AreForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(count_of(1, "record"), "1 record");
  EXPECT_EQ(bytes_of(1023), "1,023 bytes");
  EXPECT_EQ(bytes_of(1536), "1.5 KiB");
  EXPECT_EQ(bytes_of(300UL << 20U), "300 MiB");
}

}  // namespace
}  // namespace callstate::tools
