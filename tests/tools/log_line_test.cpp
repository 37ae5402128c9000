#include "tools/callstate/report/log_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tools/callstate/report/event_stream.hpp"

namespace callstate::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::string line(std::string_view record) {
  return render_log_line(record, Paint(false));
}

TEST(LogLine, SaysWhenWhereWhatByWhomAndWhatBecameOfIt) {
  EXPECT_EQ(line(R"({"type":"ENDED","roomName":"acme-1","seq":4,"pos":14,)"
                 R"("at":"2026-11-23T02:39:36.129456Z","callId":null,"by":"ann","endedBy":"ann",)"
                 R"("reason":"hangup","duration":8,"outcome":"applied","stream":"room",)"
                 R"("actor":{"userId":"ann","role":"CRM_USER","deviceId":"phone"}})"),
            "2026-11-23 02:39:36.129      14  acme-1              ENDED               "
            "ann (CRM_USER phone)    applied  endedBy=ann reason=hangup duration=8\n");
}

TEST(LogLine, SaysWhyItWasRefused) {
  const auto text = line(R"({"type":"ACCEPTED","pos":2,"at":"2026-11-23T02:39:36Z","by":"ann",)"
                         R"("roomName":"r","outcome":"refused","code":"WRONG_STATE",)"
                         R"("message":"it has no place","stream":"room"})");
  EXPECT_THAT(text, HasSubstr("refused WRONG_STATE  it has no place\n"));
}

TEST(LogLine, OfAUsersOwnStreamNamesTheUserAndTheRoomItSpeaksOf) {
  const auto text = line(R"({"type":"USER_IN_CALL","pos":2,"at":"2026-11-23T02:39:36Z",)"
                         R"("userId":"bob","roomName":"r","outcome":"applied","stream":"user",)"
                         R"("actor":{"userId":"system","role":"SYSTEM"}})");
  EXPECT_THAT(text, HasSubstr("  user bob  "));
  EXPECT_THAT(text, HasSubstr("  system  "));
  EXPECT_THAT(text, HasSubstr("roomName=r"));
}

TEST(LogLine, DoesToATerminalNothingButShow) {
  const auto text = line(R"({"type":"ENDED","detail":"\u001b[31mred","roomName":"r"})");
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_EQ(line("no\x1bJSON"), "no\xEF\xBF\xBDJSON\n");
}

TEST(LogLine, IsColouredForATerminal) {
  EXPECT_THAT(render_log_line(R"({"type":"ENDED","outcome":"refused"})", Paint(true)),
              HasSubstr("\x1b["));
}

TEST(EventStream, IsTakenApartWhereverItIsCut) {
  constexpr std::string_view text =
      "retry: 1000\n\nid: 7\n\nid: 8\ndata: {\"a\":1}\n\n:\nid: 9\n\ndata:b\ndata: c\n\nid: 10\nda";
  using Events = std::vector<std::pair<std::string, std::string>>;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    Events events;
    EventStream stream(
        [&](std::string_view id, std::string_view data) { events.emplace_back(id, data); });
    for (std::size_t at = 0; at < text.size(); at += size) stream.take(text.substr(at, size));
    EXPECT_THAT(events,
                ElementsAre(Pair("7", ""), Pair("8", "{\"a\":1}"), Pair("9", ""), Pair("", "b\nc")))
        << size;
  }
}

}  // namespace
}  // namespace callstate::tools
