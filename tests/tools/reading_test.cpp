#include <gmock/gmock.h>

#include <filesystem>
#include <random>

#include "command_line.hpp"
#include "core/engine/retention.hpp"
#include "tools/callstate/log_source.hpp"

// How the binary finds and shows what is asked for.

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::CommandLine;
using ::testing::HasSubstr;
using testing::MemoryLog;
using ::testing::Not;
using ::testing::StartsWith;
using testing::user;
namespace fs = std::filesystem;

class Reading : public CommandLine {
 protected:
  /// `callstate ARGUMENTS` on the log.
  testing::Execution on_log(const std::string& arguments, const std::string& input = {}) const {
    return run(arguments + " --data-dir " + log_dir(), input);
  }
};

/// Rooms of several tenants, calls, strangers, starts of the server, in no order.
MemoryLog varied_log() {
  MemoryLog log;
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    log.tenant = random() % 3 == 0 ? "globex" : "acme";
    log.room = random() % 2 == 0 ? "demo" : "other";
    log.now += 1s;
    switch (random() % 4) {
      case 0:
        log.talk();
        break;
      case 1:
        log.server_started();
        break;
      case 2:
        log.refused("mallory", call::ErrorCode::invalid_message, call::CallStarted{}).call = {};
        break;
      default:
        log.starts("alice", {user("bob")});
        log.server_started();
        log.online("bob");
    }
  }
  return log;
}

TEST_F(Reading, TheIndexOfALogThatBeginsLaterIsUsed) {
  MemoryLog log;
  log.server_started();
  log.room = "demo";
  log.talk();
  log.room = "live";
  log.starts("alice", {user("bob")});
  log.server_started();
  log.room = "demo";
  log.talk();
  write(log);
  {
    const auto store = open();
    const auto plan = engine::plan_retention(
        store->reader(), {.older_than = call::Time::max(), .cut_max = 8, .is_kept = {}});
    ASSERT_TRUE(plan) << plan.error().message;
    ASSERT_TRUE(store->begin_later(plan->beginning));
  }
  const std::vector<std::string> commands{"timeline demo --json", "timeline live --json",
                                          "state live --json", "state demo --json --at 9"};
  std::vector<std::string> scanned;
  for (const auto& command : commands) scanned.push_back(on_log(command).output);
  write_index();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto indexed = on_log(commands[i]);
    EXPECT_EQ(indexed.exit, 0) << indexed.output;
    EXPECT_EQ(indexed.output, scanned[i]);
  }
  LogOptions options;
  options.data_dir = log_dir();
  const auto source = LogSource::open(options);
  ASSERT_TRUE(source);
  const auto finder = (*source)->finder();
  EXPECT_TRUE(finder) << finder.error();
}

TEST_F(Reading, TheIndexFindsWhatAScanFinds) {
  const auto log = varied_log();
  write(log);
  const std::vector<std::string> questions{
      "timeline demo --json",
      "timeline demo --tenant acme --json",
      "timeline other --tenant globex --json",
      "timeline nowhere",
      "timeline " + call::to_string(log.call) + " --tenant acme --json",
      "timeline " + call::to_string(log.call) + " --json",
      "state other --tenant acme --json",
      "state demo --tenant acme --at 40 --json",
      "state demo --tenant acme --at 2026-11-23T10:00:30Z --json",
      "diff demo --tenant acme 10 60",
      "why demo --tenant acme 30"};
  std::vector<testing::Execution> scanned;
  for (const auto& question : questions) scanned.push_back(on_log(question));
  write_index();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto found = on_log(questions[i]);
    EXPECT_EQ(found.exit, scanned[i].exit) << questions[i];
    EXPECT_EQ(found.output, scanned[i].output) << questions[i];
  }
}

TEST_F(Reading, WhatTheIndexHasNotComeToIsReadBehindIt) {
  MemoryLog log;
  log.talk();
  write(log);
  write_index();
  // The same log, and more of it.
  testing::MemoryLog more;
  more.now += 10s;
  more.talk();
  write(more);
  const auto found = on_log("timeline demo --json");
  EXPECT_EQ(std::ranges::count(found.output, '\n'), 8) << found.output;
}

