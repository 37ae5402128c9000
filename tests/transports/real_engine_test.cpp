#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/engine/fanout.hpp"
#include "core/engine/system.hpp"
#include "server_fixture.hpp"
#include "support/stand_ins.hpp"

// The server before the real engine and a log in memory: what depends on what the log
// holds, and on how it is read.

namespace callstate::transports {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Counts what is read of the log.
class CountingLog final : public engine::LogReader {
 public:
  explicit CountingLog(const engine::LogReader& log) : log_(log) {}
  [[nodiscard]] call::Position head() const override { return log_.head(); }
  [[nodiscard]] call::Position first() const override { return log_.first(); }
  std::expected<void, engine::Failure> read(call::Position from, call::Position to,
                                            const Each& each) const override {
    return log_.read(from, to, [&](const call::Record& record, const engine::RecordHash& hash) {
      ++read_;
      return each(record, hash);
    });
  }
  [[nodiscard]] std::size_t records_read() const { return read_; }

 private:
  const engine::LogReader& log_;
  mutable std::atomic<std::size_t> read_ = 0;
};

struct RealEngineTest : testing::Test {
  RealEngineTest() { settings.sweep_interval = std::chrono::milliseconds(5); }
  ~RealEngineTest() override { stop(); }

  void start() {
    fanout = std::make_unique<engine::Fanout>();
    engine = std::make_unique<engine::Engine>(engine::Settings{}, clock, ids, log, log, snapshots,
                                              *fanout);
    ASSERT_TRUE(engine->start([](const engine::Failure& failure) { FAIL() << failure.message; }));
    reader = std::make_unique<CountingLog>(log);
    server = std::make_unique<Server>(
        settings,
        ServerPorts{
            *engine, engine->mailbox(), *reader, authenticator, {}, nullptr, nullptr, {}, {}});
    fanout->add(*server);
    const auto bound = server->listen("127.0.0.1", 0);
    ASSERT_TRUE(bound) << bound.error();
    port = *bound;
    server->start();
  }
  void stop() {
    if (server) server->stop();
    if (engine) engine->stop();
    server.reset();
    engine.reset();
  }
  /// What a user says in the room r1, by HTTP's way.
  void say(std::string_view user, call::MessageBody body) {
    engine::Requester by;
    by.reply_to = engine::make_session_id(999, 1);  // nobody's
    by.sender.tenant = call::TenantId::clipped("t1");
    by.sender.user = call::UserId::clipped(user);
    call::Message message;
    message.room = *call::parse_room_name("r1");
    message.body = std::move(body);
    ASSERT_TRUE(engine->submit(
        engine::Request{std::make_shared<const engine::Requester>(by), std::move(message)}));
  }
  void start_call() { say("ann", call::StartCall{{call::UserId::clipped("bob")}, {}, {}, {}}); }

  std::string get(std::string_view target, std::string_view fields = {}) {
    RawClient client(port);
    client.write(request(target, fields));
    return client.read_to_end();
  }
  static std::string request(std::string_view target, std::string_view fields = {}) {
    return std::string("GET ").append(target).append(
               " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer bob\r\n") +
           std::string(fields) + "\r\n";
  }
  static std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
  }

  ServerSettings settings;
  engine::SystemClock clock;
  support::SeededIds ids;
  support::MemoryLog log;
  support::MemorySnapshots snapshots;
  FakeAuthenticator authenticator;
  std::unique_ptr<engine::Fanout> fanout;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<CountingLog> reader;
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
};

struct ExpiredCursorTest : RealEngineTest {
  // A call rings, and the log's first records are gone.
  void SetUp() override {
    start();
    start_call();
    stop();
    log.set_first(3);
    start();
  }
  /// The error, the state and the invitation, in this order and nothing else before them.
  static void expect_the_present(std::string_view text) {
    const auto error = text.find(R"("code":"CURSOR_EXPIRED")");
    const auto state = text.find(R"("type":"ROOM_STATE")");
    const auto invitation = text.find(R"("type":"CALL_STARTED")");
    ASSERT_NE(error, text.npos) << text;
    ASSERT_NE(state, text.npos) << text;
    ASSERT_NE(invitation, text.npos) << text;
    EXPECT_LT(error, state);
    EXPECT_LT(state, invitation);
    EXPECT_EQ(count(text, R"("type":)"), 3U) << text;
    EXPECT_THAT(std::string(text), HasSubstr(R"("callState":"RINGING")"));
  }
};

