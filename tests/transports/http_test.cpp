#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_fixture.hpp"
#include "transports/http.hpp"

namespace callstate::transports {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct HttpTest : ServerFixture {
  // One request on a connection of its own, to its end.
  std::string ask(std::string_view head, std::string_view body = {}) {
    if (!server) start();
    RawClient client(port);
    std::string request(head);
    request += " HTTP/1.1\r\nHost: x\r\n";
    if (fields.find("Connection: ") == std::string::npos) request += "Connection: close\r\n";
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.write(request + fields + "\r\n" + std::string(body));
    return client.read_to_end();
  }
  std::string fields;
};

TEST_F(HttpTest, SaysWhetherItLivesAndIsReady) {
  EXPECT_THAT(ask("GET /healthz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("GET /readyz"), StartsWith("HTTP/1.1 200 "));
  ready = false;
  EXPECT_THAT(ask("GET /readyz"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(ask("GET /healthz"), EndsWith("ok"));
}

TEST_F(HttpTest, AnswersProblems) {
  const auto absent = ask("GET /nothing");
  EXPECT_THAT(absent, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(absent, HasSubstr("application/problem+json"));
  EXPECT_THAT(absent, HasSubstr(R"("status":404)"));
  EXPECT_THAT(ask("POST /healthz"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("GET /party/r1"), StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(ask("GET http:"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpTest, RefusesBadUpgrades) {
  fields =
      "Upgrade: websocket\r\nConnection: close, Upgrade\r\nSec-WebSocket-Version: 8\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_THAT(ask("GET /v1/ws"), StartsWith("HTTP/1.1 426 "));
  fields =
      "Upgrade: websocket\r\nConnection: close, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: short\r\n";
  EXPECT_THAT(ask("GET /v1/ws"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET /elsewhere"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpTest, KeepsAConnectionAlive) {
  start();
  RawClient client(port);
  for (int i = 0; i < 3; ++i) {
    client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_until("ok"), StartsWith("HTTP/1.1 200 "));
  }
  // Pipelined.
  client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  client.read_until("\r\n\r\nok");
  client.read_until("\r\n\r\nok");
}

TEST_F(HttpTest, HeadIsAnsweredLikeGetWithoutABody) {
  start();
  RawClient client(port);
  for (const auto* path : {"/healthz", "/readyz", "/nothing", "/party/r1"}) {
    client.write(std::string("HEAD ") + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_until("\r\n\r\n"),
                AllOf(StartsWith("HTTP/1.1 "), HasSubstr("Content-Length: ")));
  }
  EXPECT_THAT(
      ask("HEAD /healthz"),
      AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Length: 2\r\n"), EndsWith("\r\n\r\n")));
  fields = "Transfer-Encoding: gzip\r\n";
  EXPECT_THAT(ask("HEAD /healthz"), AllOf(StartsWith("HTTP/1.1 400 "), EndsWith("\r\n\r\n")));
}

TEST_F(HttpTest, TakesNoTransferEncodingButChunked) {
  start();
  for (const auto* coding : {"xchunked", "chunked, gzip", "identity"}) {
    RawClient client(port);
    client.write(std::string("GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ") + coding +
                 "\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto answer = client.read_to_end();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(answer, testing::Not(HasSubstr("200 OK"))) << "the body was taken for a request";
  }
  RawClient client(port);
  client.write(
      "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpTest, HandsTheRestToTheHandler) {
  handler = [](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (request.path == "/boom") throw std::runtime_error("boom");
    if (request.path != "/echo me") return std::nullopt;
    const auto who = request.identity ? request.identity->user.view() : "nobody";
    return HttpResponse{201, "text/plain",
                        request.method + ' ' + std::string(request.parameter("a")) + ' ' +
                            std::string(request.field("x-device-id")) + ' ' + request.body + ' ' +
                            std::string(who)};
  };
  fields = "Authorization: Bearer anna\r\nX-Device-Id: tab\r\n";
  const auto answer = ask("PUT /echo%20me?a=1", "body");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 "));
  EXPECT_THAT(answer, HasSubstr("PUT 1 tab body anna"));
  fields = "Authorization: Bearer bad\r\n";
  EXPECT_THAT(ask("GET /echo%20me"), HasSubstr("nobody"));
  EXPECT_THAT(ask("GET /nothing"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("GET /boom"), StartsWith("HTTP/1.1 500 "));
}

// A body is memory, and so what the head decides is answered before it comes.
TEST_F(HttpTest, ReadsNoBodyOfAStranger) {
  std::atomic<int> bodies = 0;
  handler = [&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!request.body.empty()) ++bodies;
    if (request.path != "/mine") return std::nullopt;
    return request.identity ? HttpResponse{201, "text/plain", request.body} : problem(401, {}, {});
  };
  start();
  const auto answer = [this](std::string_view line, std::string_view more) {
    RawClient client(port);
    client.write(std::string(line) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more));
    const auto head = client.read_until("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("Connection: close\r\n")) << line;
    return head;
  };
  for (const auto* more :
       {"Content-Length: 60000\r\n\r\nbegun", "Transfer-Encoding: chunked\r\n\r\n",
        "Expect: 100-continue\r\nContent-Length: 60000\r\n\r\n"}) {
    EXPECT_THAT(answer("POST /nothing", more), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(answer("POST /healthz", more), StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(answer("GET /healthz", more), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(answer("POST /v1/ws", more), StartsWith("HTTP/1.1 426 "));
    EXPECT_THAT(answer("POST /mine", more), StartsWith("HTTP/1.1 401 "));
    EXPECT_THAT(answer("POST /mine?token=bad", more), StartsWith("HTTP/1.1 401 "));
    EXPECT_THAT(answer("POST nowhere", more), StartsWith("HTTP/1.1 400 "));
  }
  EXPECT_EQ(bodies, 0);
  fields = "Authorization: Bearer anna\r\n";
  EXPECT_THAT(ask("POST /mine", "all of it"), EndsWith("all of it"));
}

TEST_F(HttpTest, ReadsABodyInWhateverPiecesItComes) {
  handler = [](const HttpRequest& request) {
    return HttpResponse{200, "text/plain", request.body};
  };
  start();
  const std::string head = "POST /mine HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna\r\n";
  const std::string long_body(60'000, 'b');
  RawClient client(port);
  client.write(head + "Transfer-Encoding: chunked\r\n\r\n");
  for (const char c : std::string_view("4;x=y\r\nall \r\n5\r\nof it\r\n0\r\nX: y\r\n\r\n"))
    client.write({&c, 1});
  EXPECT_THAT(client.read_until("of it"), EndsWith("\r\n\r\nall of it"));
  client.write(head + "Expect: 100-continue\r\nContent-Length: 60000\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  client.write(long_body);
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(client.read(long_body.size()), long_body);
  // A chunk's own head is bounded too.
  client.write(head + "Transfer-Encoding: chunked\r\n\r\n4;" + std::string(70'000, 'x'));
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 4"));
}

TEST_F(HttpTest, AnAnswerReachesWhoHasNotSentAllYet) {
  start();
  RawClient client(port);
  client.write("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n");
  EXPECT_THAT(client.read_until("405"), StartsWith("HTTP/1.1 "));
  for (int i = 0; i < 10; ++i) client.write(std::string(6000, 'b'));
  EXPECT_THAT(client.read_to_end(), EndsWith("}")) << "and no reset";
}

TEST_F(HttpTest, ABlockedHandlerHoldsUpNobodyElse) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  handler = [&](const HttpRequest&) {
    const std::scoped_lock wait(mutex);
    return HttpResponse{200, "text/plain", "done"};
  };
  settings.io_threads = 1;
  start();
  RawClient slow(port);
  slow.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(ask("GET /healthz"), StartsWith("HTTP/1.1 200 "));
  lock.unlock();
  EXPECT_THAT(slow.read_until("done"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpTest, AFullInboxIsAnsweredOnEveryPathThatNeedsTheEngine) {
  handler = [](const HttpRequest&) { return HttpResponse{200, "text/plain", "reached"}; };
  start();
  engine.set_full(true);
  fields = "Authorization: Bearer anna\r\n";
  const auto overloaded = AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("application/problem+json"),
                                HasSubstr(R"("code":"OVERLOADED")"));
  for (const auto* line :
       {"GET /v1/messages", "GET /v1/messages?since=0&wait=55", "GET /v1/stream",
        "GET /v1/rooms/r1/state", "GET /v1/users/ben/presence", "POST /v1/users/ben/revoke",
        "POST /voip/r1/ringing", "POST /voip/r1/accept", "POST /voip/r1/reject",
        "POST /voip/r1/end", "POST /v1/checkpoints"})
    EXPECT_THAT(ask(line), overloaded) << line;
  EXPECT_THAT(ask("POST /voip/start", R"({"calleeId":"ben"})"), overloaded);
  const auto single = ask("POST /v1/messages", R"({"type":"ENDED","roomName":"r1","id":"m1"})");
  EXPECT_THAT(single, overloaded);
  EXPECT_THAT(single, HasSubstr(R"("id":"m1")"));
  const auto results =
      ask("POST /v1/messages", R"([{"type":"ENDED","roomName":"r1","id":"m1"},{"type":"PING"}])");
  EXPECT_THAT(results, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(results, HasSubstr(R"("code":"OVERLOADED")"));
  EXPECT_THAT(results, HasSubstr(R"("id":"m1")"));
  EXPECT_THAT(results, HasSubstr(R"("type":"PONG")"));
  EXPECT_THAT(ask("HEAD /v1/stream"), StartsWith("HTTP/1.1 503 "));
  engine.set_full(false);
  EXPECT_THAT(ask("POST /v1/checkpoints"), EndsWith("reached"));
}

TEST_F(HttpTest, BoundsHeadAndBody) {
  fields = "X-Long: " + std::string(http_head_bytes_max, 'x') + "\r\n";
  EXPECT_THAT(ask("GET /healthz"), StartsWith("HTTP/1.1 431 "));
  fields = "Content-Length: 70000\r\n";
  EXPECT_THAT(ask("POST /x"), StartsWith("HTTP/1.1 413 "));
  fields = "not a field\r\n";
  EXPECT_THAT(ask("GET /healthz"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpTest, BoundsAHeadOfShortLinesThatComeOneByOne) {
  start();
  RawClient client(port);
  // What is read at once ends with a line's first byte: the parser takes all
  // lines before it, and does not count them.
  std::string head = "GET /healthz?12 HTTP/1.1\r\nHost: x\r\n";
  ASSERT_EQ(head.size() % 4, 3U);
  while (head.size() < 4 * http_head_bytes_max) head += "X:\r\n";
  client.write(head);
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpTest, RefusesAHeadThatOthersCouldReadOtherwise) {
  start();
  const auto answer = [this](std::string_view head) {
    RawClient client(port);
    client.write(std::string(head) + "Connection: close\r\n\r\n");
    return client.read_to_end();
  };
  for (const auto* head : {
           "GET /healthz HTTP/1.1\r\n",
           "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n",
           "GET /healthz HTTP/1.0\r\nHost: x\r\nHost: y\r\n",
           "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Folded: a\r\n b\r\n",
           "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Folded:\r\n\tb\r\n",
           "GET /healthz HTTP/1.1\r\n Host: x\r\n",
       })
    EXPECT_THAT(answer(head), StartsWith("HTTP/1.1 400 ")) << head;
  EXPECT_THAT(answer("GET /healthz HTTP/1.0\r\n"), HasSubstr(" 200 ")) << "has no Host";
  EXPECT_THAT(answer("GET http://x/healthz HTTP/1.1\r\nHost: x\r\n"), HasSubstr(" 200 "));
}

TEST_F(HttpTest, ASlowSenderIsToldThatItsTimeIsOver) {
  settings.head_timeout = settings.request_timeout = std::chrono::milliseconds(30);
  start();
  const auto told = AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("Connection: close\r\n"),
                          HasSubstr("application/problem+json"), HasSubstr(R"("status":408)"));
  const std::string post = "POST /mine HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna\r\n";
  for (const auto& part :
       {std::string("GET /healthz HTTP/1.1\r\nX-Slow: "), std::string("G"),
        post + "Content-Length: 5\r\n\r\nbod", post + "Content-Length: 5\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\n\r\n3\r\nbo"}) {
    RawClient client(port);
    client.write(part);
    EXPECT_THAT(client.read_to_end(), told) << part;
  }
}

TEST_F(HttpTest, WhoHasNotBegunARequestIsDroppedUnanswered) {
  settings.head_timeout = settings.keep_alive_timeout = std::chrono::milliseconds(30);
  start();
  RawClient mute(port);
  EXPECT_EQ(mute.read_to_end(), "");
  RawClient idle(port);
  idle.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(idle.read_to_end(), EndsWith("\r\n\r\nok"));
}

TEST_F(HttpTest, ListeningSaysWhatIsWrong) {
  start();
  Server other(
      settings,
      ServerPorts{engine, mailbox, event_log, authenticator, {}, nullptr, nullptr, {}, {}});
  const auto taken = other.listen("127.0.0.1", port);
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error(), HasSubstr("in use"));
  EXPECT_FALSE(other.listen("not an address", 0));
}

}  // namespace
}  // namespace callstate::transports
