// Every pair of call state and message, from every kind of sender: the table in
// docs/domain.md as a table.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <tuple>

#include "core/call/world.hpp"

namespace callstate::call {
namespace {

enum Where : std::uint8_t { idle, ringing, connected, ended };
enum Who : std::uint8_t { caller, ringing_callee, joined_callee, stranger };

constexpr std::array<std::string_view, 4> where_names{"Idle", "Ringing", "Connected", "Ended"};
constexpr std::array<std::string_view, 4> who_names{"Caller", "RingingCallee", "JoinedCallee",
                                                    "Stranger"};
constexpr std::array<std::string_view, 7> what_names{
    "CALL_STARTED", "RINGING", "ACCEPTED", "REJECTED", "ENDED", "INVITED", "SIGNAL"};
constexpr std::array<std::string_view, 4> senders{"alice", "carol", "bob", "mallory"};

// A applied, I ignored, W WRONG_STATE, N NOT_PARTICIPANT, E ANSWERED_ELSEWHERE;
// - there is no such sender. One column a kind of sender, in the order of Who.
// The call is a group's: alice calls bob, who answers last of all or not at
// all, and carol, who rings. Messages come from a device that has not spoken.
constexpr std::array<std::array<std::string_view, 7>, 4> table{{
    // START   RING    ACCEPT  REJECT  END     INVITE  SIGNAL
    {"AAAA", "WWWW", "WWWW", "WWWW", "WWWW", "WWWW", "WWWW"},  // IDLE
    {"WW-W", "WA-N", "WA-N", "WA-N", "AA-N", "WW-N", "AA-N"},  // RINGING
    {"WWWW", "WAWN", "WAEN", "WAWN", "AAAN", "AWAN", "AAAN"},  // CONNECTED
    {"AAAA", "WWWW", "WWWW", "IIIN", "IIIN", "WWWW", "WWWN"},  // ENDED
}};

World world_of(Where where) {
  if (where == idle) return {};
  auto world = World::group_ringing();
  world.send("carol", Ring{}, "phone");
  if (where == ringing) return world;
  world.send("bob", Accept{}, "phone");
  if (where == ended) world.send("alice", End{}, "phone");
  return world;
}

MessageBody body_of(std::size_t what, Who who) {
  const auto* const other = who == caller ? "carol" : "alice";
  switch (what) {
    case 0:
      return start({"dora"});
    case 1:
      return Ring{};
    case 2:
      return Accept{};
    case 3:
      return Reject{"why"};
    case 4:
      return End{"why"};
    case 5:
      return invite({"dora"});
    default:
      return Signal{user(other), "{}"};
  }
}

char outcome_of(const Verdict& verdict) {
  if (verdict.outcome == Outcome::applied) return 'A';
  if (verdict.outcome == Outcome::ignored) return 'I';
  if (verdict.refusal.code == ErrorCode::wrong_state) return 'W';
  if (verdict.refusal.code == ErrorCode::not_participant) return 'N';
  if (verdict.refusal.code == ErrorCode::answered_elsewhere) return 'E';
  return '?';
}

using Cell = std::tuple<Where, std::size_t, Who>;
class EveryPair : public testing::TestWithParam<Cell> {};

TEST_P(EveryPair, HasTheVerdictOfTheTable) {
  const auto [where, what, who] = GetParam();
  const char expected = table.at(where).at(what).at(who);
  auto world = world_of(where);
  const auto before = world.room;
  const auto verdict = world.send(senders.at(who), body_of(what, who), "tab");
  EXPECT_EQ(outcome_of(verdict), expected) << verdict.refusal.message;

  // What was not applied left no trace but the position.
  if (verdict.outcome != Outcome::applied) {
    auto unchanged = before;
    ++unchanged.position;
    EXPECT_EQ(world.room, unchanged);
    EXPECT_EQ(type_of(verdict.payload), what_names.at(what)) << "what was asked for is kept";
  } else {
    EXPECT_GT(world.room.seq, before.seq);
  }
}

std::string name_of_cell(const testing::TestParamInfo<Cell>& cell) {
  const auto [where, what, who] = cell.param;
  return std::string(where_names.at(where))
      .append(what_names.at(what))
      .append("By")
      .append(who_names.at(who));
}

std::vector<Cell> cells() {
  std::vector<Cell> all;
  for (const auto where : {idle, ringing, connected, ended}) {
    for (std::size_t what = 0; what < what_names.size(); ++what) {
      for (const auto who : {caller, ringing_callee, joined_callee, stranger}) {
        if (table.at(where).at(what).at(who) != '-') all.emplace_back(where, what, who);
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryPair, testing::ValuesIn(cells()), name_of_cell);

}  // namespace
}  // namespace callstate::call
