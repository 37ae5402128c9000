#include "command_line.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace callstate::tools {
namespace {

using testing::CommandLine;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(CommandLine, LooksAtAStoppedLog) {
  testing::MemoryLog log;
  log.talk();
  write(log);
  const auto timeline = run("timeline demo --data-dir " + log_dir());
  EXPECT_EQ(timeline.exit, 0);
  EXPECT_THAT(timeline.output, HasSubstr("ENDED hangup, talked 42 s · alice → bob"));
  const auto state = run("state demo --at 2 --data-dir " + log_dir());
  EXPECT_EQ(state.exit, 0);
  EXPECT_THAT(state.output, StartsWith("Room demo of tenant acme is RINGING as of position 2"));
  const auto verified = run("verify --blocks --data-dir " + log_dir());
  EXPECT_EQ(verified.exit, 0);
  EXPECT_THAT(verified.output, StartsWith("Positions 1 to 4 are sound"));
  const auto stats = run("stats --json --data-dir " + log_dir());
  EXPECT_EQ(stats.exit, 0);
  EXPECT_THAT(stats.output, HasSubstr(R"("head":4)"));
}

TEST_F(CommandLine, WhatIsNotFoundIsOne) {
  write({});
  const auto timeline = run("timeline nowhere --data-dir " + log_dir());
  EXPECT_EQ(timeline.exit, 1);
  EXPECT_THAT(timeline.output, StartsWith("callstate timeline: There is no room nowhere"));
}

TEST_F(CommandLine, AnAlteredLogIsOne) {
  testing::MemoryLog log;
  log.talk();
  log.records[2].seq = 9;
  write(log);
  const auto verified = run("verify --data-dir " + log_dir());
  EXPECT_EQ(verified.exit, 1);
  EXPECT_THAT(verified.output, HasSubstr("its seq is 9, where 3 follows"));
}

TEST_F(CommandLine, WhatCannotBeDoneIsTwo) {
  for (const auto* arguments :
       {"", "frobnicate", "timeline", "state demo --at yesterday", "verify --frob",
        "token --user u --tenant t", "token --dev --user u --tenant t --role KING",
        "token --dev --user u --tenant t --expires 5", "stats --data-dir /nonexistent",
        "stats --server http://127.0.0.1:1", "stats --server https://127.0.0.1",
        "demo --server http://127.0.0.1:1", "demo --until doomsday", "demo --token-caller x"}) {
    const auto made = run(arguments);
    EXPECT_EQ(made.exit, 2) << arguments << "\n" << made.output;
    EXPECT_FALSE(made.output.empty()) << arguments;
  }
  EXPECT_THAT(run("frobnicate").output, HasSubstr("there is no command frobnicate"));
}

TEST_F(CommandLine, ALogInUseIsTwoAndNamesTheServerToAsk) {
  const auto store = open();
  const auto made = run("stats --data-dir " + log_dir());
  EXPECT_EQ(made.exit, 2);
  EXPECT_THAT(made.output, HasSubstr("is in use by a running server"));
  EXPECT_THAT(made.output, HasSubstr("--server http://127.0.0.1:7480"));
}

TEST_F(CommandLine, APositionThatIsNoneIsSaidInWords) {
  write({});
  for (const std::string position : {"0", "-1", "x", "99999999999999999999"}) {
    const auto asked = run("why demo " + position + " --data-dir " + log_dir());
    EXPECT_EQ(asked.exit, 2);
    EXPECT_THAT(asked.output, HasSubstr("POSITION: " + position +
                                        " is no position: these are "
                                        "numbers from 1 on"));
  }
}

TEST_F(CommandLine, AnEndOfTheLogWithoutARecordOfThatIsOne) {
  testing::MemoryLog log;
  log.talk();
  write(log);
  const auto tail = [&](const std::string& what) {
    return run("tail --data-dir " + log_dir() + what);
  };
  EXPECT_EQ(tail("").exit, 0);
  EXPECT_EQ(tail(" --room demo").exit, 0);
  const auto none = tail(" --room Demo");
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.output, HasSubstr("The log has no record of that. Names are exact"));
  EXPECT_EQ(tail(" --room Demo --lines 0").exit, 0);
}

TEST_F(CommandLine, WhatIsNoEvidenceIsCalledWhatItIs) {
  write({});
  const auto directory = run("verify " + log_dir());
  EXPECT_EQ(directory.exit, 2);
  EXPECT_THAT(directory.output, HasSubstr("is a directory. A log is checked with `callstate "
                                          "verify --data-dir " +
                                          log_dir() + "`."));
  const std::string file = log_dir() + ".jsonl";
  std::ofstream(file) << R"({"callstate":"log","format":1})" << '\n';
  const auto exported = run("verify " + file);
  EXPECT_EQ(exported.exit, 2);
  EXPECT_THAT(exported.output, HasSubstr("is an export. `callstate import` checks it"));
}

TEST_F(CommandLine, EvidenceMayComeThroughAPipe) {
  const auto piped = run("verify /dev/stdin", "[]");
  EXPECT_EQ(piped.exit, 2);
  EXPECT_THAT(piped.output, Not(HasSubstr("incomplete JSON at byte 0")));
}

TEST_F(CommandLine, WhatCouldNotBeWrittenIsTwo) {
  testing::MemoryLog log;
  log.talk();
  write(log);
  const std::string where = " --data-dir " + log_dir() + " >/dev/full";
  for (const std::string command :
       {"timeline demo", "timeline demo --json", "state demo", "why demo 2", "diff demo 1 2",
        "tail", "verify", "stats", "replay demo --summary", "recheck", "export"}) {
    EXPECT_EQ(run(command + where).exit, 2) << command;
  }
}

TEST_F(CommandLine, HelpIsZeroForEveryCommand) {
  for (const auto* command :
       {"",       "serve",   "demo",   "token",  "timeline",   "tail",     "state",     "diff",
        "why",    "replay",  "stats",  "verify", "evidence",   "export",   "import",    "recheck",
        "backup", "restore", "repair", "retain", "projection", "webhooks", "completion"}) {
    const auto made = run(std::string(command) + " --help");
    EXPECT_EQ(made.exit, 0) << command;
    EXPECT_THAT(made.output, HasSubstr("  callstate ")) << command << " shows no example";
  }
}

TEST_F(CommandLine, ATokenIsOneLineOfThreeParts) {
  const auto made = run("token --dev --user alice --tenant acme");
  EXPECT_EQ(made.exit, 0);
  EXPECT_EQ(std::ranges::count(made.output, '.'), 2);
  EXPECT_EQ(std::ranges::count(made.output, '\n'), 1);
}

}  // namespace
}  // namespace callstate::tools