TEST_F(Reading, AnIndexOfNoUseIsNoTrouble) {
  MemoryLog log;
  log.talk();
  write(log);
  write_index();
  const auto right = on_log("timeline demo");
  for (const auto& file : fs::directory_iterator(fs::path(log_dir()) / "index")) {
    if (file.path().extension() == ".sst") fs::resize_file(file.path(), 100);
  }
  EXPECT_EQ(on_log("timeline demo").output, right.output) << "damaged";
  fs::remove_all(fs::path(log_dir()) / "index");
  fs::create_directory(fs::path(log_dir()) / "index");
  EXPECT_EQ(on_log("timeline demo").output, right.output) << "empty";
}

TEST_F(Reading, AnIndexIsLookedAtAndNotTouched) {
  MemoryLog log;
  log.talk();
  write(log);
  write_index();
  const auto files = [&] {
    std::map<std::string, std::uintmax_t> found;
    for (const auto& file : fs::directory_iterator(fs::path(log_dir()) / "index")) {
      found[file.path().filename().string()] = file.file_size();
    }
    return found;
  };
  const auto before = files();
  EXPECT_EQ(on_log("timeline demo").exit, 0);
  EXPECT_EQ(files(), before);
}

TEST_F(Reading, ATimelineIsFiltered) {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  write(log);
  const auto refused = on_log("timeline demo --refused-only --relative");
  EXPECT_EQ(refused.exit, 0);
  EXPECT_THAT(refused.output,
              AllOf(HasSubstr("mallory"), Not(HasSubstr("RINGING")), Not(HasSubstr("TIME (UTC)"))));
  EXPECT_THAT(on_log("timeline demo --outcome refused --json --relative").output,
              HasSubstr("\"sinceStartMs\":45250}"));
  EXPECT_THAT(on_log("timeline demo --from 2026-11-23T10:00:03Z --to 2026-11-23T10:00:04Z").output,
              AllOf(HasSubstr("ACCEPTED"), Not(HasSubstr("RINGING  "))));
  EXPECT_THAT(on_log("timeline demo --ladder --ascii").output, HasSubstr("- ACCEPTED -"));
  const auto piped = on_log("timeline demo --ladder");
  EXPECT_THAT(piped.output, Not(HasSubstr("\033"))) << "a pipe gets no colours";
}

TEST_F(Reading, WhatIsNotThereIsOneAndSaysWhatToDo) {
  MemoryLog log;
  log.talk();
  write(log);
  for (const auto& [arguments, sentence] : std::map<std::string, std::string>{
           {"timeline nowhere", "There is no room nowhere in this log"},
           {"timeline demo --user carol", "leave the filter out"},
           {"timeline demo --to 2020-01-01T00:00:00Z", "ask for more of them"},
           {"timeline demo --from 2999-01-01T00:00:00Z", "ask for more of them"},
           {"state demo --at 2020-01-01T00:00:00Z", "ask for a later position or time"},
           {"state nowhere", "Room names are exact"},
           {"diff nowhere 1 2", "There is no room nowhere"},
           {"why demo 9", "Position 9 is not there: the log ends at 4."},
           {"why nowhere 1", "There is no room nowhere"},
           {"replay nowhere --summary", "There is no room nowhere"},
           {"replay --summary --tenant nosuch", "There is nothing of tenant nosuch in this log"}}) {
    const auto made = on_log(arguments);
    EXPECT_EQ(made.exit, 1) << arguments << "\n" << made.output;
    EXPECT_THAT(made.output, HasSubstr(sentence)) << arguments;
  }
}

TEST_F(Reading, WhatMakesNoSenseIsTwoAndSaysWhatWould) {
  MemoryLog log;
  log.talk();
  write(log);
  for (const auto& [arguments, sentence] : std::map<std::string, std::string>{
           {"timeline demo --from now --to -2h", "is after --to"},
           {"export --from 9 --to 5", "--from, position 9, comes after --to, position 5: exchange"},
           {"export --from now --to -2h", "UTC: exchange them"},
           {"timeline demo --from yesterday", "(write 2026-11-23T01:02:03Z, or -2h for two hours"},
           {"timeline demo --from -2x", "2x"},
           {"timeline demo --outcome lost", "--outcome"},
           {"timeline demo --outcome applied --refused-only", "excludes"},
           {"timeline demo --ladder --json", "excludes"},
           {"timeline demo --ascii", "--ladder"},
           {"state demo --at never", "is neither a position nor a time"},
           {"diff demo 4 2", "A, position 4, comes after B, position 2: exchange them."},
           {"diff demo 1", "B is required"},
           {"diff demo 0 1", "they begin at 1"},
           {"why demo 0", "POSITION"},
           {"why demo", "POSITION is required"},
           {"replay demo --json", "--summary"}}) {
    const auto made = on_log(arguments);
    EXPECT_EQ(made.exit, 2) << arguments << "\n" << made.output;
    EXPECT_THAT(made.output, HasSubstr(sentence)) << arguments;
  }
}

