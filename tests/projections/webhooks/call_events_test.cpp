#include "projections/webhooks/call_events.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "core/call/world.hpp"
#include "core/history/call_history.hpp"

namespace callstate::projections {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::StartsWith;

constexpr auto log_id = "0190d6a4-7c1e-7b3a-9f00-3f2a9c41d07b";

/// All that is told of a world's log.
std::vector<history::OutgoingEvent> told(const call::World& world) {
  history::CallHistory history;
  std::vector<history::OutgoingEvent> all;
  for (const auto& record : world.log) {
    history.add(record);
    if (!may_be_told(record)) continue;
    const auto* row = history.find(record.call);
    if (row == nullptr) continue;
    for (auto& event : events_of(record, *row, log_id)) all.push_back(std::move(event));
  }
  return all;
}

std::vector<std::string> types(const call::World& world) {
  std::vector<std::string> types;
  for (const auto& event : told(world)) types.push_back(event.type);
  return types;
}

boost::json::object body_of(const history::OutgoingEvent& event) {
  return boost::json::parse(event.body).as_object();
}
boost::json::object data_of(const history::OutgoingEvent& event) {
  return body_of(event).at("data").as_object();
}
std::string text(const boost::json::object& object, std::string_view key) {
  const auto* found = object.if_contains({key.data(), key.size()});
  return found == nullptr ? "" : std::string(found->as_string());
}

call::World missed() {
  call::World world;
  world.offline = {"bob"};
  auto body = call::start({"bob"});
  body.caller_name = "Alice \"A\" \xC3\x84";
  body.callee_name = "Bob";
  body.metadata = R"({"deal":12345678901234567890.50,"a":[1e2]})";
  world.send("alice", std::move(body));
  world.wait(world.rules.ring_timeout);
  return world;
}

TEST(CallEvents, TellOfACalleeWhoIsOfflineWhileTheCallRings) {
  const auto events = told(missed());
  ASSERT_FALSE(events.empty());
  const auto body = body_of(events.front());
  EXPECT_EQ(text(body, "type"), "call.callee_offline");
  EXPECT_EQ(events.front().type, "call.callee_offline");
  const auto data = data_of(events.front());
  EXPECT_EQ(text(data, "calleeId"), "bob");
  EXPECT_EQ(text(data, "callerId"), "alice");
  EXPECT_EQ(text(data, "callerName"), "Alice \"A\" \xC3\x84");
  EXPECT_EQ(text(data, "calleeName"), "Bob");
  EXPECT_EQ(text(data, "status"), "RINGING");
  EXPECT_EQ(text(data, "tenantId"), "acme");
  EXPECT_EQ(events.front().tenant.view(), "acme");
  EXPECT_EQ(text(data, "roomName"), "room");
  EXPECT_EQ(text(data, "callId"), call::to_string(events.front().call));
  EXPECT_EQ(text(data, "startedAt"), text(body, "timestamp"));
  EXPECT_THAT(text(data, "startedAt"), EndsWith("00.000000Z"));
  EXPECT_THAT(text(data, "ringDeadline"), EndsWith("45.000000Z"));
  EXPECT_EQ(data.at("position"), 2);
  for (const auto* later : {"endedAt", "answeredAt", "endReason", "durationSeconds"})
    EXPECT_FALSE(data.contains(later)) << later;
}

TEST(CallEvents, PassMetadataOnAsItCameIn) {
  EXPECT_THAT(told(missed()).front().body,
              EndsWith(R"(,"metadata":{"deal":12345678901234567890.50,"a":[1e2]}}})"));
}

TEST(CallEvents, TellOfAMissedCallThatItIsOverAndThatItWasMissed) {
  const auto world = missed();
  EXPECT_THAT(types(world), ElementsAre("call.callee_offline", "call.ended", "call.missed"));
  const auto events = told(world);
  const auto data = data_of(events.back());
  EXPECT_EQ(text(data, "status"), "MISSED");
  EXPECT_EQ(text(data, "endReason"), "no_answer");
  EXPECT_EQ(data.at("durationSeconds"), 0);
  EXPECT_EQ(data, data_of(events.at(1)));
}

TEST(CallEvents, TellOfATalkHowLongItWas) {
  auto world = call::World::connected();
  world.now += std::chrono::seconds(90);
  world.send("alice", call::End{});
  const auto events = told(world);
  ASSERT_EQ(events.size(), 1U);
  const auto data = data_of(events.front());
  EXPECT_EQ(text(data, "status"), "ENDED");
  EXPECT_EQ(data.at("durationSeconds"), 90);
  EXPECT_FALSE(text(data, "answeredAt").empty());
  EXPECT_EQ(text(data, "endedAt"), text(body_of(events.front()), "timestamp"));
}

TEST(CallEvents, AreNoMissedOnesWhereTheCallerGaveUpOrAllDeclined) {
  auto cancelled = call::World::ringing();
  cancelled.send("alice", call::End{});
  EXPECT_THAT(types(cancelled), ElementsAre("call.ended"));
  auto rejected = call::World::ringing();
  rejected.send("bob", call::Reject{});
  EXPECT_THAT(types(rejected), ElementsAre("call.ended"));
}

TEST(CallEvents, TellOfEachCalleeOfAGroupWhoIsOffline) {
  call::World world;
  world.offline = {"bob", "carol", "dave"};
  world.send("alice", call::start({"bob", "carol"}));
  world.send("bob", call::Accept{});
  world.send("alice", call::invite({"dave"}));
  std::vector<std::string> callees;
  for (const auto& event : told(world)) callees.push_back(text(data_of(event), "calleeId"));
  EXPECT_THAT(callees, ElementsAre("bob", "carol", "dave"));
  const auto last = data_of(told(world).back());
  EXPECT_EQ(text(last, "status"), "CONNECTED");
  EXPECT_EQ(last.at("calleeIds").as_array().size(), 3U);
}

TEST(CallEvents, AreNotMadeOfWhatWasRefusedOrIgnored) {
  auto world = call::World::ended();
  const auto before = types(world);
  world.send("bob", call::End{});      // crossed: ignored
  world.send("mallory", call::End{});  // refused
  EXPECT_EQ(types(world), before);
  EXPECT_THAT(types(call::World::connected()), IsEmpty());
}

TEST(CallEvents, HaveIdsThatSortAsTheLogAndAreTheSameAgain) {
  const auto events = told(missed());
  std::vector<std::string> ids;
  for (const auto& event : events) ids.push_back(event.id);
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  EXPECT_THAT(ids, ElementsAre("evt_3f2a9c41d07b_0000000000000002_1",
                               StartsWith("evt_3f2a9c41d07b_"), EndsWith("_2")));
  std::vector<std::string> again;
  for (const auto& event : told(missed())) again.push_back(event.id);
  EXPECT_EQ(ids, again);
}

}  // namespace
}  // namespace callstate::projections
