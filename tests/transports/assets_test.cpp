#include "transports/assets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace callstate::transports {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr std::array files{
    Asset{.name = "index.html", .content_type = "text/html", .tag = "a1", .plain = "<p>"},
    Asset{.name = "main-1.js",
          .content_type = "text/javascript",
          .tag = "b2",
          .immutable = true,
          .plain = "plain",
          .gzip = "zipped",
          .brotli = "broth"},
};

Assets folder() {
  return {.folder = "console", .files = files, .fields = {{"X-Of-All", "yes"}}};
}

struct Asked {
  std::vector<std::string> path;
  std::vector<std::pair<std::string, std::string>> fields{};
  std::string method = "GET";
};

std::optional<HttpResponse> answer(Asked asked, const Assets& assets = folder()) {
  HttpRequest request;
  request.method = std::move(asked.method);
  request.segments = std::move(asked.path);
  request.fields = std::move(asked.fields);
  return answer_asset(assets, request);
}

HttpResponse script(std::vector<std::pair<std::string, std::string>> fields) {
  return answer({{"console", "main-1.js"}, std::move(fields)}).value();
}

TEST(Assets, ThePathsOfOthersAreNotItsBusiness) {
  EXPECT_FALSE(answer({{}}));
  EXPECT_FALSE(answer({{"v1", "console"}}));
  EXPECT_FALSE(answer({{"consoles"}}));
}

TEST(Assets, TheFolderLeadsToItsPage) {
  const auto moved = answer({{"console"}}).value();
  EXPECT_EQ(moved.status, 308);
  EXPECT_THAT(moved.fields, Contains(Pair("Location", "/console/")));
  for (const char* name : {"", "index.html"}) {
    const auto page = answer({{"console", name}}).value();
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.body, "<p>");
    EXPECT_EQ(page.content_type, "text/html");
    EXPECT_THAT(page.fields, Contains(Pair("Cache-Control", "no-cache")));
    EXPECT_THAT(page.fields, Contains(Pair("X-Of-All", "yes")));
  }
}

TEST(Assets, WhatHasItsContentInItsNameIsKeptForEver) {
  EXPECT_THAT(script({}).fields,
              Contains(Pair("Cache-Control", "public, max-age=31536000, immutable")));
}

TEST(Assets, WhatIsNotThereIsNotFound) {
  for (const std::vector<std::string>& path : {std::vector<std::string>{"console", "main-2.js"},
                                               {"console", "main-1.js", ""},
                                               {"console", "..", "index.html"},
                                               {"console", "", "main-1.js"}}) {
    EXPECT_EQ(answer({path}).value().status, 404);
  }
}

TEST(Assets, OnlyReadingIsTaken) {
  EXPECT_EQ(answer({{"console", ""}, {}, "HEAD"}).value().status, 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const auto refused = answer({{"console", ""}, {}, method}).value();
    EXPECT_EQ(refused.status, 405);
    EXPECT_THAT(refused.fields, Contains(Pair("Allow", "GET, HEAD")));
  }
}

TEST(Assets, AreCompressedForWhoTakesIt) {
  struct Case {
    const char* accept;
    const char* body;
  };
  for (const auto& [accept, body] :
       {Case{"", "plain"}, Case{"deflate", "plain"}, Case{"gzip", "zipped"},
        Case{"gzip, deflate, br", "broth"}, Case{" br ;q=0.5 , gzip", "broth"},
        Case{"br;q=0, gzip;q=1.0", "zipped"}, Case{"br; q=0.000, gzip;q=0", "plain"},
        Case{"gzipped", "plain"}, Case{"br;q=nonsense", "plain"}, Case{",,", "plain"}}) {
    const auto sent = script({{"accept-encoding", accept}});
    EXPECT_EQ(sent.body, body) << accept;
    EXPECT_THAT(sent.fields, Contains(Pair("Vary", "Accept-Encoding")));
    const bool plain = sent.body == "plain";
    EXPECT_THAT(sent.fields,
                plain ? testing::Matcher<decltype(sent.fields)>(
                            Not(Contains(Pair("Content-Encoding", testing::_))))
                      : Contains(Pair("Content-Encoding", sent.body == "broth" ? "br" : "gzip")));
  }
}

TEST(Assets, WhoHasItAlreadyIsNotSentItAgain) {
  EXPECT_THAT(script({}).fields, Contains(Pair("ETag", "\"b2\"")));
  EXPECT_THAT(script({{"accept-encoding", "br"}}).fields, Contains(Pair("ETag", "\"b2-br\"")));
  for (const char* has : {"\"b2\"", "W/\"b2\"", "\"x\", \"b2\"", "*"}) {
    const auto unchanged = script({{"if-none-match", has}});
    EXPECT_EQ(unchanged.status, 304) << has;
    EXPECT_EQ(unchanged.body, "");
    EXPECT_EQ(unchanged.content_type, "");
    EXPECT_THAT(unchanged.fields, Contains(Pair("ETag", "\"b2\"")));
  }
  for (const char* other : {"\"b1\"", "b2", "\"b2-br\"", ""})
    EXPECT_EQ(script({{"if-none-match", other}}).status, 200) << other;
}

TEST(Assets, AFolderThatWasLeftOutSaysWhy) {
  for (const std::vector<std::string>& path :
       {std::vector<std::string>{"console"}, {"console", ""}, {"console", "main-1.js"}}) {
    const auto none = answer({path}, {.folder = "console", .files = {}, .missing = "no node"});
    ASSERT_TRUE(none);
    EXPECT_EQ(none->status, 404);
    EXPECT_EQ(none->content_type, "application/problem+json");
    EXPECT_THAT(none->body, HasSubstr("no node"));
  }
}

}  // namespace
}  // namespace callstate::transports
