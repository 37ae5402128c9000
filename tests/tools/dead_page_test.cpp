#include "tools/callstate/report/dead_page.hpp"

#include <gmock/gmock.h>

namespace callstate::tools {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto page_json =
    R"({"total":2,"webhooks":[
        {"id":"evt_1","type":"call.ended","callId":"0190","queuedAt":"q","diedAt":"2026-11-26T01:02:03.000000Z",
         "attempts":155,"error":"HTTP 500","payload":{"data":{"n":1}}},
        {"id":"evt_2","type":"call.missed","callId":"0191","queuedAt":"q","diedAt":"d","attempts":1,
         "error":"\u001b[31mred","payload":{}}],
        "next":"evt_2"})";

TEST(DeadPage, ReadsWhatAServerLists) {
  const auto page = parse_dead_page(page_json);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, "evt_2");
  EXPECT_THAT(ids_of(*page), ElementsAre("evt_1", "evt_2"));
  EXPECT_EQ(page->webhooks[0].attempts, 155U);
  EXPECT_EQ(parse_dead_page(R"({"total":0,"webhooks":[]})")->next, "");
}

TEST(DeadPage, TakesNothingElseForAList) {
  for (const auto* other :
       {"", "null", "[]", "{}", R"({"webhooks":1})", R"({"webhooks":[1]})", "<html>"})
    EXPECT_FALSE(parse_dead_page(other)) << other;
  EXPECT_TRUE(parse_dead_page(R"({"webhooks":[{"attempts":"many"}]})"));
}

TEST(DeadPage, IsATable) {
  const auto text = render_dead(*parse_dead_page(page_json), Paint(false));
  EXPECT_THAT(text, AllOf(HasSubstr("2 webhooks given up"), HasSubstr("evt_1"), HasSubstr("155"),
                          HasSubstr("HTTP 500"), HasSubstr("2026-11-26T01:02:03")));
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(render_dead({}, Paint(false)), "No webhook was given up.\n");
}

TEST(DeadPage, IsJsonWithWhatWasToBeSent) {
  const auto text = dead_json(*parse_dead_page(page_json));
  EXPECT_THAT(text, HasSubstr(R"("payload":{"data":{"n":1}})"));
  EXPECT_THAT(ids_of(*parse_dead_page(text)), ElementsAre("evt_1", "evt_2"));
  EXPECT_EQ(dead_json({}), "{\"webhooks\":[]}\n");
}

}  // namespace
}  // namespace callstate::tools
