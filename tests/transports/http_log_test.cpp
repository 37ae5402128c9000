#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "core/call/world.hpp"
#include "server_fixture.hpp"

namespace callstate::transports {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct HttpLogTest : ServerFixture {
  HttpLogTest() {
    mailbox.restore({1, 2}, 0);
    auto world = call::World::ringing();
    world.send("ann", call::Accept{});  // refused: of no participant
    for (auto& record : world.log) record.stream.tenant = call::TenantId::clipped("t1");
    append(std::move(world.log));
  }
  /// As the engine does it: durable first, then known.
  void append(std::vector<call::Record> records) {
    auto batch = event_log.begin();
    for (auto& record : records) batch->add(record);
    EXPECT_TRUE(event_log.commit(std::move(batch)));
    mailbox.take({}, event_log.head());
  }
  void append(call::Record record) {
    std::vector<call::Record> records;
    records.push_back(std::move(record));
    append(std::move(records));
  }
  static call::Record in_room(std::string_view room, call::Payload payload = call::Ringing{}) {
    call::Record record;
    record.stream = {call::StreamKind::room, call::TenantId::clipped("t1"),
                     call::UserId::clipped(room)};
    record.actor.user = call::UserId::clipped("ann");
    record.payload = std::move(payload);
    return record;
  }
  std::string request(std::string_view target, std::string_view token = "audrey?",
                      std::string_view fields = {}) {
    if (!server) start();
    std::string text("GET /v1/log");
    text.append(target).append(" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    return text.append("Authorization: Bearer ").append(token).append("\r\n").append(fields) +
           "\r\n";
  }
  std::string get(std::string_view target, std::string_view token = "audrey?") {
    const auto text = request(target, token);
    RawClient client(port);
    client.write(text);
    return client.read_to_end();
  }
  /// A stream that has begun; gives the cursor with which it did.
  call::Position begin(RawClient& client, std::string_view text) {
    client.write(text);
    EXPECT_THAT(client.read_until("retry: 1000\n\n"), StartsWith("HTTP/1.1 200 "));
    client.read_until("id: ");
    return std::stoull(client.read_until("\n\n"));
  }
  bool is_idle() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (server->connections() != 0 && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    return server->connections() == 0;
  }
};

TEST_F(HttpLogTest, APageHasWhatTheLogKnowsOfARecord) {
  const auto all = get("");
  EXPECT_THAT(all, AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(R"({"events":[{"type":"CALL_ST)"),
                         HasSubstr(R"("cursor":2,"first":1,"pos":2})")));
  const auto refused = get("?after=1");
  EXPECT_THAT(refused, HasSubstr(R"({"events":[{"type":"ACCEPTED","roomName":"room","seq":1,)"));
  EXPECT_THAT(refused, HasSubstr(R"("outcome":"refused","code":"NOT_PARTICIPANT",)"));
  EXPECT_THAT(refused, HasSubstr(R"("message":"the sender, or whom it was for, is not in the)"));
  EXPECT_THAT(refused, HasSubstr(R"("stream":"room","actor":{"userId":"ann","role":"CRM_USER",)"
                                 R"("deviceId":"phone"}})"));
}

TEST_F(HttpLogTest, PagesGoOnWhereTheOneBeforeEnded) {
  EXPECT_THAT(get("?limit=1"), HasSubstr(R"("cursor":1,"first":1,"pos":2})"));
  EXPECT_THAT(get("?limit=1&after=1"), HasSubstr(R"("cursor":2,"first":1,"pos":2})"));
  EXPECT_THAT(get("?after=2"), HasSubstr(R"({"events":[],"cursor":2,"first":1,"pos":2})"));
  EXPECT_THAT(get("?last=1"), HasSubstr(R"({"events":[{"type":"ACCEPTED")"));
  EXPECT_THAT(get("?type=RINGING,ENDED"), HasSubstr(R"({"events":[],"cursor":2)"));
}

TEST_F(HttpLogTest, APageIsBoundedByItsBytesToo) {
  for (int i = 0; i < 100; ++i) {
    append(in_room("r", call::Signaled{.to = call::UserId::clipped("bob"),
                                       .data = R"({"x":")" + std::string(7'000, 'x') + "\"}"}));
  }
  const auto page = get("?limit=1000");
  EXPECT_GT(page.size(), 256U * 1024);
  EXPECT_LT(page.size(), 300U * 1024);
  EXPECT_THAT(page, AllOf(Not(HasSubstr(R"("cursor":102,)")), HasSubstr(R"("pos":102})")));
}

TEST_F(HttpLogTest, OnlyAuditorsAndServicesSeeItAndTheirTenantAlone) {
  for (const auto* target : {"", "/stream"}) {
    EXPECT_THAT(get(target, "ann"), AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("FORBIDDEN")));
    EXPECT_THAT(get(target, "ann!"), StartsWith("HTTP/1.1 403 "));
    EXPECT_THAT(get(target, "bad"), StartsWith("HTTP/1.1 401 "));
  }
  EXPECT_THAT(get("", "t2:audrey?"), HasSubstr(R"({"events":[],"cursor":2)"));
}

