// Users who come from a directory: everywhere a token is brought. Tokens that begin with
// a colon say no tenant.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "client_frame.hpp"
#include "fake_directory.hpp"
#include "server_fixture.hpp"

namespace callstate::transports {
namespace {

using engine::Directory;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = AuthFailure::Kind;

constexpr std::uint16_t try_later = 1013;
constexpr std::uint16_t unauthenticated = 1008;

struct DirectoryTest : ServerFixture {
  DirectoryTest() {
    directory = &users;
    settings.io_threads = 1;
    handler = [](const HttpRequest& request) -> std::optional<HttpResponse> {
      if (request.path != "/who") return std::nullopt;
      if (!request.identity) return HttpResponse{401, "text/plain", "nobody"};
      const auto& who = *request.identity;
      return HttpResponse{200, "text/plain",
                          std::string(who.tenant.view()) + '/' + std::string(who.user.view()) +
                              '/' + std::string(name_of(who.role)) + '/' + who.name + '.'};
    };
  }

  std::string request(std::string_view token, std::string_view path = "/who") {
    if (!server) start();
    return "GET " + std::string(path) +
           " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " +
           std::string(token) + "\r\n\r\n";
  }
  std::string ask(std::string_view token, std::string_view path = "/who") {
    const auto text = request(token, path);
    RawClient client(port);
    client.write(text);
    return client.read_to_end();
  }
  static std::string upgrade(std::string_view target) {
    return "GET " + std::string(target) +
           " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  }
  static std::string auth(std::string_view token, std::string_view id = "a") {
    return R"({"type":"AUTH","token":")" + std::string(token) + R"(","id":")" + std::string(id) +
           "\"}";
  }
  std::uint64_t failures(Kind kind) {
    return server->metrics().auth_failures[static_cast<std::size_t>(kind)];
  }
  void wait_until_all_have_gone() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (server->connections() > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    EXPECT_EQ(server->connections(), 0U);
  }

