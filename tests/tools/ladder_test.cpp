#include "tools/callstate/report/ladder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "memory_log.hpp"
#include "tools/callstate/report/canvas.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::MemoryLog;
using ::testing::Not;
using testing::user;

std::string drawn(const MemoryLog& log, std::size_t width = 80, bool ascii = false) {
  const auto history = find_history(log, {.name = "demo"});
  EXPECT_TRUE(history);
  return history ? render_ladder(*history, Paint(false), {.width = width, .ascii = ascii}) : "";
}

/// The drawing below its heading.
std::string lanes_of(const std::string& page) {
  return page.substr(page.find("\n\n") + 2);
}

void expect_no_line_wider_than(std::string_view page, std::size_t width) {
  while (!page.empty()) {
    const auto line = page.substr(0, page.find('\n'));
    EXPECT_LE(width_of(line), width) << line;
    page.remove_prefix(std::min(page.size(), line.size() + 1));
  }
}

TEST(Ladder, HasAColumnForEachDeviceAndAnArrowForEachEvent) {
  MemoryLog log;
  log.talk();
  const auto spaces = [](std::size_t count) { return std::string(count, ' '); };
  EXPECT_EQ(lanes_of(drawn(log)),
            spaces(24) + "alice" + spaces(26) + "bob\n" + spaces(23) + "laptop" + spaces(25) +
                "phone\n"
                "    +0.000                ●─────── CALL_STARTED ────────▶\n"
                "    +0.250                ◀────────── RINGING ──────────●\n"
                "    +3.250                ◀───────── ACCEPTED ──────────●\n"
                "   +45.250                ●─────── ENDED hangup ────────▶\n");
}

TEST(Ladder, MarksWhatWasRefusedOrIgnored) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.refused("alice", call::ErrorCode::wrong_state, call::Accepted{});
  log.ignored("bob", call::Ringing{});
  const auto page = drawn(log);
  EXPECT_THAT(page, HasSubstr("✗ ACCEPTED refused WRONG_STATE"));
  EXPECT_THAT(page, HasSubstr("RINGING ignored"));
  EXPECT_THAT(page, HasSubstr("○"));
}

TEST(Ladder, ShowsWhatTheServerConcludes) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.server_started();
  log.by_system(call::ParticipantJoined{user("alice")});
  log.by_system(call::Ended{call::EndReason::no_answer, "", 0});
  const auto page = drawn(log);
  EXPECT_THAT(page, HasSubstr("╌ SERVER_STARTED ╌"));
  EXPECT_THAT(page, HasSubstr("◇ PARTICIPANT_JOINED"));
  EXPECT_THAT(page, HasSubstr("╌ ENDED no_answer ╌"));
}

TEST(Ladder, OfAsciiHasNothingElse) {
  MemoryLog log;
  log.talk();
  log.refused("alice", call::ErrorCode::wrong_state, call::Accepted{});
  const auto page = drawn(log, 80, true);
  for (const char c : page) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << page;
  EXPECT_THAT(page, HasSubstr("*------- CALL_STARTED -------->"));
}

TEST(Ladder, FitsTheTerminalWhateverThereIsToDraw) {
  MemoryLog log;
  std::vector<call::UserId> callees;
  for (int i = 0; i < 12; ++i) callees.push_back(user("callee-" + std::to_string(i) + "-日本語"));
  log.starts("alice-of-a-very-long-name-indeed", callees);
  for (const auto& callee : callees) {
    log.by(callee.view(), call::Ringing{}, "a telephone");
    log.by(callee.view(), call::Ringing{}, "a tablet");
  }
  log.refused("alice-of-a-very-long-name-indeed", call::ErrorCode::answered_elsewhere,
              call::Accepted{});
  for (const std::size_t width : {40UL, 41UL, 60UL, 80UL, 120UL, 400UL}) {
    expect_no_line_wider_than(drawn(log, width), width);
    expect_no_line_wider_than(drawn(log, width, true), width);
  }
  EXPECT_THAT(drawn(log, 80), HasSubstr("and 7 more"));
  EXPECT_THAT(drawn(log, 400), HasSubstr("a tablet")) << "with room, each device has its own";
}

TEST(Ladder, ACalleeWhoHasSentNothingHasAColumn) {
  MemoryLog log;
  log.starts("alice", {user("bob"), user("carol")});
  log.by("bob", call::Ringing{}, "phone");
  const auto page = drawn(log);
  EXPECT_THAT(page, HasSubstr("carol"));
  const auto started = page.find("CALL_STARTED");
  ASSERT_NE(started, std::string::npos);
  const auto line = page.substr(started, page.find('\n', started) - started);
  EXPECT_THAT(line, HasSubstr("▶")) << page;
}

TEST(Ladder, ASignalGoesToOneOnly) {
  MemoryLog log;
  log.starts("alice", {user("bob"), user("carol")});
  log.by("bob", call::Ringing{}, "phone");
  log.by("carol", call::Ringing{}, "phone");
  log.by("alice", call::Signaled{user("bob"), "{}"});
  const auto page = drawn(log);
  const auto line = page.substr(page.rfind('\n', page.size() - 2) + 1);
  EXPECT_THAT(line, HasSubstr("SIGNAL"));
  EXPECT_EQ(line.find("▶", line.find("▶") + 1), std::string::npos) << line;
}

TEST(Canvas, CutsBetweenCharactersAsTheyAreShown) {
  EXPECT_EQ(clipped("abc", 3), "abc");
  EXPECT_EQ(clipped("abcd", 3), "ab…");
  EXPECT_EQ(clipped("日本語", 5), "日本…");
  EXPECT_EQ(clipped("日本語", 4), "日…") << "half a wide character is none";
  EXPECT_EQ(clipped("abcd", 3, true), "ab~");
  EXPECT_EQ(clipped("abcd", 0), "");
  EXPECT_EQ(clipped("e\u0301x\u0301y", 2), "e\u0301…") << "an accent goes with its letter";
}

TEST(Canvas, CoversHalfOfAWideCharacterAsAWhole) {
  CanvasLine line(6);
  line.put(0, "日本");
  line.put(1, "x");
  EXPECT_EQ(line.text(Paint(false)), " x本");
  line.put(5, "日");
  EXPECT_EQ(line.text(Paint(false)), " x本") << "and what does not fit is left out";
}

}  // namespace
}  // namespace callstate::tools