TEST_F(HttpLogTest, WhatCannotBeReadIsRefusedAndNamed) {
  for (const auto* query : {"after=x", "after=3", "last=0", "last=1001", "limit=0", "room=a%20b",
                            "user=", "call=7", "type=RANG", "type=RINGING,", "outcome=done"}) {
    const std::string name(query, std::string_view(query).find('='));
    for (const std::string path : {"?", "/stream?"}) {
      EXPECT_THAT(get(path + query), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr(name)));
    }
  }
  EXPECT_THAT(get("?after=1&last=1"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpLogTest, ACursorThatIsNoLongerKeptIsToldFromAnEmptyLog) {
  event_log.set_first(2);
  EXPECT_THAT(get("?after=0"), AllOf(StartsWith("HTTP/1.1 410 "), HasSubstr("CURSOR_EXPIRED"),
                                     HasSubstr("it begins with 2")));
  EXPECT_THAT(get(""), HasSubstr(R"("cursor":2,"first":2,"pos":2})")) << "what there is";
  RawClient client(port);
  client.write(request("/stream?after=0"));
  EXPECT_THAT(client.read_until("\n\nid: "), HasSubstr(R"("code":"CURSOR_EXPIRED")"));
  EXPECT_THAT(client.read_until(R"("type":"ACCEPTED")"), Not(HasSubstr("CALL_STARTED")));
}

TEST_F(HttpLogTest, AStreamTellsWhatComesAndFromWhereAReaderGoesOn) {
  const auto text = request("/stream");  // starts it
  RawClient live(port);
  EXPECT_EQ(begin(live, text), 2U) << "what has been is not told";
  append(in_room("r"));
  EXPECT_THAT(live.read_until("\n\n"), StartsWith("id: 3\ndata: {\"type\":\"RINGING\""));
  append(in_room("r", call::Ended{}));
  EXPECT_THAT(live.read_until("\n\n"), StartsWith("id: 4\ndata: {\"type\":\"ENDED\""));

  RawClient again(port);
  EXPECT_EQ(begin(again, request("/stream?last=1", "audrey?", "Last-Event-ID: 3\r\n")), 3U);
  EXPECT_THAT(again.read_until("\n\n"), StartsWith("id: 4\ndata: {\"type\":\"ENDED\""));
  RawClient last(port);
  EXPECT_EQ(begin(last, request("?last=2", "audrey?", "Accept: text/event-stream\r\n")), 2U);
  EXPECT_THAT(last.read_until("\n\n"), StartsWith("id: 3\n"));
}

TEST_F(HttpLogTest, AStreamTellsWhatFitsAndWhereItIsOtherwise) {
  settings.websocket.ping_interval = std::chrono::milliseconds(50);
  const auto text = request("/stream?room=r&type=ENDED");
  RawClient live(port);
  begin(live, text);
  append(in_room("r"));
  append(in_room("s", call::Ended{}));
  live.read_until(":\nid: 4\n\n");
  append(in_room("r", call::Ended{}));
  EXPECT_THAT(live.read_until("data:"), HasSubstr("id: 5\n"));
}

TEST_F(HttpLogTest, StreamsAreBoundedForEachUserAndForAll) {
  settings.log_streams_per_user_max = 1;
  settings.log_streams_max = 2;
  const auto text = request("/stream");
  auto one = std::make_unique<RawClient>(port);
  begin(*one, text);
  EXPECT_THAT(get("/stream"), AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("of this user")));
  auto two = std::make_unique<RawClient>(port);
  begin(*two, request("/stream", "other?"));
  EXPECT_THAT(get("/stream", "third?"), AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("of all")));
  EXPECT_THAT(get("", "third?"), StartsWith("HTTP/1.1 200 ")) << "a page is none";
  one.reset();
  two.reset();
  append(in_room("r"));  // who has gone is found out
  ASSERT_TRUE(is_idle());
  RawClient third(port);
  EXPECT_EQ(begin(third, request("/stream", "third?")), 3U);
}

TEST_F(HttpLogTest, AReaderThatIsTooSlowIsDroppedAndHoldsUpNobody) {
  settings.request_timeout = std::chrono::milliseconds(100);
  settings.send_buffer_bytes = 16 * 1024;
  std::vector<call::Record> records;
  for (int i = 0; i < 2'000; ++i) {
    records.push_back(
        in_room("r", call::Signaled{.to = call::UserId::clipped("bob"),
                                    .data = R"({"x":")" + std::string(7'000, 'x') + "\"}"}));
  }
  append(std::move(records));
  const auto text = request("/stream?after=0");
  RawClient slow(port);
  slow.write(text);
  EXPECT_THAT(slow.read(12), "HTTP/1.1 200");
  EXPECT_THAT(get("?last=1"), StartsWith("HTTP/1.1 200 "));
  ASSERT_TRUE(is_idle()) << "it is not dropped";
  EXPECT_LT(slow.read_to_end().size(), 8U * 1024 * 1024) << "all was read for it";
}

TEST_F(HttpLogTest, AStreamEndsWithItsToken) {
  settings.websocket.ping_interval = std::chrono::seconds(60);
  const auto text = request("/stream", "audrey@200?");
  RawClient client(port);
  begin(client, text);
  client.read_to_end();
}

TEST_F(HttpLogTest, ADrainEndsStreams) {
  const auto text = request("/stream");
  RawClient client(port);
  begin(client, text);
  server->drain(std::chrono::seconds(10));
  client.read_to_end();
}

}  // namespace
}  // namespace callstate::transports
