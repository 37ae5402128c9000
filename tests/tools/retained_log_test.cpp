#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/engine/retention.hpp"
#include "memory_log.hpp"
#include "storage/sha256.hpp"
#include "tools/callstate/carry/header.hpp"
#include "tools/callstate/carry/recheck.hpp"
#include "tools/callstate/carry/recheck_page.hpp"
#include "tools/callstate/report/player.hpp"
#include "tools/callstate/report/replay_summary.hpp"
#include "tools/callstate/report/statistics_page.hpp"
#include "tools/callstate/report/verification.hpp"
#include "tools/callstate/report/why.hpp"

// What the tools make of a log from which older calls were dropped: the same as of the
// whole log, or nothing, and never something else.

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::MemoryLog;
using ::testing::Not;
using testing::user;

constexpr call::Position cut = 15;

/// Two calls that are over at the cut, one that goes on over a restart, and what comes
/// then: somebody who answers a call that is gone, and a further one in its room.
MemoryLog whole_log() {
  MemoryLog log;
  log.server_started();
  log.online("bob");
  log.room = "gone";
  log.talk();
  log.room = "demo";
  log.talk();
  log.room = "live";
  log.starts("alice", {user("bob")});
  const auto live = log.call;
  log.by("bob", call::Accepted{log.now + 4h}, "phone");
  log.server_started();
  log.by_system(call::ParticipantJoined{user("alice")});
  log.by_system(call::ParticipantJoined{user("bob")});
  log.now += 1min;
  log.room = "demo";
  log.refused("bob", call::ErrorCode::wrong_state, call::Accepted{});
  log.room = "live";
  log.call = live;
  log.by("alice", call::Ended{call::EndReason::hangup, "", 60});
  log.room = "demo";
  log.talk();
  return log;
}

struct RetainedLog : ::testing::Test {
  RetainedLog() {
    const auto plan = engine::plan_retention(
        retained, {.older_than = start_of(cut + 1), .is_kept = engine::is_kept_always});
    EXPECT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->beginning.first, cut + 1);
    EXPECT_THAT(plan->beginning.kept, ::testing::ElementsAre(11, 12, 13, 14, 15));
    retained.begin_later(plan->beginning);
  }
  [[nodiscard]] call::Time start_of(call::Position position) const {
    return whole.records[position - 1].at;
  }
  static std::string nothing_of(const MemoryLog& log, const Wanted& wanted) {
    const auto found = find_history(log, wanted);
    EXPECT_FALSE(found);
    return found ? std::string() : found.error().message;
  }
  static call::Room state_of(const MemoryLog& log, const Wanted& wanted) {
    const auto found = find_history(log, wanted);
    EXPECT_TRUE(found) << found.error().message;
    return found ? found->chapters.back().room : call::Room();
  }
  static std::string key_of(std::string_view name, char kind) {
    std::string key(1, kind);
    return key.append("acme").append(1, '\0').append(name);
  }

  MemoryLog whole = whole_log();
  MemoryLog retained = whole_log();
};

TEST_F(RetainedLog, IsVerifiedFromWhereItBegins) {
  const auto found = verify_log(retained, nullptr, {});
  for (const auto& problem : found.problems) ADD_FAILURE() << problem.what;
  EXPECT_EQ(found.first, cut + 1);
  EXPECT_EQ(found.kept, 5U);
}

TEST_F(RetainedLog, AKeptCallHasTheStatesThatItHad) {
  for (const call::Position at : {12, 13, 14, 15, 16, 17, 21}) {
    const Wanted wanted{.name = "live", .until = At(at)};
    EXPECT_EQ(state_of(retained, wanted), state_of(whole, wanted)) << at;
    const Wanted then{.name = "live", .until = At(start_of(at))};
    EXPECT_EQ(state_of(retained, then), state_of(whole, then)) << at;
  }
}

TEST_F(RetainedLog, ARoomWhoseCallIsGoneGoesOnFromTheBeginning) {
  EXPECT_EQ(state_of(retained, {.name = "demo"}), state_of(whole, {.name = "demo"}));
  const auto then = state_of(retained, {.name = "demo", .until = At(call::Position{16})});
  EXPECT_EQ(then.seq, 4U);
  EXPECT_EQ(then.state, call::CallState::idle);
  const auto history = find_history(retained, {.name = "demo"}).value();
  EXPECT_EQ(history.chapters.size(), 2U);
  EXPECT_EQ(as_of(history, cut).chapters.back().room.seq, 4U);
}

TEST_F(RetainedLog, OfWhatWasDroppedItSaysSo) {
  const auto gone = HasSubstr("The log begins with position 16: what was there before was dropped");
  EXPECT_THAT(nothing_of(retained, {.name = "demo", .until = At(call::Position{8})}), gone);
  EXPECT_THAT(nothing_of(retained, {.name = "demo", .until = At(start_of(8))}), gone);
  EXPECT_THAT(nothing_of(retained, {.name = "live", .until = At(call::Position{10})}), gone);
  EXPECT_THAT(nothing_of(retained, {.name = "gone"}),
              HasSubstr("(positions 16 to 21; older calls were dropped)"));
  const auto live = find_history(retained, {.name = "live"}).value();
  EXPECT_FALSE(live.knows(10));
  EXPECT_TRUE(live.knows(11));
  const auto demo = find_history(retained, {.name = "demo"}).value();
  EXPECT_FALSE(demo.knows(14));
  EXPECT_TRUE(demo.knows(15));
}

