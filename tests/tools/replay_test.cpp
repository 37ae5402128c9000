#include "tools/callstate/report/replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"
#include "tools/callstate/report/replay_screen.hpp"

namespace callstate::tools {
namespace {

using ::testing::HasSubstr;
using testing::MemoryLog;
using ::testing::SizeIs;

MemoryLog two_calls() {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  log.talk();
  return log;
}

class ReplayTest : public ::testing::Test {
 protected:
  std::string said(std::string_view command, bool good = true) {
    const auto answer = replay.command(command);
    EXPECT_EQ(answer.good, good) << command << ": " << answer.text;
    return answer.text;
  }

  MemoryLog log = two_calls();
  Player player{log, std::nullopt};
  Replay replay{player};
};

TEST_F(ReplayTest, StepsForwardAndBack) {
  EXPECT_THAT(said("next"), HasSubstr("CALL_STARTED alice  applied"));
  EXPECT_THAT(said("n 2"), HasSubstr("3  2026-11-23 10:00:03.250  ACCEPTED bob"));
  EXPECT_THAT(said("back"), HasSubstr("RINGING bob"));
  EXPECT_THAT(said("last"), HasSubstr("9  "));
  EXPECT_THAT(said("first"), HasSubstr("1  "));
  EXPECT_THAT(said("go 4"), HasSubstr("ENDED alice"));
  EXPECT_EQ(said("back 9"), "before the first record");
}

TEST_F(ReplayTest, GoesOnToABreakpoint) {
  EXPECT_EQ(said("break outcome=refused"), "breakpoint 1: outcome=refused");
  EXPECT_EQ(said("b type=ACCEPTED"), "breakpoint 2: type=ACCEPTED");
  EXPECT_THAT(said("continue"), HasSubstr("\nat breakpoint 2: type=ACCEPTED"));
  EXPECT_THAT(said("c"), HasSubstr("\nat breakpoint 1: outcome=refused"));
  EXPECT_EQ(player.at(), 5U);
  EXPECT_THAT(said("s", false), HasSubstr("no command s")) << "with which several begin";
}

TEST_F(ReplayTest, ForgetsABreakpointThatIsTakenAway) {
  said("break ENDED");
  said("break ACCEPTED");
  EXPECT_EQ(said("delete 1"), "breakpoint 1: ACCEPTED");
  EXPECT_EQ(said("breaks"), "breakpoint 1: ACCEPTED");
  EXPECT_THAT(said("delete 7", false), HasSubstr("no breakpoint 7"));
}

TEST_F(ReplayTest, WithoutABreakpointGoesToTheEnd) {
  EXPECT_THAT(said("continue"), HasSubstr("\nat the end"));
  EXPECT_EQ(said("continue", false), "This is the last record.");
}

TEST_F(ReplayTest, SearchesForATextOrACondition) {
  EXPECT_THAT(said("/mallory"), HasSubstr("ENDED mallory  refused NOT_PARTICIPANT\nfound mallory"));
  EXPECT_THAT(said("search type=RINGING"), HasSubstr("7  "));
  EXPECT_THAT(said("search type=RINGING", false), HasSubstr("Nothing that follows"));
  EXPECT_EQ(player.at(), 7U) << "what is not found leaves it where it was";
}

TEST_F(ReplayTest, StopsWhenItIsInterrupted) {
  for (int i = 0; i < 2'000; ++i) log.ignored("bob", call::Ended{});
  Player longer(log, std::nullopt);
  Replay interrupted(longer);
  interrupted.set_interrupted([] { return true; });
  EXPECT_THAT(interrupted.command("continue").text, HasSubstr("interrupted"));
  EXPECT_LT(longer.at(), longer.size());
}

TEST_F(ReplayTest, ShowsTheStateInFull) {
  said("go 3");
  EXPECT_THAT(said("state"), HasSubstr("room demo\n  callState  CONNECTED\n"));
  EXPECT_THAT(said("state"), HasSubstr("\n  bob.answeredOn  phone\n"));
}

TEST_F(ReplayTest, SaysWhatItDoesNotUnderstand) {
  EXPECT_THAT(said("frobnicate", false), HasSubstr("There is no command frobnicate"));
  EXPECT_THAT(said("go nowhere", false), HasSubstr("is no position"));
  EXPECT_THAT(said("next x", false), HasSubstr("is no number"));
  EXPECT_THAT(said("break colour=red", false), HasSubstr("is nothing to look at"));
  EXPECT_TRUE(replay.command("quit").quit);
  EXPECT_EQ(said("# a remark"), "");
}

TEST_F(ReplayTest, AScreenFitsItsTerminal) {
  said("go 5");
  for (const ScreenStyle style :
       {ScreenStyle{80, 24, false}, ScreenStyle{80, 24, true}, ScreenStyle{200, 60, false},
        ScreenStyle{20, 6, false}, ScreenStyle{37, 11, true}, ScreenStyle{10, 3, false}}) {
    const auto lines = render_screen(replay, {.title = "room demo"}, Paint(false), style);
    EXPECT_THAT(lines, SizeIs(style.rows));
    for (const auto& line : lines) EXPECT_LE(width_of(line), style.columns) << line;
  }
}

TEST_F(ReplayTest, AScreenShowsTheRecordBesideTheStateThatItLeaves) {
  said("go 3");
  const auto lines = render_screen(replay, {.title = "room demo"}, Paint(false), {});
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  EXPECT_THAT(text, HasSubstr("room demo  3 of 9  position 3"));
  EXPECT_THAT(text, HasSubstr("▶ 3 10:00:03.250 ACCEPTED bob"));
  EXPECT_THAT(text, HasSubstr("* state  CONNECTED"));
  EXPECT_THAT(text, HasSubstr("* bob  joined, callee, on phone"));
  EXPECT_THAT(text, HasSubstr("ACCEPTED by bob CRM_USER phone: applied"));
  EXPECT_THAT(lines.back(), HasSubstr("? help"));
}

TEST_F(ReplayTest, AScreenOfAsciiHasNothingElse) {
  said("go 5");
  for (const auto& line :
       render_screen(replay, {.title = "room demo"}, Paint(false), {80, 24, true})) {
    for (const char c : line) EXPECT_GE(c, ' ') << line;
  }
}

}  // namespace
}  // namespace callstate::tools
