#include <gmock/gmock.h>

#include <atomic>

#include "core/call/world.hpp"
#include "server_fixture.hpp"

namespace callstate::transports {
namespace {

using history::CallPage;
using history::CallQuery;
using history::CallRow;
using history::Trouble;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view call_id = "01000000-0000-0000-0000-000000000000";

/// A history of one call, which comes up to the log after some looks at it.
class FakeHistory final : public history::HistoryReader {
 public:
  FakeHistory() {
    row.id = call::parse_call_id(call_id).value();
    row.tenant = call::TenantId::clipped("t1");
    row.parties.emplace_back(call::user("ann"), call::Role::crm_user);
  }

  [[nodiscard]] call::Position position() const override {
    return ++looks >= comes_up_after ? comes_up_to : behind;
  }
  std::expected<CallPage, Trouble> calls(const CallQuery& query) const override {
    asked_for = query;
    if (broken) return std::unexpected(Trouble{.message = "it is broken"});
    return CallPage{.calls = {row}, .next = history::CallCursor{}};
  }
  std::expected<std::optional<CallRow>, Trouble> call(const call::TenantId& tenant,
                                                      const call::CallId& id) const override {
    if (broken) return std::unexpected(Trouble{.message = "it is broken"});
    if (tenant != row.tenant || id != row.id) return std::nullopt;
    return row;
  }
  std::expected<std::vector<call::Position>, Trouble> events(const call::TenantId&,
                                                             const call::CallId&,
                                                             call::Position after,
                                                             std::size_t limit) const override {
    std::vector<call::Position> positions;
    for (auto position = after + 1; position <= comes_up_to && positions.size() < limit; ++position)
      positions.push_back(position);
    return positions;
  }

