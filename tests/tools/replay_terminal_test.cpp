#include <gmock/gmock.h>

#include "command_line.hpp"
#include "pty.hpp"
#include "tools/callstate/report/table.hpp"

// Replay as a person sees it: the binary on a real pseudo-terminal.

namespace callstate::tools {
namespace {

using testing::CommandLine;
using ::testing::HasSubstr;
using testing::MemoryLog;
using testing::Pty;

class ReplayTerminal : public CommandLine {
 protected:
  ReplayTerminal() {
    MemoryLog log;
    log.talk();
    log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
    log.talk();
    write(log);
  }
  [[nodiscard]] std::vector<std::string> command() const {
    return {CALLSTATE_BINARY, "replay", "demo", "--data-dir", log_dir()};
  }
};

TEST_F(ReplayTerminal, StepsForwardAndBackByKeys) {
  Pty terminal(command(), 80, 24);
  ASSERT_TRUE(terminal.wait_for("room demo of acme  0 of 9"));
  terminal.press("n");
  EXPECT_TRUE(terminal.wait_for("1 of 9  position 1"));
  terminal.press(" \033[C");
  EXPECT_TRUE(terminal.wait_for("3 of 9"));
  EXPECT_TRUE(terminal.wait_for("* state  CONNECTED"));
  EXPECT_TRUE(terminal.wait_for("ACCEPTED by bob CRM_USER phone: applied"));
  terminal.press("p");
  EXPECT_TRUE(terminal.wait_for("2 of 9"));
  EXPECT_TRUE(terminal.wait_for("state  RINGING"));
  terminal.press("\033[D");
  EXPECT_TRUE(terminal.wait_for("1 of 9"));
  terminal.press("\033[F");
  EXPECT_TRUE(terminal.wait_for("9 of 9"));
  terminal.press("n");
  EXPECT_TRUE(terminal.wait_for("This is the last record."));
}

TEST_F(ReplayTerminal, GoesOnToABreakpointAndToAPosition) {
  Pty terminal(command(), 80, 24);
  ASSERT_TRUE(terminal.wait_for("0 of 9"));
  terminal.press("boutcome=refusex");
  EXPECT_TRUE(terminal.wait_for("break outcome=refusex"));
  terminal.press("\177d\r");
  EXPECT_TRUE(terminal.wait_for("breakpoint 1: outcome=refused"));
  terminal.press("c");
  EXPECT_TRUE(terminal.wait_for("5 of 9  position 5  1 breakpoint"));
  EXPECT_TRUE(terminal.wait_for("at breakpoint 1: outcome=refused"));
  EXPECT_TRUE(terminal.wait_for("ENDED by mallory CRM_USER laptop: refused NOT_PARTICIPANT"));
  terminal.press("g2\r");
  EXPECT_TRUE(terminal.wait_for("2 of 9"));
  terminal.press("/ACCEPTED\r");
  EXPECT_TRUE(terminal.wait_for("3 of 9"));
  terminal.press("N");
  EXPECT_TRUE(terminal.wait_for("8 of 9"));
  terminal.press("/nobody\r");
  EXPECT_TRUE(terminal.wait_for("Nothing that follows has nobody."));
  terminal.press("bcolour=red\r");
  EXPECT_TRUE(terminal.wait_for("is nothing to look at"));
  terminal.press("?");
  EXPECT_TRUE(terminal.wait_for("on to a breakpoint"));
}

TEST_F(ReplayTerminal, IsDrawnAnewWhenTheTerminalHasAnotherSize) {
  Pty terminal(command(), 80, 24);
  ASSERT_TRUE(terminal.wait_for("0 of 9"));
  const auto has_size = [](std::size_t columns, std::size_t rows) {
    return [=](const std::vector<std::string>& screen) {
      return screen.size() == rows && width_of(screen[1]) == columns;
    };
  };
  EXPECT_TRUE(terminal.wait_for(has_size(80, 24)));
  terminal.resize(120, 40);
  EXPECT_TRUE(terminal.wait_for(has_size(120, 40)));
  terminal.resize(60, 12);
  EXPECT_TRUE(terminal.wait_for(has_size(60, 12)));
  terminal.press("n");
  EXPECT_TRUE(terminal.wait_for("1 of 9"));
}

TEST_F(ReplayTerminal, QuitGivesTheTerminalBack) {
  Pty terminal(command(), 80, 24);
  ASSERT_TRUE(terminal.wait_for("0 of 9"));
  EXPECT_FALSE(terminal.is_restored());
  terminal.press("q");
  const int status = terminal.wait_for_end();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(terminal.is_restored());
}

TEST_F(ReplayTerminal, ASignalGivesTheTerminalBackToo) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    Pty terminal(command(), 80, 24);
    ASSERT_TRUE(terminal.wait_for("0 of 9"));
    terminal.signal(signal);
    const int status = terminal.wait_for_end();
    ASSERT_TRUE(WIFSIGNALED(status)) << signal;
    EXPECT_EQ(WTERMSIG(status), signal);
    EXPECT_TRUE(terminal.is_restored()) << signal;
  }
}

TEST_F(ReplayTerminal, ControlCEndsIt) {
  Pty terminal(command(), 80, 24);
  ASSERT_TRUE(terminal.wait_for("0 of 9"));
  terminal.press("\003");
  const int status = terminal.wait_for_end();
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(terminal.is_restored());
}

TEST_F(ReplayTerminal, StoppedItGivesTheTerminalBackAndContinuedTakesItAgain) {
  Pty terminal(command(), 80, 24);
  ASSERT_TRUE(terminal.wait_for("0 of 9"));
  terminal.signal(SIGTSTP);
  ASSERT_TRUE(terminal.wait_for([&](const auto&) { return terminal.is_restored(); }));
  terminal.signal(SIGCONT);
  ASSERT_TRUE(terminal.wait_for([&](const auto&) { return !terminal.is_restored(); }));
  terminal.press("n");
  EXPECT_TRUE(terminal.wait_for("1 of 9"));
}

TEST_F(ReplayTerminal, ASummaryLeavesTheTerminalAsItIs) {
  auto summary = command();
  summary.emplace_back("--summary");
  Pty terminal(summary, 80, 24);
  const int status = terminal.wait_for_end();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_THAT(terminal.everything(), HasSubstr("room demo of acme"));
  EXPECT_EQ(terminal.everything().find("\033[?1049h"), std::string::npos);
}

}  // namespace
}  // namespace callstate::tools