  const Directory::Answer unknown = FakeDirectory::refusal(Directory::Refusal::unknown);
  const Directory::Answer away = FakeDirectory::refusal(Directory::Refusal::unavailable);
  FakeDirectory users;
};

TEST_F(DirectoryTest, WhomItHasAtHandIsWhoItSays) {
  users.has("anna", FakeDirectory::profile("acme", call::Role::portal_customer));
  EXPECT_THAT(ask(":anna"), HasSubstr("acme/anna/PORTAL_CUSTOMER/Of the directory."));
  auto client = connect("/party/r1?token=:anna");
  const auto open = opened();
  EXPECT_EQ(open.sender.tenant.view(), "acme");
  EXPECT_EQ(open.sender.role, call::Role::portal_customer);
  EXPECT_EQ(open.sender.name, "Of the directory");
  EXPECT_EQ(users.asked(), 0U);
}

TEST_F(DirectoryTest, WhomItHasNotAtHandIsAskedForEverywhere) {
  users.says("anna", FakeDirectory::profile("acme"));
  for (const auto* path :
       {"/party/r1?token=:anna", "/parties/p/r1?token=:anna", "/v1/ws?token=:anna"}) {
    auto client = connect(path);
    EXPECT_EQ(opened(users.asked() - 1).sender.tenant.view(), "acme") << path;
  }
  auto by_message = connect("/v1/ws");
  by_message.send(auth(":anna"));
  EXPECT_THAT(by_message.read().value_or(""), HasSubstr(R"("type":"ACK","id":"a")"));
  EXPECT_EQ(users.asked(), 4U);
  EXPECT_THAT(ask(":anna"), HasSubstr("acme/anna/CRM_USER"));
  EXPECT_EQ(users.asked(), 5U);
}

TEST_F(DirectoryTest, BackEndsAreTakenByTheirClaims) {
  EXPECT_THAT(ask("t1:crm$"), HasSubstr("t1/crm/SERVICE/."));
  EXPECT_EQ(users.asked(), 0U);
}

TEST_F(DirectoryTest, ATenantThatTheTokenSaysMustBeTheDirectorys) {
  users.says("anna", FakeDirectory::profile("t1"));
  users.has("bert", FakeDirectory::profile("t1"));
  EXPECT_THAT(ask("t1:anna"), HasSubstr("t1/anna"));
  EXPECT_THAT(ask("t2:anna"), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(ask("t2:bert"), StartsWith("HTTP/1.1 401 "));
  EXPECT_EQ(connect("/party/r1?token=t2:anna").code(), unauthenticated);
  EXPECT_EQ(failures(Kind::claims), 3U);
  EXPECT_EQ(engine.count<engine::OpenSession>(), 0U);
}

TEST_F(DirectoryTest, WhomItDoesNotKnowHasFailedToLogIn) {
  settings.failed_authentications = {.per_second = 0.001, .burst = 4};
  users.says("eve", unknown);
  EXPECT_THAT(ask(":eve"), StartsWith("HTTP/1.1 401 "));
  auto client = connect("/party/r1?token=:eve");
  EXPECT_EQ(client.code(), unauthenticated);
  EXPECT_EQ(client.reason(), "Invalid authentication token");
  auto by_message = connect("/v1/ws");
  by_message.send(auth(":eve"));
  EXPECT_EQ(by_message.code(), unauthenticated);
  EXPECT_THAT(ask(":eve", "/v1/messages"), StartsWith("HTTP/1.1 401 "));
  EXPECT_EQ(failures(Kind::user), 4U);
  EXPECT_THAT(ask(":eve"), StartsWith("HTTP/1.1 429 "));
  EXPECT_TRUE(logged("refused: the directory says no"));
}

TEST_F(DirectoryTest, WhoCannotBeToldIsToComeBackAndHasNotFailed) {
  settings.failed_authentications = {.per_second = 0.001, .burst = 1};
  users.says("anna", away);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(
        ask(":anna", "/v1/messages"),
        AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("application/problem+json"),
              HasSubstr("Retry-After: 5\r\n"), HasSubstr(R"("code":"DIRECTORY_UNAVAILABLE")"),
              HasSubstr(R"("retryAfterMs":5000)")));
    auto client = connect("/party/r1?token=:anna");
    EXPECT_THAT(client.read().value_or(""),
                AllOf(HasSubstr(R"("type":"ERROR","code":"DIRECTORY_UNAVAILABLE")"),
                      HasSubstr(R"("retryAfterMs":5000)")));
    EXPECT_EQ(client.code(), try_later);
    auto by_message = connect("/v1/ws");
    by_message.send(auth(":anna"));
    EXPECT_THAT(by_message.read().value_or(""),
                AllOf(HasSubstr("DIRECTORY_UNAVAILABLE"), HasSubstr(R"("id":"a")")));
    EXPECT_EQ(by_message.code(), try_later);
  }
  EXPECT_TRUE(logged("could not be authenticated: the directory says no"));
  users.says("eve", unknown);
  EXPECT_THAT(ask(":eve"), StartsWith("HTTP/1.1 401 ")) << "the first failure of the address";
}

TEST_F(DirectoryTest, WhileOneIsAskedForOthersAreServed) {
  users.has("bert", FakeDirectory::profile());
  start();
  RawClient slow(port);
  slow.write(upgrade("/party/r1?token=:anna"));
  RawClient slow_too(port);
  slow_too.write(request(":anna"));
  ASSERT_TRUE(users.was_asked(2));
  EXPECT_THAT(ask(":bert"), HasSubstr("t1/bert"));
  auto client = connect("/party/r1?token=:bert");
  EXPECT_EQ(opened().sender.user.view(), "bert");
  ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  EXPECT_THAT(slow.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(opened(1).sender.user.view(), "anna");
  EXPECT_THAT(slow_too.read_to_end(), HasSubstr("t1/anna"));
}

TEST_F(DirectoryTest, WhatComesBehindTheFirstAuthWaitsForItsAnswer) {
  start();
  RawClient client(port);
  ASSERT_TRUE(client.upgrade("/v1/ws"));
  client.write(client_frame(0x81, auth(":anna")) +
               client_frame(0x81, R"({"type":"PING","id":"p"})"));
  ASSERT_TRUE(users.was_asked(1));
  client.write(client_frame(0x81, R"({"type":"PING","id":"q"})"));
  ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  const auto heard = client.read_until(R"("id":"q")");
  const auto ack = heard.find(R"("type":"ACK","id":"a")");
  const auto first = heard.find(R"("type":"PONG","id":"p")");
  ASSERT_NE(ack, std::string::npos) << heard;
  ASSERT_NE(first, std::string::npos) << heard;
  EXPECT_LT(ack, first);
}

TEST_F(DirectoryTest, AnAnswerForWhoHasGoneReachesNobody) {
  start();
  {
    auto client = connect("/v1/ws");
    client.send(auth(":anna"));
    ASSERT_TRUE(users.was_asked(1));
  }
  wait_until_all_have_gone();
  {
    RawClient by_path(port);
    by_path.write(upgrade("/party/r1?token=:anna"));
    RawClient by_http(port);
    by_http.write(request(":anna"));
    ASSERT_TRUE(users.was_asked(3));
  }
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  wait_until_all_have_gone();
  EXPECT_EQ(server->metrics().waiting, 0U);
  // A session may have begun for the one whose handshake was being answered; it has ended.
  const auto begun = engine.count<engine::OpenSession>();
  if (begun > 0) {
    EXPECT_TRUE(engine.wait_for<engine::CloseNotice>(begun - 1));
  }
}

TEST_F(DirectoryTest, AnAnswerThatOutlivesTheServerReachesNobody) {
  start();
  RawClient by_path(port);
  by_path.write(upgrade("/party/r1?token=:anna"));
  RawClient by_http(port);
  by_http.write(request(":anna"));
  auto by_message = connect("/v1/ws");
  by_message.send(auth(":anna"));
  ASSERT_TRUE(users.was_asked(3));
  server->stop();
  ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  server.reset();
  ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  ASSERT_TRUE(users.answer(away));
  EXPECT_EQ(engine.count<engine::OpenSession>(), 0U);
}

TEST_F(DirectoryTest, OneThatDoesNotAnswerIsNotWaitedForWithoutEnd) {
  settings.directory_timeout = std::chrono::milliseconds(20);
  users.remembers("bert", FakeDirectory::profile());
  EXPECT_THAT(ask(":anna"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(ask(":bert"), HasSubstr("t1/bert")) << "it is remembered";
  auto client = connect("/v1/ws");
  client.send(auth(":anna"));
  EXPECT_EQ(client.code(), try_later);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  EXPECT_EQ(engine.count<engine::OpenSession>(), 0U);
}

TEST_F(DirectoryTest, AsManyWaitForItAsForAuth) {
  settings.unauthenticated_max = 1;
  start();
  RawClient waits(port);
  waits.write(request(":anna"));
  ASSERT_TRUE(users.was_asked(1));
  EXPECT_THAT(ask(":bert"), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(connect("/party/r1?token=:bert").code(), try_later);
  EXPECT_EQ(server->metrics().waiting, 1U);
  ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  EXPECT_THAT(waits.read_to_end(), HasSubstr("t1/anna"));
  auto by_message = connect("/v1/ws");
  by_message.send(auth(":anna"));
  ASSERT_TRUE(users.answer(FakeDirectory::profile()));
  EXPECT_THAT(by_message.read().value_or(""), HasSubstr("ACK"));
}

/// A session of anna's, whose token is to be renewed by AUTH.
struct RenewedByDirectory : DirectoryTest {
  RenewedByDirectory() {
    users.says("anna", FakeDirectory::profile("acme"));
    start();
    client = std::make_unique<TestClient>(port, "/v1/ws?token=:anna");
    (void)opened();
  }
  std::string renew(const Directory::Answer& answer, std::string_view token = ":anna") {
    users.says("anna", answer);
    client->send(auth(token));
    return client->read().value_or("closed");
  }
  std::unique_ptr<TestClient> client;
};

TEST_F(RenewedByDirectory, TheSameUserGoesOn) {
  EXPECT_THAT(renew(FakeDirectory::profile("acme")), HasSubstr(R"("type":"ACK","id":"a")"));
}

TEST_F(RenewedByDirectory, WhileItIsAwayTheSessionGoesOnWithItsToken) {
  EXPECT_THAT(renew(away), AllOf(HasSubstr(R"("code":"DIRECTORY_UNAVAILABLE")"),
                                 HasSubstr(R"("id":"a")"), HasSubstr("retryAfterMs")));
  EXPECT_THAT(renew(unknown), HasSubstr(R"("code":"UNAUTHENTICATED")"));
  client->send(R"({"type":"PING","id":"p"})");
  EXPECT_THAT(client->read().value_or(""), HasSubstr("PONG"));
}

TEST_F(RenewedByDirectory, WhoHasBecomeSomebodyElseDoesNot) {
  EXPECT_EQ(renew(FakeDirectory::profile("globex")), "closed");
  EXPECT_EQ(client->code(), unauthenticated);
}

TEST_F(RenewedByDirectory, WhoHasAnotherRoleConnectsAnew) {
  EXPECT_EQ(renew(FakeDirectory::profile("acme", call::Role::portal_customer)), "closed");
  EXPECT_EQ(client->code(), unauthenticated);
  EXPECT_EQ(client->reason(), "AUTH is for another role: connect anew");
}

TEST_F(RenewedByDirectory, WhileItIsAskedForMessagesAreTaken) {
  client->send(auth(":carl"));  // of whom nothing is known yet
  ASSERT_TRUE(users.was_asked(2));
  client->send(R"({"type":"PING","id":"p"})");
  EXPECT_THAT(client->read().value_or(""), HasSubstr(R"("type":"PONG","id":"p")"));
  client->send(auth(":anna", "b"));
  EXPECT_THAT(client->read().value_or(""),
              AllOf(HasSubstr(R"("code":"OVERLOADED")"), HasSubstr(R"("id":"b")")));
  ASSERT_TRUE(users.answer(FakeDirectory::profile("acme")));
  EXPECT_EQ(client->code(), unauthenticated) << "it is another user";
}

}  // namespace
}  // namespace callstate::transports