  CallRow row;
  int comes_up_after = 0;
  call::Position comes_up_to = 2;
  call::Position behind = 0;
  bool broken = false;
  mutable std::atomic<int> looks = 0;
  mutable CallQuery asked_for;
};

struct HttpHistoryTest : ServerFixture {
  HttpHistoryTest() {
    history = &fake;
    settings.history_wait = std::chrono::milliseconds(30);
    auto world = call::World::ringing();
    world.send("ann", call::Accept{});  // refused: of no participant
    for (auto& record : world.log) record.stream.tenant = fake.row.tenant;
    record_all(std::move(world.log));
  }
  void record_all(std::vector<call::Record> records) {
    auto batch = event_log.begin();
    for (auto& record : records) batch->add(record);
    EXPECT_TRUE(event_log.commit(std::move(batch)));
  }
  std::string get(std::string_view target, std::string_view token = "ann") {
    if (!server) start();
    RawClient client(port);
    std::string request("GET /v1/calls");
    request.append(target).append(" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    if (!token.empty()) request.append("Authorization: Bearer ").append(token).append("\r\n");
    client.write(request + "\r\n");
    return client.read_to_end();
  }

  FakeHistory fake;
  const std::string one = "/" + std::string(call_id);
};

TEST_F(HttpHistoryTest, ShowsWhatThereIs) {
  const auto list = get("");
  EXPECT_THAT(list, AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(R"({"calls":[{"callId":")"),
                          HasSubstr(R"("next":"AAAAAAAA)"), HasSubstr(R"(,"pos":2})")));
  EXPECT_THAT(get(one), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(R"("callId":"01000000)")));
  EXPECT_THAT(get(one + "/events"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(R"({"events":[{"type":"CALL_STARTED")"),
                    HasSubstr(R"(],"next":null,"pos":2})")));
}

TEST_F(HttpHistoryTest, WaitsUntilItHasComeUpToTheLog) {
  settings.history_wait = std::chrono::seconds(60);
  fake.comes_up_after = 4;
  EXPECT_THAT(get(""), HasSubstr(R"(,"pos":2})"));
  EXPECT_GE(fake.looks, 4);
}

TEST_F(HttpHistoryTest, WaitsNoLongerThanAMoment) {
  fake.comes_up_after = 1'000'000;
  fake.behind = 1;
  EXPECT_THAT(get(""), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(R"(,"pos":1})")));
  EXPECT_THAT(get(one), StartsWith("HTTP/1.1 200 "));
  // What has not come into it yet is not gone.
  const auto absent = get("/02000000-0000-0000-0000-000000000000");
  EXPECT_THAT(absent, AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("STORAGE_UNAVAILABLE")));
}

TEST_F(HttpHistoryTest, WhatIsNotThereIsNotFound) {
  for (const auto* target : {"", "/events"}) {
    const std::string absent = "/02000000-0000-0000-0000-000000000000";
    EXPECT_THAT(get(absent + target), StartsWith("HTTP/1.1 404 ")) << target;
    EXPECT_THAT(get(one + target, "bob"), StartsWith("HTTP/1.1 404 ")) << "took no part";
    EXPECT_THAT(get(one + target, "t2:ann"), StartsWith("HTTP/1.1 404 ")) << "another tenant's";
    EXPECT_THAT(get("/no-uuid" + std::string(target)), StartsWith("HTTP/1.1 400 "));
  }
  EXPECT_THAT(get(one + "/others"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get(one + "/events?after=x"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpHistoryTest, AUserIsShownItsOwnCallsOnly) {
  EXPECT_THAT(get("?state=MISSED&limit=7"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(fake.asked_for.user.view(), "ann");
  EXPECT_EQ(fake.asked_for.tenant.view(), "t1");
  EXPECT_EQ(fake.asked_for.status, history::Status::missed);
  EXPECT_EQ(fake.asked_for.limit, 7U);
  EXPECT_THAT(get("?user=ann"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get("?user=bob"), AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("FORBIDDEN")));
  EXPECT_THAT(get("?user=bob", "ann!"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(get("", ""), StartsWith("HTTP/1.1 401 "));
}

TEST_F(HttpHistoryTest, PagesTheEventsAndLeavesOutWhatWasNotApplied) {
  const auto first = get(one + "/events?limit=1");
  EXPECT_THAT(first, AllOf(HasSubstr("CALL_STARTED"), HasSubstr(R"("next":1,)")));
  const auto second = get(one + "/events?limit=1&after=1");
  EXPECT_THAT(second, HasSubstr(R"({"events":[],"next":null,)")) << "the second was refused";
}

TEST_F(HttpHistoryTest, ShowsNothingOfAnotherCallOrTenantWhereverTheHistoryPoints) {
  auto of_another_call = event_log.at(1);
  of_another_call.call.bytes[15] = 0xee;
  of_another_call.actor.user = call::user("mallory");
  auto of_another_tenant = event_log.at(1);
  of_another_tenant.stream.tenant = call::TenantId::clipped("t2");
  of_another_tenant.actor.user = call::user("trudy");
  record_all({of_another_call, of_another_tenant});
  fake.comes_up_to = 4;
  const auto events = get(one + "/events");
  EXPECT_THAT(events, AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("alice"),
                            HasSubstr(R"(],"next":null,"pos":4})")));
  EXPECT_THAT(events, testing::Not(HasSubstr("mallory")));
  EXPECT_THAT(events, testing::Not(HasSubstr("trudy")));
}

TEST_F(HttpHistoryTest, SaysWhenItCannotBeRead) {
  fake.broken = true;
  for (const auto& target : {std::string(), one, one + "/events"}) {
    EXPECT_THAT(get(target), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("STORAGE_UNAVAILABLE"),
                                   testing::Not(HasSubstr("broken"))));
  }
  EXPECT_TRUE(logged("the history of calls cannot be read: it is broken"));
}

TEST_F(HttpHistoryTest, SaysWhenThereIsNone) {
  history = nullptr;
  for (const auto& target : {std::string(), one, one + "/events"})
    EXPECT_THAT(get(target), AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("--no-index")));
}

}  // namespace
}  // namespace callstate::transports
