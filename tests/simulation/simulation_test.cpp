#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "simulation/world.hpp"

// The whole engine under a virtual clock, with everything that may go wrong, in
// many runs, each from one seed.

namespace callstate::simulation {
namespace {

std::uint64_t seeds = 200;
std::uint64_t first_seed = 1;

void read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    std::fprintf(stderr, "not a number: %s\n", std::string(text).c_str());
    std::exit(2);
  }
}

TEST(Simulation, KeepsThePromisesWhateverHappens) {
  Tally all;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    try {
      const Tally tally = World(seed).run();
      all.records += tally.records;
      all.calls += tally.calls;
      all.restarts += tally.restarts;
      all.checkpoints += tally.checkpoints;
    } catch (const Violation& violation) {
      ADD_FAILURE() << "seed " << seed << ": " << violation.what()
                    << "\nto see it again: simulation_test --first " << seed << " --seeds 1";
    }
  }
  std::printf("%llu seeds: %zu records, %zu calls, %zu starts, %zu checkpoints\n",
              static_cast<unsigned long long>(seeds), all.records, all.calls, all.restarts,
              all.checkpoints);
}

TEST(Simulation, TheSameSeedGivesTheSameRun) {
  const Tally once = World(first_seed).run();
  const Tally again = World(first_seed).run();
  EXPECT_EQ(once.records, again.records);
  EXPECT_EQ(once.calls, again.calls);
  EXPECT_GT(once.records, 0U);
}

}  // namespace
}  // namespace callstate::simulation

// simulation_test [--seeds N] [--first S]; CALLSTATE_SIM_SEEDS sets N too.
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  using callstate::simulation::read_number;
  if (const char* wanted = std::getenv("CALLSTATE_SIM_SEEDS")) {
    read_number(wanted, callstate::simulation::seeds);
  }
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seeds") == 0) {
      read_number(argv[i + 1], callstate::simulation::seeds);
    } else if (std::strcmp(argv[i], "--first") == 0) {
      read_number(argv[i + 1], callstate::simulation::first_seed);
    }
  }
  return RUN_ALL_TESTS();
}
