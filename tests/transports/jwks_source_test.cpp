#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "test_http_server.hpp"
#include "test_keys.hpp"
#include "transports/jwks.hpp"
#include "transports/jwt.hpp"

namespace callstate::transports {
namespace {

using std::chrono::milliseconds;
using testing::HttpServer;
using testing::key_set;
using testing::TestKey;

constexpr call::Time now{std::chrono::seconds(1'800'000'000)};
constexpr milliseconds never = std::chrono::hours(24);

/// Keys are made once: making them is slow.
const TestKey& key(std::size_t number) {
  static const TestKey keys[] = {TestKey::ec(), TestKey::ec()};
  return keys[number];
}

std::string token(std::size_t number) {
  return key(number).sign(R"({"alg":"ES256","kid":")" + std::to_string(number) + "\"}",
                          R"({"sub":"ann","exp":1800000600,"tenant_id":"t"})");
}

std::string set_of(std::size_t number) {
  return key_set({key(number).jwk(std::to_string(number))});
}

/// The readings happen on the source's thread: waits until one has had its
/// effect.
bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class JwksSourceTest : public ::testing::Test {
 protected:
  JwksOptions options(std::string location) {
    JwksOptions made;
    made.location = std::move(location);
    made.reread_interval_min = milliseconds(1);
    made.refresh_interval = never;
    made.fetch_timeout = milliseconds(2000);
    made.on_problem = [this](const std::string& problem) {
      const std::lock_guard lock(mutex_);
      problem_ = problem;
      ++problems_;
    };
    return made;
  }
  std::string problem() {
    const std::lock_guard lock(mutex_);
    return problem_;
  }
  int problems() const { return problems_; }

  /// Starts a source and an authenticator over it.
  bool start(JwksOptions source_options) {
    auto source = JwksSource::start(std::move(source_options));
    if (!source) {
      problem_ = source.error();
      return false;
    }
    JwtOptions jwt;
    source_ = *std::move(source);
    jwt.keys = source_;
    authenticator_ = std::make_unique<JwtAuthenticator>(jwt);
    return true;
  }
  bool accepts(std::size_t number) {
    return authenticator_->verify(token(number), now).has_value();
  }

 private:
  std::mutex mutex_;
  std::string problem_;
  std::atomic<int> problems_ = 0;

 protected:
  // Last, so that they end first: the source's thread tells of problems, and
  // has one as soon as a test has taken its file away.
  std::shared_ptr<JwksSource> source_;
  std::unique_ptr<JwtAuthenticator> authenticator_;
};

class JwksFileTest : public JwksSourceTest {
 protected:
  JwksFileTest() : path_(::testing::TempDir() + "callstate_jwks_" + std::to_string(getpid())) {}
  ~JwksFileTest() override { std::filesystem::remove(path_); }

  void write(const std::string& text) {
    const std::string next = path_ + ".next";
    std::ofstream(next, std::ios::binary) << text;
    // Surely another time than the last, whatever the file system's clock.
    std::filesystem::last_write_time(
        next, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(++written_));
    std::filesystem::rename(next, path_);
  }

  std::string path_;

 private:
  int written_ = 0;
};

TEST_F(JwksFileTest, AFileThatCannotBeUsedIsRefusedAtTheStart) {
  EXPECT_FALSE(start(options(path_)));
  EXPECT_EQ(problem(), "the key set " + path_ + " cannot be read");
  write("{}");
  EXPECT_FALSE(start(options(path_)));
  EXPECT_EQ(problem(), "the key set " + path_ + " is no key set: it has no array of keys");
  write(std::string(jwks_bytes_max + 1, ' '));
  EXPECT_FALSE(start(options(path_)));
  EXPECT_FALSE(start(options(::testing::TempDir())));
}

TEST_F(JwksFileTest, AnUnknownKidReadsTheFileThatHasChanged) {
  write(set_of(0));
  ASSERT_TRUE(start(options(path_)));
  EXPECT_TRUE(accepts(0));
  EXPECT_FALSE(accepts(1));
  write(set_of(1));
  EXPECT_TRUE(eventually([&] { return accepts(1); }));
  EXPECT_FALSE(accepts(0));
}

TEST_F(JwksFileTest, AFileThatWentBadLeavesTheKeys) {
  write(set_of(0));
  ASSERT_TRUE(start(options(path_)));
  write("oops");
  accepts(1);
  EXPECT_TRUE(eventually([&] { return problems() > 0; }));
  EXPECT_NE(problem().find("is no key set"), std::string::npos);
  EXPECT_TRUE(accepts(0));
}

using JwksUrlTest = JwksSourceTest;

TEST_F(JwksUrlTest, KeysRotate) {
  HttpServer server;
  server.answer("200 OK", set_of(0));
  ASSERT_TRUE(start(options(server.url())));
  EXPECT_TRUE(accepts(0));
  server.answer("200 OK", set_of(1));
  EXPECT_TRUE(accepts(0));  // nothing asks for the new ones yet
  EXPECT_TRUE(eventually([&] { return accepts(1); }));
  EXPECT_EQ(server.last_request_line(), "GET /keys?x=1 HTTP/1.1");
}

TEST_F(JwksUrlTest, UnknownKidsFetchAtMostOnceAnInterval) {
  HttpServer server;
  server.answer("200 OK", set_of(0));
  auto slow = options(server.url());
  slow.reread_interval_min = never;
  ASSERT_TRUE(start(slow));
  EXPECT_FALSE(accepts(1));
  EXPECT_TRUE(eventually([&] { return server.requests() == 2; }));  // the first, at once
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(accepts(1));
  std::this_thread::sleep_for(milliseconds(100));  // for a fetch that must not come
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(JwksUrlTest, SaysWhetherItIsLookingForAKey) {
  HttpServer server;
  server.answer("200 OK", set_of(0));
  auto slow = options(server.url());
  slow.reread_interval_min = never;
  ASSERT_TRUE(start(slow));
  EXPECT_FALSE(authenticator_->awaits_key(token(0)));  // known
  EXPECT_FALSE(authenticator_->awaits_key("no token"));
  server.answer("200 OK", set_of(1));
  EXPECT_TRUE(authenticator_->awaits_key(token(1)));
  EXPECT_TRUE(eventually([&] { return !authenticator_->awaits_key(token(1)); }));
  EXPECT_TRUE(accepts(1));
  // The next reading is far away, and nothing to wait for.
  EXPECT_FALSE(authenticator_->awaits_key(token(0)));
}

TEST_F(JwksUrlTest, RefreshesByItself) {
  HttpServer server;
  server.answer("200 OK", set_of(0));
  auto often = options(server.url());
  often.refresh_interval = milliseconds(5);
  often.reread_interval_min = never;
  ASSERT_TRUE(start(often));
  EXPECT_TRUE(eventually([&] { return server.requests() > 3; }));
}

TEST_F(JwksUrlTest, AFailureLeavesTheKeysAndIsTold) {
  HttpServer server;
  server.answer("200 OK", set_of(0));
  ASSERT_TRUE(start(options(server.url())));
  const std::pair<const char*, std::string> failures[] = {
      {"500 Oops", set_of(1)},
      {"302 Found\r\nLocation: /elsewhere", set_of(1)},
      {"200 OK", "<html>"},
      {"200 OK", std::string(jwks_bytes_max + 1, ' ')},
      {"nonsense", ""}};
  for (const auto& [status, body] : failures) {
    server.answer(status, body);
    const int before = problems();
    accepts(1);
    EXPECT_TRUE(eventually([&] { return problems() > before; })) << status;
    EXPECT_TRUE(accepts(0));
    EXPECT_FALSE(accepts(1));
  }
}

TEST_F(JwksUrlTest, AnIssuerThatIsDownAtTheStartIsAProblemNotAFailure) {
  std::string url;
  {
    url = HttpServer().url();
  }
  ASSERT_TRUE(start(options(url)));
  EXPECT_EQ(problem(), "the key set " + url + " could not be fetched: Connection refused");
  EXPECT_FALSE(accepts(0));
}

TEST_F(JwksUrlTest, AnIssuerThatSaysNothingTimesOut) {
  HttpServer server;
  server.fall_silent();
  auto soon = options(server.url());
  soon.fetch_timeout = milliseconds(30);
  ASSERT_TRUE(start(soon));
  EXPECT_EQ(problem(), "the key set " + server.url() + " did not answer within 30 ms");
}

TEST_F(JwksUrlTest, AFetchUnderWayDoesNotHoldUpTheEnd) {
  HttpServer server;
  server.answer("200 OK", set_of(0));
  auto slow = options(server.url());
  slow.fetch_timeout = never;
  ASSERT_TRUE(start(slow));
  server.fall_silent();
  EXPECT_FALSE(accepts(1));
  EXPECT_TRUE(eventually([&] { return server.requests() > 1; }));
  authenticator_.reset();
  source_.reset();  // returns
}

TEST_F(JwksUrlTest, TlsIsVerified) {
  HttpServer server;  // speaks no TLS
  server.answer("200 OK", set_of(0));
  std::string url = server.url();
  url.replace(0, 4, "https");
  ASSERT_TRUE(start(options(url)));
  EXPECT_EQ(problems(), 1);
  auto with_ca = options(url);
  with_ca.ca_file = "/no/such/file";
  ASSERT_TRUE(start(with_ca));
  EXPECT_EQ(problems(), 2);
}

TEST_F(JwksUrlTest, WhatIsNoUrlOfAKeySet) {
  for (const char* url : {"http://", "https:///x", "http://ann:secret@127.0.0.1/", "http://a b/",
                          "http://host:0/", "http://host:70000/"}) {
    EXPECT_FALSE(start(options(url))) << url;
    EXPECT_EQ(problem().find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace callstate::transports