TEST_F(ExpiredCursorTest, OfAPollIsToldAtOnceBeforeThePresent) {
  const auto answer = get("/v1/messages?since=1&wait=55");
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 "));
  expect_the_present(answer);
  const auto cursor = answer.find(R"("cursor":)");
  ASSERT_NE(cursor, answer.npos);
  EXPECT_GE(std::stoull(answer.substr(cursor + 9)), 3U) << "and with it there is no error again";
}

TEST_F(ExpiredCursorTest, OfAPollOfARoomNamesTheRoom) {
  const auto answer = get("/v1/messages?since=0&room=r1");
  EXPECT_THAT(answer, HasSubstr(R"("code":"CURSOR_EXPIRED")"));
  EXPECT_LT(answer.find("CURSOR_EXPIRED"), answer.find("ROOM_STATE"));
}

TEST_F(ExpiredCursorTest, OfAStreamIsToldBeforeThePresent) {
  for (const auto& [target, fields] :
       {std::pair("/v1/stream?since=1", ""), {"/v1/stream", "Last-Event-ID: 1\r\n"}}) {
    RawClient client(port);
    client.write(request(target, fields));
    const auto heard = client.read_until("\n\nid: ");
    EXPECT_THAT(heard, HasSubstr("text/event-stream"));
    expect_the_present(heard.substr(heard.find("\r\n\r\n")));
    EXPECT_GE(std::stoull(client.read_until("\n")), 3U) << "from where it goes on";
  }
}

TEST_F(ExpiredCursorTest, OfASessionIsToldBeforeThePresent) {
  for (const auto* target : {"/v1/ws?token=bob&since=1", "/party/r1?token=bob&since=0"}) {
    TestClient client(port, target);
    std::string heard;
    for (int i = 0; i < 3; ++i) heard += client.read().value_or("");
    expect_the_present(heard);
    client.send(R"({"type":"PING"})");
    EXPECT_EQ(client.read(), R"({"type":"PONG"})") << "and nothing else came";
  }
}

TEST_F(ExpiredCursorTest, OfAJoinIsToldBeforeTheState) {
  TestClient client(port, "/v1/ws?token=cid");
  client.send(R"({"type":"JOIN","roomName":"r1","since":0,"id":"j"})");
  EXPECT_THAT(client.read().value_or(""), HasSubstr(R"("type":"ACK")"));
  EXPECT_THAT(client.read().value_or(""), HasSubstr("CURSOR_EXPIRED"));
  EXPECT_THAT(client.read().value_or(""), HasSubstr("ROOM_STATE"));
}

TEST_F(ExpiredCursorTest, IsNotOneAfterWhichNothingIsMissing) {
  EXPECT_THAT(get("/v1/messages?since=2"),
              AllOf(HasSubstr(R"("cursor":)"), Not(HasSubstr("CURSOR_EXPIRED"))));
  TestClient client(port, "/party/r1?token=bob&since=2");
  EXPECT_THAT(client.read().value_or(""), HasSubstr("ROOM_STATE"));
}

