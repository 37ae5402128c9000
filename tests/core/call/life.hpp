#pragma once

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/world.hpp"

namespace callstate::call {

inline constexpr std::array<std::string_view, 6> people{"alice", "bob", "carol",
                                                        "dora",  "eve", "mallory"};
inline constexpr std::array<std::string_view, 3> devices{"phone", "tab", ""};

/// Picks what happens next. Weighted so that calls live long enough to become
/// groups, and so that every event and every end occurs.
class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed) {}
  World world;

  void step() {
    const auto chance = below(100);
    if (chance < 64) {
      message();
    } else if (chance < 66) {
      media();
    } else if (chance < 74) {
      world.lose(person());
    } else if (chance < 82) {
      world.come_back(person());
    } else if (chance < 97) {
      world.wait(std::chrono::milliseconds(below(20'000)));
    } else if (chance < 98) {
      world.wait(std::chrono::minutes(below(300)));
    } else if (chance < 99) {
      world.now -= std::chrono::seconds(below(100));
    } else {
      world.restart();
    }
  }

 private:
  void message() {
    const auto before = world.room;
    if (below(50) == 0) world.claimed = user(person());
    world.offline.clear();
    if (below(2) == 0) world.offline.emplace(person());
    const auto asked = body();
    const auto verdict = world.send(person(), asked, devices.at(below(devices.size())));
    if (verdict.outcome == Outcome::applied) return;

    auto unchanged = before;
    ++unchanged.position;
    ASSERT_EQ(world.room, unchanged);
    ASSERT_TRUE(verdict.conclusions.empty());
    ASSERT_EQ(verdict.outcome == Outcome::refused, !verdict.refusal.message.empty());
    for (const auto who : people) {
      ASSERT_EQ(verdict.refusal.message.find(who), std::string::npos) << "names a person";
    }
  }

  void media() {
    const auto before = world.room;
    const auto at = world.now - std::chrono::seconds(below(100));
    const bool over = below(3) == 0;
    const auto verdict =
        world.report({over ? "room_finished" : "participant_left", user(person()), {}, at});
    ASSERT_EQ(verdict.outcome == Outcome::ignored, before.state == CallState::idle);
    if (!verdict.conclusions.empty()) {
      ASSERT_TRUE(over && before.state == CallState::connected);
    }
  }

  MessageBody body() {
    const auto chance = below(100);
    if (chance < 15) return start(some());
    if (chance < 40) return Ring{};
    if (chance < 65) return Accept{};
    if (chance < 72) return Reject{"busy"};
    if (chance < 80) return End{"bye"};
    if (chance < 90) return Invite{start(some()).callees};
    return Signal{user(person()), "{}"};
  }

  std::vector<std::string_view> some() {
    std::vector<std::string_view> chosen;
    for (auto count = 1 + below(3); count > 0; --count) chosen.push_back(person());
    return chosen;
  }
  std::string_view person() { return people.at(below(people.size())); }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::mt19937_64 random_;
};

}  // namespace callstate::call
