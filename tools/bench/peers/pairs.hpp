#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tools/bench/peers/line.hpp"
#include "tools/bench/peers/peer.hpp"
#include "tools/bench/peers/poller.hpp"

namespace callstate::bench {

/// Pairs of clients, each in a room of its own, that play calls with one
/// another. One thread, which polls without sleeping while it measures.
class Pairs {
 public:
  using Clock = std::chrono::steady_clock;

  /// Connects them all, and returns when they are in their rooms.
  Pairs(const Peer& peer, std::uint16_t port, std::size_t count);

  struct Flat {
    double messages_per_s = 0;
    double messages_in_all = 0;  // with those before and after the time
    /// Messages a second that this side could have played: the rate by the
    /// share of the time that it was not waiting.
    double own_limit = 0;
  };
  /// Every pair plays calls one after the other: the next message is sent as
  /// soon as the one before has reached the other side.
  Flat flat_out(Clock::duration warm_up, Clock::duration time);

  /// Calls that begin at random times, `calls_per_s` of them; the messages of
  /// one follow each other at fixed times. Gives the microseconds from when
  /// each message was to be sent until it was there, however late the one
  /// before it was.
  std::vector<double> paced(double calls_per_s, Clock::duration warm_up, Clock::duration time);

 private:
  struct Pair {
    Line caller;
    Line callee;
    std::array<std::string, steps> frames;
    Step next = Step::started;  // to be sent, or on its way
    bool on_its_way = false;
    std::deque<Clock::time_point> due{};  // of those not yet arrived, in order
  };

  /// Looks once at what has come, and gives each pair whose message has arrived
  /// to `arrived`. False when nothing had come.
  template <typename Arrived>
  bool poll(const Arrived& arrived);
  void open(const Peer& peer, std::uint16_t port, std::size_t count);
  static void send(Pair& pair);

  const Peer& peer_;
  std::vector<Pair> pairs_;
  std::size_t ready_ = 0;
  Poller poller_;
};

}  // namespace callstate::bench
