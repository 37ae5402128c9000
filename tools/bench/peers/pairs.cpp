#include "tools/bench/peers/pairs.hpp"

#include <random>
#include <stdexcept>
#include <utility>

namespace callstate::bench {
namespace {

using Clock = Pairs::Clock;
using namespace std::chrono_literals;

constexpr auto patience = 20s;

Step after(Step step) {
  return static_cast<Step>((static_cast<std::size_t>(step) + 1) % steps);
}

double seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

[[noreturn]] void refused(std::string_view problem) {
  throw std::runtime_error("the server refused: " + std::string(problem.substr(0, 200)));
}

}  // namespace

Pairs::Pairs(const Peer& peer, std::uint16_t port, std::size_t count) : peer_(peer) {
  pairs_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    const std::string room = "pair-" + number;
    const std::string callee = "callee-" + number;
    pairs_.push_back({Line(port, peer.handshake("caller-" + number, room)),
                      Line(port, peer.handshake(callee, room)),
                      {}});
    auto& pair = pairs_.back();
    for (std::size_t step = 0; step < steps; ++step) {
      pair.frames[step] = client_frame(peer.message(static_cast<Step>(step), room, callee));
    }
    poller_.add(pair.caller.descriptor(), 2 * i);
    poller_.add(pair.callee.descriptor(), 2 * i + 1);
    // Some at a time, so that no server's queue overflows.
    const auto until = Clock::now() + patience;
    while (i % 16 == 15 && ready_ < 2 * (i + 1)) {
      poll([](Pair&) {});
      if (Clock::now() > until) throw std::runtime_error("clients do not get into their rooms");
    }
  }
  const auto until = Clock::now() + patience;
  while (ready_ < 2 * count) {
    poll([](Pair&) {});
    if (Clock::now() > until) throw std::runtime_error("clients do not get into their rooms");
  }
}

template <typename Arrived>
bool Pairs::poll(const Arrived& arrived) {
  return poller_.poll([&](std::uint64_t tag) {
    auto& pair = pairs_[tag / 2];
    const bool is_callee = tag % 2 == 1;
    auto& line = is_callee ? pair.callee : pair.caller;
    const bool was_open = line.open();
    line.read([&](std::string_view text) {
      const auto heard = peer_.hear(text);
      // What the sender hears of its own message does not count.
      if (heard.step && pair.on_its_way && *heard.step == pair.next &&
          from_caller(*heard.step) == is_callee) {
        pair.on_its_way = false;
        pair.next = after(pair.next);
        arrived(pair);
      }
      if (heard.ready) ++ready_;
      if (!heard.answer.empty()) line.send(client_frame(heard.answer));
      if (!heard.problem.empty()) refused(heard.problem);
    });
    if (!was_open && line.open() && peer_.ready_at_once()) ++ready_;
  });
}

void Pairs::send(Pair& pair) {
  pair.on_its_way = true;
  const auto& from = from_caller(pair.next) ? pair.caller : pair.callee;
  from.send(pair.frames[static_cast<std::size_t>(pair.next)]);
}

Pairs::Flat Pairs::flat_out(Clock::duration warm_up, Clock::duration time) {
  const auto began = Clock::now() + warm_up;
  const auto end = began + time;
  std::uint64_t count = 0;
  bool stopping = false;
  std::size_t at_rest = 0;
  const auto arrived = [&](Pair& pair) {
    ++count;
    // A call is played to its end.
    if (stopping && pair.next == Step::started) {
      ++at_rest;
    } else {
      send(pair);
    }
  };
  for (auto& pair : pairs_) send(pair);

  auto now = Clock::now();
  while (now < began) {
    poll(arrived);
    now = Clock::now();
  }
  const auto count_before = count;
  const auto from = now;
  auto busy = Clock::duration::zero();
  while (now < end) {
    const bool some = poll(arrived);
    const auto then = std::exchange(now, Clock::now());
    if (some) busy += now - then;
  }
  const auto messages = static_cast<double>(count - count_before);
  Flat measured{.messages_per_s = messages / seconds(now - from),
                .own_limit = messages / seconds(busy)};
  stopping = true;
  while (at_rest < pairs_.size()) {
    poll(arrived);
    if (Clock::now() > end + patience) throw std::runtime_error("calls do not end");
  }
  measured.messages_in_all = static_cast<double>(count);
  return measured;
}

std::vector<double> Pairs::paced(double calls_per_s, Clock::duration warm_up,
                                 Clock::duration time) {
  // The pairs take the calls in turn, and the messages of one leave room before
  // the pair's next.
  const auto between = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
      static_cast<double>(pairs_.size()) / calls_per_s / (steps + 1)));
  const auto begin = Clock::now() + 10ms;
  std::vector<Clock::time_point> calls;
  std::mt19937_64 random(1);
  std::exponential_distribution<double> gap(calls_per_s);
  for (double at = 0; at < seconds(warm_up + time); at += gap(random)) {
    calls.push_back(begin +
                    std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(at)));
  }

  std::vector<double> took_us;
  took_us.reserve(calls.size() * steps);
  std::size_t left = calls.size() * steps;
  const auto arrived = [&](Pair& pair) {
    const auto due = pair.due.front();
    pair.due.pop_front();
    --left;
    if (due >= begin + warm_up) took_us.push_back(seconds(Clock::now() - due) * 1e6);
    if (!pair.due.empty()) send(pair);
  };
  std::array<std::size_t, steps> next_call{};
  while (left > 0) {
    const auto now = Clock::now();
    for (std::size_t step = 0; step < steps; ++step) {
      for (auto& i = next_call[step]; i < calls.size(); ++i) {
        const auto due = calls[i] + step * between;
        if (due > now) break;
        auto& pair = pairs_[i % pairs_.size()];
        pair.due.push_back(due);
        if (!pair.on_its_way) send(pair);
      }
    }
    poll(arrived);
    if (now > calls.back() + patience) throw std::runtime_error("the server does not keep up");
  }
  return took_us;
}

}  // namespace callstate::bench