TEST_F(RetainedLog, WhatASenderMeantThatIsGoneIsNotJudged) {
  const auto page_at = [&](const std::string& room, call::Position position) {
    const auto why = explain(find_history(retained, {.name = room}).value(), position);
    EXPECT_TRUE(why);
    return render_explanation(*why, Paint(false)) + explanation_json(*why);
  };
  EXPECT_THAT(page_at("demo", 16),
              AllOf(HasSubstr("the log does not hold what was in the room before"),
                    Not(HasSubstr("this build")), Not(HasSubstr("decidedTheSameToday")),
                    Not(HasSubstr("\"before\""))));
  EXPECT_THAT(page_at("live", 11), HasSubstr("this build decides the same"))
      << "with seq 1 it is the room's first";
  EXPECT_THAT(page_at("live", 17), AllOf(HasSubstr("this build decides the same"),
                                         HasSubstr("\"decidedTheSameToday\":true")));
}

TEST_F(RetainedLog, IsDecidedAnewAsFarAsItIsKnown) {
  const auto found = recheck(retained, {}).value();
  EXPECT_TRUE(found.good()) << found.differences.front().rule;
  EXPECT_EQ(found.records, 11U);
  EXPECT_EQ(found.messages, 6U) << "the kept call's two after its start, and a call";
  EXPECT_THAT(render_recheck(found, 1s, Paint(false)), HasSubstr("Positions 16 to 21 are decided"));
}

TEST_F(RetainedLog, IsReplayedRecordByRecord) {
  Player player(retained, std::nullopt);
  ASSERT_EQ(player.size(), 11U);
  EXPECT_EQ(player.step_of(3), 0U);
  EXPECT_EQ(player.step_of(11), 1U);
  EXPECT_EQ(player.step_of(15), 5U);
  EXPECT_EQ(player.step_of(16), 6U);
  EXPECT_EQ(player.step_of(99), 11U);
  ASSERT_TRUE(player.go(5));
  EXPECT_EQ(player.current()->record.position, 15U);
  ASSERT_TRUE(player.go(6));
  EXPECT_EQ(player.current()->record.position, 16U);
  EXPECT_EQ(player.room()->seq, 4U);
  EXPECT_EQ(player.state_before()->room.seq, 4U);
  EXPECT_TRUE(player.states().at(key_of("bob", '1'))->user.online);
  ASSERT_TRUE(player.go(11));
  Player before(whole, std::nullopt);
  ASSERT_TRUE(before.go(21));
  for (const auto& [key, state] : player.states()) {
    const auto& was = before.states().at(key);
    EXPECT_EQ(state->room, was->room) << state->stream.name.view();
    EXPECT_EQ(state->user, was->user) << state->stream.name.view();
  }
}

TEST_F(RetainedLog, IsReplayedBackAsWell) {
  const auto digest_at = [&](std::size_t step) {
    Player fresh(retained, std::nullopt, Player::no_memory);
    EXPECT_TRUE(fresh.go(step));
    return digest_of(fresh.states(), storage::sha256);
  };
  for (const Player::Memory memory :
       {Player::Memory{}, Player::Memory{2, 3, 1'000}, Player::Memory{1, 1'000, 1}}) {
    Player player(retained, std::nullopt, memory);
    for (const std::size_t step : {11UL, 6UL, 5UL, 4UL, 7UL, 6UL, 5UL, 0UL, 9UL, 3UL, 6UL}) {
      ASSERT_TRUE(player.go(step));
      EXPECT_EQ(digest_of(player.states(), storage::sha256), digest_at(step)) << step;
    }
  }
}

TEST_F(RetainedLog, ARoomIsReplayedAlone) {
  const auto of_demo = [](const call::Stream& stream) {
    return stream.kind == call::StreamKind::room && stream.name.view() == "demo";
  };
  Player player(retained, std::vector<call::Position>{16, 18, 19, 20, 21}, Player::Memory{},
                of_demo);
  ASSERT_TRUE(player.go(1));
  EXPECT_EQ(player.room()->seq, 4U);
  EXPECT_EQ(player.states().size(), 1U);
  ASSERT_TRUE(player.go(5));
  EXPECT_EQ(*player.room(), state_of(whole, {.name = "demo"}));
}

TEST_F(RetainedLog, IsCountedAndSaysWhereItBegins) {
  const auto counted = count_log(retained).value();
  EXPECT_EQ(counted.calls, 2U);
  const LogAbout about{.path = "/log",
                       .log_id = "id",
                       .format_version = 2,
                       .bytes = 11 * 1024,
                       .first = retained.first()};
  EXPECT_THAT(render_statistics(about, counted, Paint(false)),
              AllOf(HasSubstr("begins      position 16, older calls were dropped; 5 records of "
                              "before were kept"),
                    HasSubstr("1.0 KiB a record")));
  EXPECT_THAT(statistics_json(about, counted), HasSubstr(R"("first":16,"head":21)"));
}

TEST(RetainedLogsExport, WhereALogBeganIsSaidOfAPartAlone) {
  const std::string log_id = "11111111-2222-4333-8444-555555555555";
  const std::string part = R"({"callstate":"log","format":1,"logId":")" + log_id +
                           R"(","head":9,"begins":5,"part":[{"from":1}]})";
  const auto header = read_header(part);
  ASSERT_TRUE(header) << header.error().what;
  EXPECT_EQ(header->begins, 5U);
  EXPECT_EQ(write_header(*header), part + "\n");
  const auto whole = read_header(R"({"callstate":"log","format":1,"logId":")" + log_id +
                                 R"(","head":9,"begins":5})");
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().field, "begins");
}

}  // namespace
}  // namespace callstate::tools
