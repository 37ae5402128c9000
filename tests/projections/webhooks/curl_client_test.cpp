#include "projections/webhooks/curl_client.hpp"

#include <gmock/gmock.h>

#include "projections/webhooks/receiver.hpp"

namespace callstate::projections {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::http_answer;
using ::testing::Not;
using testing::Receiver;
using ::testing::StartsWith;

std::unique_ptr<CurlClient> client_of(const std::string& url,
                                      std::chrono::milliseconds timeout = 30s) {
  auto client = CurlClient::make({.url = url, .ca_file = "", .timeout = timeout});
  EXPECT_TRUE(client);
  return client ? std::move(*client) : nullptr;
}

/// What comes of one request.
Answer post(CurlClient& client, std::string body = "{}") {
  client.start(7, {.fields = {{"webhook-id", "evt_1"}}, .body = std::move(body)});
  for (;;) {
    const auto finished = client.run(30s);
    if (finished.empty()) continue;
    EXPECT_EQ(finished.size(), 1U);
    EXPECT_EQ(finished.front().number, 7U);
    return finished.front().answer;
  }
}
Answer post_to(const Receiver& receiver, std::chrono::milliseconds timeout = 30s) {
  return post(*client_of(receiver.url(), timeout));
}

TEST(CurlClient, PostsTheBodyWithItsFields) {
  Receiver receiver([](const auto&) { return http_answer("204 No Content"); });
  const auto client = client_of(receiver.url("/a/b?c=d"));
  EXPECT_EQ(post(*client, R"({"type":"call.ended"})").status, 204);
  const auto request = receiver.requests().at(0);
  EXPECT_THAT(request, StartsWith("POST /a/b?c=d HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nwebhook-id: evt_1\r\n"));
  EXPECT_THAT(request, ::testing::EndsWith("\r\n\r\n{\"type\":\"call.ended\"}"));
  EXPECT_THAT(request, Not(HasSubstr("Expect:")));
}

TEST(CurlClient, KeepsItsConnection) {
  Receiver receiver([](const auto&) { return http_answer("200 OK", "thanks"); });
  const auto client = client_of(receiver.url());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(post(*client).status, 200);
  EXPECT_EQ(receiver.connections(), 1);
}

TEST(CurlClient, HasSeveralUnderWayAtOnce) {
  std::atomic<int> there = 0;
  Receiver receiver([&](const auto&) {
    // Answers when all of them are here.
    ++there;
    there.notify_all();
    for (int seen = there; seen < 4; seen = there) there.wait(seen);
    return http_answer("200 OK");
  });
  const auto client = client_of(receiver.url());
  for (std::uint64_t number = 1; number <= 4; ++number) client->start(number, {});
  std::size_t finished = 0;
  while (finished < 4) finished += client->run(30s).size();
  EXPECT_EQ(receiver.connections(), 4);
}

TEST(CurlClient, FollowsNoRedirect) {
  Receiver elsewhere([](const auto&) { return http_answer("200 OK"); });
  Receiver receiver([&](const auto&) {
    return http_answer("308 Permanent Redirect", "", "Location: " + elsewhere.url() + "\r\n");
  });
  EXPECT_EQ(post_to(receiver).status, 308);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(CurlClient, TellsHowLongItIsAskedToWait) {
  Receiver seconds([](const auto&) { return http_answer("503 Busy", "", "Retry-After: 17\r\n"); });
  EXPECT_EQ(post_to(seconds).retry_after, 17s);
  Receiver never([](const auto&) { return http_answer("503 Busy", "", "Retry-After: soon\r\n"); });
  EXPECT_EQ(post_to(never).retry_after, std::nullopt);
  Receiver date([](const auto&) {
    return http_answer("503 Busy", "", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n");
  });
  EXPECT_GT(post_to(date).retry_after, 24h);
}

TEST(CurlClient, GivesUpOnAReceiverThatHangs) {
  Receiver* self = nullptr;
  Receiver receiver([&](const auto&) { return self->hang(); });
  self = &receiver;
  const auto answer = post_to(receiver, 100ms);
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.error, HasSubstr("timed out"));
}

TEST(CurlClient, GivesUpOnAnAnswerThatDoesNotEnd) {
  Receiver receiver([](const auto&) { return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"; });
  EXPECT_EQ(post_to(receiver, 100ms).status, 0);
}

TEST(CurlClient, HasNoAnswerOfAConnectionThatCloses) {
  Receiver receiver([](const auto&) { return std::string(); });
  const auto answer = post_to(receiver);
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.error, AnyOf(HasSubstr("Empty reply"), HasSubstr("reset")));
}

TEST(CurlClient, HasNoAnswerWhereNobodyListens) {
  std::string url;
  {
    const Receiver gone([](const auto&) { return std::string(); });
    url = gone.url();
  }
  EXPECT_THAT(post(*client_of(url)).error, HasSubstr("connect"));
  EXPECT_THAT(post(*client_of("http://nobody.invalid/")).error, HasSubstr("resolve"));
}

TEST(CurlClient, HasNoAnswerOfGarbage) {
  for (const std::string& garbage :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("\x15\x03\x01\x00\x02\x02\x28\x00", 8),
        std::string(100'000, '\0'), std::string("HTTP/1.1 abc\r\n\r\n"),
        std::string("HTTP/1.1 20\r\n\r\n")}) {
    Receiver receiver([&](const auto&) { return garbage; });
    EXPECT_EQ(post_to(receiver, 2s).status, 0) << garbage.substr(0, 20);
  }
}

TEST(CurlClient, CountsTheHeadAndCutsABodyThatIsTooMuch) {
  Receiver receiver([](const auto&) { return http_answer("200 OK", std::string(4'000'000, 'x')); });
  EXPECT_EQ(post_to(receiver).status, 200);
  Receiver failing([](const auto&) { return http_answer("500 Oh", std::string(4'000'000, 'x')); });
  EXPECT_EQ(post_to(failing).status, 500);
}

TEST(CurlClient, TakesNoHeadThatIsTooMuch) {
  Receiver receiver([](const auto&) {
    std::string fields;
    for (int i = 0; i < 2'000; ++i) fields += "X-Filler: " + std::string(100, 'x') + "\r\n";
    return http_answer("200 OK", "", fields);
  });
  EXPECT_EQ(post_to(receiver).status, 0);
}

TEST(CurlClient, IsWoken) {
  const auto client = client_of("http://127.0.0.1:1/");
  client->wake();
  EXPECT_TRUE(client->run(30s).empty());  // at once
}

TEST(WebhookUrl, IsHttpsOrOfThisMachine) {
  const auto refusal = [](const std::string& url, bool allow_http = false) {
    const auto checked = check_webhook_url(url, allow_http);
    return checked ? std::string() : checked.error();
  };
  for (const auto* good :
       {"https://hooks.example.com/call?x=1", "https://192.0.2.1:8443/", "http://127.0.0.1:3000/a",
        "http://127.255.0.9/", "http://localhost/a", "http://[::1]:80/"})
    EXPECT_EQ(refusal(good), "") << good;
  EXPECT_THAT(refusal("http://hooks.example.com/"), HasSubstr("--webhook-allow-http"));
  EXPECT_EQ(refusal("http://hooks.example.com/", true), "");
  for (const auto* elsewhere : {"http://localhost.example.com/", "http://127.example.com/",
                                "http://127.0.0.1.example.com/", "http://128.0.0.1/"})
    EXPECT_THAT(refusal(elsewhere), HasSubstr("--webhook-allow-http")) << elsewhere;
  for (const auto* bad : {"", "hooks", "ftp://h/", "file:///etc/passwd", "https://", "//h/x"})
    EXPECT_THAT(refusal(bad, true), HasSubstr("no http or https URL")) << bad;
  // A URL may hold what is no log's business.
  for (const auto* telling :
       {"https://u:secret@h/", "ftp://u:secret@h/", "http://h.example/secret"})
    EXPECT_THAT(refusal(telling), Not(HasSubstr("secret"))) << telling;
  EXPECT_THAT(refusal("https://u:secret@h/"), HasSubstr("password"));
}

}  // namespace
}  // namespace callstate::projections
