#include "transports/host_lookup.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace callstate::transports {
namespace {

using Clock = std::chrono::steady_clock;

/// Name servers that are silent until `answer`.
class Silence {
 public:
  ~Silence() { answer(); }

  HostLookup::Find find() {
    return [this_ = shared_](const std::string& host) {
      ++this_->asked;
      this_->answered.wait();
      return HostLookup::Result({host});
    };
  }
  void answer() {
    if (!std::exchange(over_, true)) shared_->answer.set_value();
  }
  [[nodiscard]] int asked() const { return shared_->asked; }

 private:
  struct Shared {
    std::atomic<int> asked = 0;
    std::promise<void> answer;
    std::shared_future<void> answered = answer.get_future().share();
  };
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  bool over_ = false;
};

Clock::time_point far_away() {
  return Clock::now() + std::chrono::hours(1);
}

TEST(HostLookup, AsksTheSystem) {
  HostLookup lookup;
  const auto found = lookup("127.0.0.1", far_away(), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::vector<std::string>{"127.0.0.1"});
  EXPECT_FALSE(lookup("a host", far_away(), {}));
}

TEST(HostLookup, NameServersThatSayNothingHoldUpNobody) {
  Silence silence;
  HostLookup lookup(silence.find());
  const auto late = lookup("host", Clock::now(), {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), "could not be fetched: its host was not found in time");
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_FALSE(lookup("host", far_away(), stopped.get_token()));
  silence.answer();
  EXPECT_TRUE(lookup("host", far_away(), {}));
  EXPECT_EQ(silence.asked(), 1) << "one thread at a time";
}

TEST(HostLookup, EndsWhileItsThreadDoesNot) {
  Silence silence;
  {
    HostLookup lookup(silence.find());
    EXPECT_FALSE(lookup("host", Clock::now(), {}));
  }  // returns
}

}  // namespace
}  // namespace callstate::transports
