#include "tools/callstate/report/completion.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "command_line.hpp"

namespace callstate::tools {
namespace {

using testing::CommandLine;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::fs::path;

/// What bash would offer for the words typed so far, the last of which is being typed.
class BashCompletion : public CommandLine {
 protected:
  std::string offered(const std::string& words) {
    const path script = path(log_dir()).parent_path() / "complete";
    std::ofstream(script) << run("completion bash").output << "COMP_WORDS=(" << words
                          << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_callstate\n"
                          << "echo \" ${COMPREPLY[*]} \"\n";
    std::string text;
    FILE* pipe = popen(("bash " + script.string() + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return text;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
      text.push_back(static_cast<char>(c));
    }
    pclose(pipe);
    return text;
  }
};

TEST_F(BashCompletion, OffersCommandsFlagsAndValues) {
  EXPECT_EQ(offered("callstate tim"), " timeline \n");
  EXPECT_EQ(offered("callstate timeline --outc"), " --outcome \n");
  EXPECT_EQ(offered("callstate timeline --outcome ''"), " applied ignored refused \n");
  EXPECT_EQ(offered("callstate timeline --outcome r"), " refused \n");
  EXPECT_EQ(offered("callstate completion ''"), " --help -h bash zsh fish \n");
}

TEST_F(BashCompletion, KnowsCommandsBelowCommands) {
  EXPECT_THAT(offered("callstate projection re"), HasSubstr(" rebuild "));
  EXPECT_THAT(offered("callstate projection ''"), Not(HasSubstr(" timeline ")));
}

TEST_F(BashCompletion, OffersNothingForAValueOfOnesOwn) {
  EXPECT_EQ(offered("callstate timeline --user ''"), "  \n");
}

TEST_F(BashCompletion, OffersFilesWhereTheyMayStandWithoutAFlag) {
  write({});
  const auto there = path(log_dir()).parent_path();
  std::ofstream(there / "call.json") << "{}";
  const std::string begun = (there / "cal").string();
  for (const std::string command : {"verify", "import", "backup", "restore"}) {
    EXPECT_EQ(offered("callstate " + command + " " + begun), " " + begun + "l.json \n") << command;
    EXPECT_THAT(offered("callstate " + command + " --js"), HasSubstr(" --json ")) << command;
  }
  EXPECT_EQ(offered("callstate timeline " + begun), "  \n");
  EXPECT_THAT(run("completion zsh").output, HasSubstr("'callstate verify') commands=()"));
  EXPECT_THAT(run("completion fish").output, HasSubstr("callstate verify'\" -F -d "));
}

TEST_F(BashCompletion, OffersWhatMayHaveBecomeOfARecord) {
  EXPECT_EQ(offered("callstate tail --outcome ''"), " applied ignored refused \n");
}

TEST_F(CommandLine, CompletionIsPrintedForThreeShells) {
  const auto zsh = run("completion zsh");
  EXPECT_EQ(zsh.exit, 0);
  EXPECT_THAT(zsh.output, HasSubstr("#compdef callstate\n"));
  EXPECT_THAT(zsh.output, HasSubstr("'callstate timeline --outcome') compadd -- applied ignored "
                                    "refused; return ;;"));
  const auto fish = run("completion fish");
  EXPECT_EQ(fish.exit, 0);
  EXPECT_THAT(fish.output, HasSubstr("-l outcome -f -r -a 'applied ignored refused' "));
  EXPECT_EQ(run("completion tcsh").exit, 2);
}

TEST(Completion, QuotesWhatAShellWouldTakeForItsOwn) {
  const CompletedCommand root{
      .name = "tool",
      .help = "",
      .options = {{.names = {"--it"}, .help = "what's `it`", .takes_value = false, .values = {}}},
      .commands = {}};
  EXPECT_THAT(zsh_completion(root), HasSubstr(R"('--it:what'\''s `it`')"));
  EXPECT_THAT(fish_completion(root), HasSubstr(R"(-d 'what'\''s `it`')"));
}

}  // namespace
}  // namespace callstate::tools
