#include "tools/bench/peers/crowd.hpp"

#include <stdexcept>
#include <utility>

namespace callstate::bench {
namespace {

constexpr std::size_t at_once = 256;
constexpr auto patience = std::chrono::seconds(30);

}  // namespace

Crowd::Clock::duration Crowd::connect(const std::vector<std::string>& handshakes, bool in_at_once,
                                      const Hear& hear) {
  const auto until = Clock::now() + patience;
  const auto before = lines_.size();
  const auto all = before + handshakes.size();
  lines_.reserve(all);
  in_.resize(all);
  auto busy = Clock::duration::zero();
  auto now = Clock::now();
  while (in_count_ < all) {
    const auto came = lines_.size();
    while (lines_.size() < all && lines_.size() - in_count_ < at_once) {
      const auto client = lines_.size();
      lines_.emplace_back(port_, handshakes[client - before], address_of(client));
      poller_.add(lines_.back().descriptor(), client);
    }
    const bool some = poll(in_at_once, hear);
    const auto then = std::exchange(now, Clock::now());
    if (some || lines_.size() > came) busy += now - then;
    if (now > until) {
      throw std::runtime_error("only " + std::to_string(in_count_) + " of " + std::to_string(all) +
                               " clients got in");
    }
  }
  return busy;
}

void Crowd::is_in(std::size_t client) {
  if (in_[client]) return;
  in_[client] = true;
  ++in_count_;
}

void Crowd::listen(const std::function<bool()>& done, const Hear& hear) {
  const auto until = Clock::now() + patience;
  while (!done()) {
    poll(false, hear);
    if (Clock::now() > until) throw std::runtime_error("what is waited for does not come");
  }
}

bool Crowd::poll(bool in_at_once, const Hear& hear) {
  return poller_.poll([&](std::uint64_t client) {
    auto& line = lines_[client];
    line.read([&](std::string_view text) { hear(client, text); });
    if (in_at_once && line.open()) is_in(client);
  });
}

}  // namespace callstate::bench
