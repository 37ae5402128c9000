// Crashes and lost answers anywhere: each row is there once, as a fold in one go has it.

#include <random>

#include "core/call/life.hpp"
#include "projections/fakes.hpp"

namespace callstate::projections {
namespace {

using Answer = FakeSink::Answer;

class CrashTest : public FollowerTest, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(CrashTest, EachRowIsThereOnce) {
  std::mt19937_64 dice(GetParam());
  call::Life life(GetParam());
  std::size_t appended = 0;
  pace.batch_records_max = 1 + dice() % 9;
  restart();
  for (int step = 0; step < 1'500; ++step) {
    life.step();
    if (HasFatalFailure()) return;
    const auto& all = life.world.log;
    append_records(std::span(all).subspan(appended));
    appended = all.size();
    switch (dice() % 12) {
      case 0:
        restart();  // killed
        break;
      case 1:
        sink.apply_troubles.emplace_back(Answer::lost_before, passing());
        break;
      case 2:
        sink.apply_troubles.emplace_back(Answer::lost_after, passing());
        break;
      case 3:
        sink.open_troubles.push_back(lasting());
        break;
      default:
        break;
    }
    follower->step();
  }
  sink.open_troubles.clear();
  sink.apply_troubles.clear();
  run();

  const auto expected = history::fold(life.world.log);
  EXPECT_EQ(sink.rows.position, log.head());
  EXPECT_EQ(sink.rows.calls, expected.calls);
  ASSERT_EQ(sink.rows.events.size(), expected.events.size());
  for (std::size_t i = 0; i < expected.events.size(); ++i)
    EXPECT_EQ(sink.rows.events[i].record.position, expected.events[i].record.position);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CrashTest, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace callstate::projections