TEST_F(RealEngineTest, WhatAUserReadsIsLimitedByItself) {
  settings.websocket.messages = {.per_second = 0.5, .burst = 5};
  start();
  const std::vector<std::string> paths = {"/v1/messages", "/v1/messages?since=0", "/v1/stream",
                                          "/v1/rooms/r1/state", "/v1/users/bob/presence"};
  for (const auto& path : paths) {
    RawClient client(port);
    client.write(request(path));
    EXPECT_THAT(client.read_until("\r\n\r\n"), Not(HasSubstr(" 429 "))) << path;
  }
  for (const auto& path : paths)
    EXPECT_THAT(get(path), AllOf(HasSubstr(" 429 "), HasSubstr("RATE_LIMITED"),
                                 HasSubstr("Retry-After: 2\r\n"), HasSubstr("retryAfterMs")))
        << path;
  EXPECT_THAT(get("/v1/calls"), HasSubstr(" 429 "));
  EXPECT_EQ(server->metrics().too_many_reads, 6U);
  // Neither what it says, nor what others read.
  RawClient client(port);
  const std::string ping = R"({"type":"PING"})";
  client.write("POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer bob\r\n" +
               ("Content-Length: " + std::to_string(ping.size())) + "\r\n\r\n" + ping);
  EXPECT_THAT(client.read_until("PONG"), HasSubstr(" 200 "));
  client.write("GET /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\n\r\n");
  EXPECT_THAT(client.read_until("cursor"), HasSubstr(" 200 "));
}

