#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/peers/line.hpp"
#include "tools/bench/peers/poller.hpp"

namespace callstate::bench {

/// Many clients that come at once, some of them at a time.
class Crowd {
 public:
  using Clock = std::chrono::steady_clock;
  /// Given each text that a client hears.
  using Hear = std::function<void(std::size_t client, std::string_view text)>;

  explicit Crowd(std::uint16_t port) : port_(port) {}

  /// Connects a client for each handshake; no more than `at_once` are on their
  /// way, which ends when somebody says `is_in` of it, or, where `in_at_once` is
  /// set, with the handshake. Returns when all are in, with the time spent on other than
  /// waiting.
  Clock::duration connect(const std::vector<std::string>& handshakes, bool in_at_once,
                          const Hear& hear);
  /// From within `hear`, or between: this client has got in.
  void is_in(std::size_t client);
  void send(std::size_t client, std::string_view text) const {
    lines_[client].send(client_frame(text));
  }
  /// Listens until `done` says so.
  void listen(const std::function<bool()>& done, const Hear& hear);

 private:
  bool poll(bool in_at_once, const Hear& hear);

  std::uint16_t port_;
  std::vector<Line> lines_;
  std::vector<bool> in_;
  std::size_t in_count_ = 0;
  Poller poller_;
};

}  // namespace callstate::bench