TEST_F(Reading, ALogThatAServerHoldsIsTwoAndNamesTheServerToAsk) {
  const auto store = open();
  for (const auto* command : {"timeline demo", "state demo", "diff demo 1 2", "why demo 1",
                              "replay demo --summary", "replay --summary"}) {
    const auto made = on_log(command);
    EXPECT_EQ(made.exit, 2) << command;
    EXPECT_THAT(made.output, HasSubstr("--server http://127.0.0.1:7480")) << command;
  }
}

TEST_F(Reading, TimesMayBeBeforeNow) {
  MemoryLog log;
  log.now = std::chrono::floor<call::Duration>(std::chrono::system_clock::now()) - 3h;
  log.talk();
  write(log);
  EXPECT_THAT(on_log("state demo --at now").output, StartsWith("Room demo of tenant acme is"));
  EXPECT_THAT(on_log("state demo --at -4h").output, HasSubstr("There is no room demo"));
  EXPECT_THAT(on_log("timeline demo --from -4h --to -2h").output, HasSubstr("ACCEPTED"));
  EXPECT_EQ(on_log("timeline demo --from -2h").exit, 1);
  EXPECT_THAT(on_log("diff demo now-4h now").output, HasSubstr("4 records, 4 applied"));
}

TEST_F(Reading, APositionOfAnotherRoomIsPointedTo) {
  MemoryLog log;
  log.talk();
  log.room = "other";
  log.talk();
  log.online("bob");
  write(log);
  EXPECT_THAT(on_log("why demo 6").output,
              HasSubstr("Position 6 is of room other of tenant acme: `callstate why other 6`."));
  EXPECT_THAT(on_log("why demo 9").output, HasSubstr("is of the presence of user bob"));
  EXPECT_THAT(on_log("why demo 6 --tenant acme").output, HasSubstr("of room other"));
}

TEST_F(Reading, AReplayFollowsAScript) {
  MemoryLog log;
  log.talk();
  log.refused("mallory", call::ErrorCode::not_participant, call::Ended{});
  write(log);
  const auto made = on_log("replay demo", "break outcome=refused\\ncontinue\\nback\\nstate\\n");
  EXPECT_EQ(made.exit, 0);
  EXPECT_THAT(made.output, HasSubstr("at breakpoint 1: outcome=refused\n4  "));
  EXPECT_THAT(made.output, HasSubstr("\n  endReason  hangup\n"));
  EXPECT_EQ(on_log("replay demo", "frobnicate\\n").exit, 1);
  EXPECT_THAT(on_log("replay", "last\\n").output, HasSubstr("5  "));
}

TEST_F(Reading, AReplayInOneGoSumsUpAndIsTheSameEachTime) {
  write(varied_log());
  const auto whole = on_log("replay --summary");
  EXPECT_EQ(whole.exit, 0);
  EXPECT_THAT(whole.output, AllOf(HasSubstr("the whole log"), HasSubstr("CALL_STARTED"),
                                  HasSubstr("INVALID_MESSAGE"), HasSubstr("a second")));
  const auto hash_of = [](const std::string& text) {
    const auto at = text.find("\"state\":\"");
    return at == std::string::npos ? std::string() : text.substr(at, 73);
  };
  const auto first = hash_of(on_log("replay --summary --json").output);
  EXPECT_EQ(first.size(), 73U);
  EXPECT_EQ(hash_of(on_log("replay --summary --json").output), first);
  EXPECT_NE(hash_of(on_log("replay demo --tenant acme --summary --json").output), first);
  EXPECT_THAT(on_log("replay --tenant globex --summary").output, HasSubstr("tenant globex"));
}

TEST_F(Reading, AnEmptyLogReplaysToNothing) {
  write({});
  const auto made = on_log("replay --summary");
  EXPECT_EQ(made.exit, 0);
  EXPECT_THAT(made.output, HasSubstr("records   none"));
}

}  // namespace
}  // namespace callstate::tools