TEST_F(RealEngineTest, APollWaitsNoLongerThanItsTokenIsGood) {
  start();
  RawClient client(port);
  client.write(
      "GET /v1/messages?since=1&wait=55&device=d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      "Authorization: Bearer bob@200\r\n\r\n");
  const auto answer = client.read_to_end();  // within ten seconds
  EXPECT_THAT(answer, HasSubstr(" 200 "));
  EXPECT_THAT(answer, HasSubstr(R"("cursor":)"));
}

/// A connected call in which ann has sent bob many long signals.
struct LongMailTest : RealEngineTest {
  static constexpr std::size_t signals = 400;
  static constexpr std::size_t page_bytes = 256UL * 1024;

  void SetUp() override {
    settings.send_buffer_bytes = 16 * 1024;
    settings.polls_per_user_max = 3;
    start();
    start_call();
    say("bob", call::Accept{});
    const std::string data = R"({"sdp":")" + std::string(8'000, 'x') + R"("})";
    for (std::size_t i = 0; i < signals; ++i)
      say("ann", call::Signal{call::UserId::clipped("bob"), data});
    ASSERT_THAT(get("/v1/rooms/r1/state"), HasSubstr("CONNECTED"));  // all of it is durable
  }
  static std::string cursor_of(std::string_view answer) {
    const auto at = answer.rfind(R"("cursor":)");
    return at == answer.npos ? std::string() : std::string(answer.substr(at + 9));
  }
  static bool becomes(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return holds();
  }
};

TEST_F(LongMailTest, ComesInPagesOfBoundedSizeAndTheCursorGoesOn) {
  std::size_t heard = 0;
  std::size_t pages = 0;
  for (std::string cursor = "0"; heard < signals; ++pages) {
    const auto before = reader->records_read();
    const auto answer = get("/v1/messages?room=r1&since=" + cursor);
    const auto events = count(answer, R"("type":")");
    ASSERT_GT(events, 0U);
    EXPECT_LE(answer.size(), page_bytes + 10'000);
    EXPECT_LE(reader->records_read() - before, events + 1) << "what is not sent is not read";
    heard += count(answer, R"("type":"SIGNAL")");
    cursor = cursor_of(answer);
    cursor.pop_back();
  }
  EXPECT_EQ(heard, signals);
  EXPECT_GT(pages, signals * 8'000 / page_bytes);
}

TEST_F(LongMailTest, OfAnyLengthComesAtLeastOneByOne) {
  const auto answer = get("/v1/messages?room=r1&since=10&limit=1");
  EXPECT_EQ(count(answer, R"("type":)"), 1U);
}

TEST_F(LongMailTest, AStreamHoldsABoundedPageWhateverItsLimit) {
  RawClient slow(port);
  const auto before = reader->records_read();
  slow.write(request("/v1/stream?since=0&room=r1&limit=1000"));
  EXPECT_THAT(slow.read(12), "HTTP/1.1 200");
  EXPECT_LE(reader->records_read() - before, 2 * page_bytes / 8'000);
}

TEST_F(LongMailTest, UnreadAnswersOfOneUserAreAsManyAsItMayHavePollsAtOnce) {
  const auto target = "/v1/messages?since=0&room=r1&device=";
  std::vector<std::unique_ptr<RawClient>> unread;
  for (std::size_t i = 0; i < settings.polls_per_user_max; ++i) {
    unread.push_back(std::make_unique<RawClient>(port));
    unread.back()->write(request(target + std::string("one")));
    EXPECT_THAT(unread.back()->read(12), "HTTP/1.1 200");
  }
  for (const auto* path : {"/v1/messages?since=0&device=one", "/v1/messages", "/v1/stream"}) {
    const auto refused = get(path);
    EXPECT_THAT(refused, AllOf(HasSubstr(" 429 "), HasSubstr("RATE_LIMITED"),
                               HasSubstr("polls and streams"), Not(HasSubstr("Retry-After"))));
  }
  EXPECT_EQ(server->metrics().too_many_polls, 3U);
  EXPECT_THAT(get("/v1/rooms/r1/state"), HasSubstr(" 200 "));
  // One that is taken, and one whose client has gone, make room.
  EXPECT_THAT(unread.back()->read_to_end(), HasSubstr(R"("cursor":)"));
  EXPECT_THAT(get("/v1/messages"), HasSubstr(" 200 "));
  RawClient third(port);
  third.write(request(target + std::string("two")));
  EXPECT_THAT(third.read(12), "HTTP/1.1 200");
  EXPECT_THAT(get("/v1/messages"), HasSubstr(" 429 "));
  unread.clear();
  EXPECT_TRUE(becomes([this] { return server->connections() == 1; }));
  EXPECT_THAT(get("/v1/messages"), HasSubstr(" 200 "));
}

TEST_F(LongMailTest, WhoHangsUpWhileItWaitsIsNotCountedAnyMore) {
  const auto head = get("/v1/messages");
  auto cursor = cursor_of(head);
  cursor.pop_back();
  const auto wait = "/v1/messages?wait=55&since=" + cursor;
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (const auto& path : {wait, wait, std::string("/v1/stream?since=" + cursor)}) {
    waiting.push_back(std::make_unique<RawClient>(port));
    waiting.back()->write(request(path));
  }
  ASSERT_TRUE(becomes([this] { return engine->mailbox().watches() == 3; }));
  EXPECT_THAT(get("/v1/messages"), HasSubstr(" 429 "));
  waiting.clear();
  EXPECT_TRUE(becomes([this] { return server->connections() == 0; }));
  EXPECT_EQ(engine->mailbox().watches(), 0U);
  EXPECT_THAT(get("/v1/messages"), HasSubstr(" 200 "));
}

// What a stream sends is read a page at a time, each once the one before has gone: a
// client that does not read costs a page, and not for long.
TEST_F(RealEngineTest, AStreamThatIsNotReadIsDroppedAndHoldsAPageAtMost) {
  constexpr std::size_t page = 64;
  constexpr std::size_t signals = 1000;
  settings.request_timeout = std::chrono::milliseconds(100);
  settings.send_buffer_bytes = 16 * 1024;
  start();
  start_call();
  say("bob", call::Accept{});
  const std::string data = R"({"sdp":")" + std::string(7'000, 'x') + R"("})";
  for (std::size_t i = 0; i < signals; ++i)
    say("ann", call::Signal{call::UserId::clipped("bob"), data});
  ASSERT_THAT(get("/v1/rooms/r1/state"), HasSubstr("CONNECTED"));  // all of it is durable

  RawClient slow(port);
  slow.write(request("/v1/stream?since=0&room=r1"));
  // It has begun, and meanwhile others are answered.
  EXPECT_THAT(slow.read(12), "HTTP/1.1 200");
  EXPECT_THAT(get("/healthz"), HasSubstr(" 200 "));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (server->connections() != 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  ASSERT_EQ(server->connections(), 0U) << "it is not dropped";
  const auto read = reader->records_read();
  const auto written = count(slow.read_to_end(), R"("type":)");
  EXPECT_LT(read, signals) << "all was read for a client that reads nothing";
  EXPECT_LE(read, written + page);
}

}  // namespace
}  // namespace callstate::transports
